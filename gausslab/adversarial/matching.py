r"""Clean controls with the margin of the adversarial examples, and what a score still tells between the two.

A point nearer to the decision boundary can have a lower radius for that reason alone. So every adversarial example is
compared with a clean test point that the network puts into the same class by about the same margin.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from gausslab.adversarial.heads import Decisions
from gausslab.adversarial.ranks import Aurocs, aurocs
from gausslab.errors import EstimatorError

CALIPER = 0.2  # standard deviations of the clean margins, the usual width (Austin 2011)


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Pairs of an adversarial example and a clean point.

    Attributes:
        adversarial: rows of the adversarial examples that have a control, ascending.
        clean: the row of the control of each; no row twice.
        caliper: largest difference in margin that was allowed.
        beyond: examples without a clean point of their class within the caliper.
        used_up: examples whose clean points within the caliper all went to others.
        imbalance: mean margin of the adversarial less that of the controls; NaN without pairs.
        spread: standard deviation of all clean margins, to judge the imbalance by.
    """

    adversarial: Int[np.ndarray, " pairs"]
    clean: Int[np.ndarray, " pairs"]
    caliper: float
    beyond: int
    used_up: int
    imbalance: float
    spread: float

    @property
    def pairs(self) -> int:
        """How many."""
        return len(self.clean)

    @property
    def unmatched(self) -> int:
        """Adversarial examples without a control."""
        return self.beyond + self.used_up

    @property
    def line(self) -> str:
        """In words."""
        return (
            f"{self.pairs} pairs within {self.caliper:.3g} of margin (mean difference {self.imbalance:+.2g}, SD of "
            f"clean margins {self.spread:.3g}); {self.unmatched} unmatched, {self.beyond} of them without a clean "
            "point that near"
        )


def caliper_of(clean: Decisions, share: float = CALIPER) -> float:
    """The usual caliper: a share of the standard deviation of the clean margins.

    Source: Austin (2011), Pharmaceutical Statistics 10:150-161, who recommends .2.
    """
    return share * float(clean.margins.std())


def match(clean: Decisions, adversarial: Decisions, caliper: float, generator: np.random.Generator) -> Matches:
    """To every adversarial example the nearest clean point by margin, of the same predicted class, still free.

    Without replacement. Adversarial examples of least norm all lie just beyond the boundary: with replacement the one
    clean point of their class with the least margin would serve them all, ten controls for thousands of examples. The
    examples choose in random order, so that those which find none left are a random part of their like.

    How it can mislead: where few clean points have small margins most examples stay unmatched, and what is found holds
    for the others; later choices are further away, which `imbalance` tells; and margins are matched, nothing else. Of
    ten Gaussian clusters at equal distances (d = 16, three standard deviations from the origin) the adversarial
    examples of least norm have *higher* radii than their controls, AUROC of -r .36: a clean point comes near a boundary
    because it has little of its own class, an attack also adds to the other. Only where the nearest cluster is the
    same for all points of a class, and the units vary alike, is it 1/2. Nulls A and B make that comparison without
    controls.

    Args:
        clean: decisions about clean test points.
        adversarial: about adversarial examples.
        caliper: largest difference in margin, in logits.
        generator: of the order.

    Raises:
        EstimatorError: a caliper that is not above 0.
    """
    if not caliper > 0:
        raise EstimatorError(f"caliper must be above 0, got {caliper}")
    pairs = sorted(_pairs(clean, adversarial, caliper, generator))
    rows, controls = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    beyond = _without_near(clean, adversarial, caliper)
    differences = adversarial.margins[rows] - clean.margins[controls]
    return Matches(
        adversarial=rows,
        clean=controls,
        caliper=float(caliper),
        beyond=beyond,
        used_up=len(adversarial.margins) - beyond - len(rows),
        imbalance=float(differences.mean()) if len(rows) else np.nan,
        spread=float(clean.margins.std()),
    )


def matched_aurocs(
    matches: Matches,
    clean: Float64[np.ndarray, "clean scores"],
    adversarial: Float64[np.ndarray, "adversarial scores"],
    ids: tuple[Int[np.ndarray, " clean"], Int[np.ndarray, " adversarial"]] | None = None,
) -> Aurocs:
    """AUROC of every score between the matched adversarial examples and their controls.

    Args:
        matches: of `match`.
        clean: scores of all clean points, a column a score.
        adversarial: of all adversarial examples.
        ids: which image each is made from, so that an image that is both a source and a control is one in the errors.

    Raises:
        EstimatorError: fewer than two pairs.
    """
    examples = None if ids is None else (ids[0][matches.clean], ids[1][matches.adversarial])
    return aurocs(clean[matches.clean], adversarial[matches.adversarial], examples)


def _pairs(
    clean: Decisions, adversarial: Decisions, caliper: float, generator: np.random.Generator
) -> Iterator[tuple[int, int]]:
    free = {label: _by_margin(clean, label) for label in np.unique(clean.predictions).tolist()}
    for row in generator.permutation(len(adversarial.margins)):
        points = free.get(int(adversarial.predictions[row]), [])
        place = _nearest(points, float(adversarial.margins[row]), caliper)
        if place is not None:
            yield int(row), points.pop(place)[1]


def _by_margin(clean: Decisions, label: int) -> list[tuple[float, int]]:
    rows = np.flatnonzero(clean.predictions == label)
    return sorted(zip(clean.margins[rows].tolist(), rows.tolist(), strict=True))


def _nearest(points: list[tuple[float, int]], margin: float, caliper: float) -> int | None:
    """Place of the nearest point within the caliper; the lower of two as near."""
    right = bisect_left(points, (margin, -1))
    near = [place for place in (right - 1, right) if 0 <= place < len(points)]
    best = min(near, key=lambda place: abs(points[place][0] - margin), default=None)
    return best if best is not None and abs(points[best][0] - margin) <= caliper else None


def _without_near(clean: Decisions, adversarial: Decisions, caliper: float) -> int:
    """Adversarial examples without any clean point of their class within the caliper."""
    points = {label: _by_margin(clean, label) for label in np.unique(clean.predictions).tolist()}
    decided = zip(adversarial.predictions.tolist(), adversarial.margins.tolist(), strict=True)
    return sum(_nearest(points.get(label, []), margin, caliper) is None for label, margin in decided)
