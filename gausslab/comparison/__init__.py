"""The model comparison: every row of the thesis's Tables 2.1 and 2.2 under every sampler.

    plan        rows, seeds, samplers, scores
    extracting  the features of scores
    assessing   one run's codes and images in numbers
    running     the whole grid, to one table

`compare` does it all.
"""

from gausslab.comparison.plan import Cell, ComparisonConfig, QualityConfig, Settings
from gausslab.comparison.running import ComparisonResult, compare, comparison_folder

__all__ = ["Cell", "ComparisonConfig", "ComparisonResult", "QualityConfig", "Settings", "compare", "comparison_folder"]
