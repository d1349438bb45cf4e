"""What attacks do to the radii of codes, and how often they succeed: charts from the tables of the studies alone."""

from gausslab.plotting.adversarial.budget import detection_by_budget
from gausslab.plotting.adversarial.margin import radius_against_lead
from gausslab.plotting.adversarial.radial import radial_success
from gausslab.plotting.adversarial.radii import radius_histograms
from gausslab.plotting.adversarial.subspace import subspace_changes

__all__ = [
    "detection_by_budget",
    "radial_success",
    "radius_against_lead",
    "radius_histograms",
    "subspace_changes",
]
