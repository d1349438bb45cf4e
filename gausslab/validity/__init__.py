"""Do the estimators keep what they promise: size, power, coverage and bias on laws whose divergence is known.

    Grid -> cells of replicates, each saved when done -> raw rows -> rejection rates, coverage, bias -> the worst

    measuring     grid, running
    tests         rejections, over nulls (which law a p-value stands against), met (of how many replicates),
                  promises (what that makes of 5 %) and shares
    intervals     intervals, over targets (what a number should be) with radii beneath them
    results       worst, answers, publishing; rows: their names, and which repeat one test under several

Names are imported when they are first used: `rows` serves the charts and needs no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gausslab.validity.grid import Cell, Grid
    from gausslab.validity.intervals import coverage
    from gausslab.validity.publishing import publish
    from gausslab.validity.rejections import rejection_rates
    from gausslab.validity.running import finished, replicate, run
    from gausslab.validity.worst import power_by_law, worst_bounds, worst_coverage, worst_sizes

__all__ = [
    "Cell",
    "Grid",
    "coverage",
    "finished",
    "power_by_law",
    "publish",
    "rejection_rates",
    "replicate",
    "run",
    "worst_bounds",
    "worst_coverage",
    "worst_sizes",
]

_MODULES = {
    "Cell": "grid",
    "Grid": "grid",
    "coverage": "intervals",
    "finished": "running",
    "power_by_law": "worst",
    "publish": "publishing",
    "rejection_rates": "rejections",
    "replicate": "running",
    "run": "running",
    "worst_bounds": "worst",
    "worst_coverage": "worst",
    "worst_sizes": "worst",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
