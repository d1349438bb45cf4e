"""What attacks did in every layer, in the terminal."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table

from gausslab.adversarial.findings import Finding
from gausslab.adversarial.hypotheses import FEWEST
from gausslab.adversarial.reporting import AUROC, CONSTANT, CONTROL, RADIUS, SOFTMAX
from gausslab.cli.console import stdout

_LEGEND = (
    "r: mean radius of the code over the successful attacks, and of the same images clean; change with its 95% "
    "bootstrap interval over images, effect in standard deviations of the change. AUROC of -r and, which needs no "
    "code, of 1 - max softmax against the same images clean; matched: of -r against clean images of the same "
    "predicted class and about the same lead (largest logit less the second), pairs found (+ successes without one). "
    "Radii are under running statistics; of maps root mean squares over positions. A step to a decision boundary "
    "lowers the radius of a Gaussian code too."
)
_HEADS = ("attack", "success", "r clean", "r", "change", "effect", "lower", "-r", "softmax", "matched", "pairs")


def print_attacks(report: pd.DataFrame, findings: Iterable[Finding]) -> None:
    """A table a layer with a row an attack, then the verdicts in words."""
    for layer, part in report.groupby("layer", sort=False):
        title = f"{layer} ({part['n_units'].iloc[0]})"
        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
        for head in _HEADS:
            table.add_column(head, justify="left" if head == "attack" else "right")
        for row in part.to_dict("records"):
            table.add_row(*_cells(row))
        stdout().print(table)
    stdout().print(_LEGEND, style="dim", soft_wrap=True)
    for line in [finding.line for finding in findings] or [_no_verdict(report)]:
        stdout().print(line, soft_wrap=True, markup=False)


def print_remarks(remarks: Iterable[str]) -> None:
    """What has to be known about a report, a line each."""
    for remark in remarks:
        stdout().print(f"note: {remark}", soft_wrap=True, markup=False)


def _no_verdict(report: pd.DataFrame) -> str:
    if (report["verdict"] == CONSTANT).all():
        return "no verdict: radii are the same for every image"
    if (report["family"] == CONTROL).all():
        return "no verdict: controls test no hypothesis; add an attack of another family (gausslab attack --list)"
    return (
        f"no verdict: it takes {FEWEST} successes of one attack, with as many clean images of the same predicted class "
        "and about the same lead; attack more images, or a network that is right more often"
    )


def _cells(row: dict[Any, Any]) -> tuple[str, ...]:
    change = f"{row['change']:+.3g} ({row['change_low']:+.3g} to {row['change_high']:+.3g})"
    matched = f"{row['matched']:.3f} ({row['matched_low']:.3f} to {row['matched_high']:.3f})"
    return (
        row["attack"],
        f"{row['successes']} of {row['attempted']}",
        _told(row["clean_radius"], ".4g"),
        _told(row["radius"], ".4g"),
        "-" if math.isnan(row["change"]) else change,
        _told(row["effect"], "+.2f"),
        _told(row["share_lower"], ".0%"),
        _told(row[AUROC.format(RADIUS)], ".3f"),
        _told(row[AUROC.format(SOFTMAX)], ".3f"),
        "-" if math.isnan(row["matched"]) else matched,
        f"{row['pairs']} (+{row['unmatched']})",
    )


def _told(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)
