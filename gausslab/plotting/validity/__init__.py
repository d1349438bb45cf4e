"""Whether the estimators keep their promises: size, power and coverage, from the tables of a validity study."""

from gausslab.plotting.validity.coverage import coverage_chart
from gausslab.plotting.validity.power import power_chart
from gausslab.plotting.validity.size import size_chart

__all__ = ["coverage_chart", "power_chart", "size_chart"]
