"""The orderings that the thesis claims, and whether they hold in a comparison's table.

    entropy  with samples from N(0, I) the EAE comes before VAE, CV-VAE, WAE-MMD, and before 2SVAE by its second stage
    density  with a fitted Gaussian, or a mixture, it comes before RAE, RAE-L2, RAE-GP, RAE-SN, AE, AE-L2
    ex post  a mixture improves on N(0, I) (its text: always), and on a fitted Gaussian, in every row
    map      the entropy of a linear map of the code improves on that of the code

Each is a paired comparison of Frechet distances over the same seeds: *held* and *reversed* at 5 %, else *undecided*.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from scipy import stats

from gausslab.presets import SECOND_STAGE, title_of
from gausslab.scoreboard.layout import FRECHET, SAMPLES, Column, cell, rows, samplers
from gausslab.scoreboard.paired import Difference, difference
from gausslab.scoreboard.published import printed

PRIOR_RIVALS = ("vae", "cv-vae", "wae")
DENSITY_RIVALS = ("rae", "rae-l2", "rae-gp", "rae-sn", "ae", "ae-l2")
_COLUMNS = {name: Column(name, FRECHET, SAMPLES, name) for name in ("isotropic", "mvg", "gmm", SECOND_STAGE)}


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """One claim: the first cell's distance is below the second's.

    Attributes:
        claim: of which kind.
        better: row and sampler.
        worse: likewise.
        found: the second distance less the first.
    """

    claim: str
    better: tuple[str, str]
    worse: tuple[str, str]
    found: Difference

    @property
    def verdict(self) -> Literal["held", "reversed", "undecided"]:
        """Whether the table says so."""
        verdicts: dict[int, Literal["held", "reversed", "undecided"]] = {1: "held", 0: "undecided", -1: "reversed"}
        return verdicts[self.found.sign]

    @property
    def line(self) -> str:
        """In words."""
        (one, by), (two, with_) = self.better, self.worse
        interval = self.found.interval
        return (
            f"{self.verdict}: {title_of(one)} ({by}) {self.found.first:.3g} against {title_of(two)} ({with_}) "
            f"{self.found.second:.3g}, difference {interval.mean:+.2g} ± {interval.half_width:.2g}, "
            f"p {self.found.p_value:.2g}"
        )


def orderings(table: pd.DataFrame) -> list[Ordering]:
    """Every claim whose cells the table has, of one data set."""
    return [
        Ordering(claim=claim, better=better, worse=worse, found=found)
        for claim, better, worse in _claims(table)
        if (found := difference(table, better[0], worse[0], _COLUMNS[better[1]], _COLUMNS[worse[1]])) is not None
    ]


def report(table: pd.DataFrame, data: str) -> list[str]:
    """Lines: how many of each kind held, then each; last how the ranks agree with the printed ones."""
    found = orderings(table)
    lines = []
    for claim in dict.fromkeys(each.claim for each in found):
        own = [each for each in found if each.claim == claim]
        counts = {
            verdict: sum(each.verdict == verdict for each in own) for verdict in ("held", "undecided", "reversed")
        }
        lines.append(f"{data}, {claim}: " + ", ".join(f"{number} {verdict}" for verdict, number in counts.items()))
        lines += [f"  {each.line}" for each in own]
    return [*lines, *_ranks(table, data)]


def _claims(table: pd.DataFrame) -> Iterator[tuple[str, tuple[str, str], tuple[str, str]]]:
    for rival in PRIOR_RIVALS:
        yield "entropy", ("eae", "isotropic"), (rival, "isotropic")
    yield "entropy", ("eae", "isotropic"), ("2svae", SECOND_STAGE)
    for sampler in ("mvg", "gmm"):
        for rival in DENSITY_RIVALS:
            yield f"density ({sampler})", ("eae", sampler), (rival, sampler)
    for worse in ("isotropic", "mvg"):
        for row in rows(table):
            yield f"ex post (mixture against {worse})", (row, "gmm"), (row, worse)
    yield "map", ("eae-map", "isotropic"), ("eae", "isotropic")


def _ranks(table: pd.DataFrame, data: str) -> Iterator[str]:
    """Kendall's tau between our distances and those that were printed, by sampler."""
    for sampler in samplers(table):
        pairs = [
            (found.mean, value)
            for row in rows(table)
            if (value := printed(data, row, sampler, SAMPLES)) is not None
            and not math.isnan(value)  # unreadable
            and (found := cell(table, row, Column(sampler, FRECHET, SAMPLES, sampler))) is not None
        ]
        if len(pairs) > 2:
            tau = stats.kendalltau(*zip(*pairs, strict=True))
            yield (
                f"{data}, ranks of {len(pairs)} rows by {sampler} against the printed ones: "
                f"tau {tau.statistic:+.2f}, p {tau.pvalue:.2g}"
            )
