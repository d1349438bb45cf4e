"""What the scripts of comparison studies do in a terminal: bring every plan to its end, with live progress."""

from collections.abc import Mapping
from pathlib import Path

from gausslab.cli.console import stderr
from gausslab.cli.progress import live
from gausslab.comparison import ComparisonConfig, ComparisonResult, compare
from gausslab.grids import default_jobs


def completed(plans: Mapping[str, ComparisonConfig], runs: Path) -> dict[str, ComparisonResult]:
    """Every plan's result, in a directory of its name; finished runs are not made again."""
    return {name: _completed(name, plan, runs / name) for name, plan in plans.items()}


def _completed(name: str, plan: ComparisonConfig, out: Path) -> ComparisonResult:
    number = len(plan.configs())
    stderr().print(f"{name}: {number} runs in {out}", soft_wrap=True)
    with live(plan.configs()) as display:
        return compare(plan, out, default_jobs(plan), display.report, display.ended)
