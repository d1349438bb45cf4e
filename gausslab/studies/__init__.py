"""From finished grids to what a study commits: tables, provenance, answers, pictures."""

from gausslab.studies.comparing import publish_comparisons
from gausslab.studies.widths import publish_width_study

__all__ = ["publish_comparisons", "publish_width_study"]
