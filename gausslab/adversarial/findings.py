r"""What a finding about an attack says: effect, interval, and the verdict on a hypothesis. No torch.

Every effect is turned so that the hypothesis says *above 0*, and compared with the least effect that counts, fixed
before anything was run: .2 standard deviations, Cohen's small effect, for two normal laws an AUROC of .556.

- `supported`: the effect is at least that, and differs from 0 at 5 % by Holm;
- `contradicted`: an effect as large as that is rejected at 5 % by Holm, so there is none that counts, or the opposite;
- `undecided`: neither.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from gausslab.errors import GausslabError
from gausslab.p_values import LEVEL, holm_adjusted
from gausslab.trends import RankTrend

SMALLEST = 0.2
SMALLEST_AUROC = float(stats.norm.cdf(SMALLEST / math.sqrt(2))) - 0.5

WORDS = {
    "H2": {
        "supported": "not explained by margin",
        "contradicted": "margin explains it",
        "undecided": "whether margin explains it is open",
    }
}
"""What a verdict means, where the word alone could be misread."""
OPPOSITE = {"H2": "radii are higher than margin explains"}
"""The same of a verdict that the opposite of the hypothesis holds, by an effect that counts."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One attack at one layer, under one hypothesis.

    Attributes:
        hypothesis: `H1`, `H1'`, `H2` or `H3`.
        attack: its label; with the null's name for H3.
        layer: where the codes were read.
        scale: what the effect is measured in.
        smallest: least effect that counts.
        details: what belongs beside the effect.
        effect: above 0 if the hypothesis is right; NaN with too few examples.
        interval: 95 %, of this finding alone.
        standard_error: of the effect.
        p_value: two-sided, of no effect.
        adjusted: p among the findings of the hypothesis, by Holm; NaN until `judged`.
        adjusted_counter: likewise of `counter_p`.
        networks: how many networks' effects the effect is the mean of, whose spread makes its error; 1 for a single
            network, whose error is over its examples.
    """

    hypothesis: str
    attack: str
    layer: str
    scale: str
    smallest: float
    details: str
    effect: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    standard_error: float = math.nan
    p_value: float = math.nan
    adjusted: float = math.nan
    adjusted_counter: float = math.nan
    networks: int = 1

    @property
    def counter_p(self) -> float:
        """Of an effect as large as the least that counts, or larger; twice the one-sided p, normal or Student's."""
        if not self.standard_error > 0:
            return math.nan if math.isnan(self.effect) else float(self.effect >= self.smallest)
        law = stats.norm if self.networks == 1 else stats.t(self.networks - 1)
        return min(1.0, 2 * float(law.cdf((self.effect - self.smallest) / self.standard_error)))

    @property
    def verdict(self) -> str:
        """`supported`, `contradicted` or `undecided`."""
        if self.effect >= self.smallest and self.adjusted < LEVEL:
            return "supported"
        return "contradicted" if self.adjusted_counter < LEVEL else "undecided"

    @property
    def meaning(self) -> str:
        """The verdict in words that cannot be misread."""
        if self.interval[1] <= -self.smallest and self.hypothesis in OPPOSITE:
            return OPPOSITE[self.hypothesis]
        return WORDS.get(self.hypothesis, {}).get(self.verdict, self.verdict)

    @property
    def line(self) -> str:
        """In words."""
        word = "" if self.meaning == self.verdict else f" ({self.meaning})"
        head = f"{self.hypothesis}, {self.attack} at {self.layer}: {self.verdict}{word}"
        if math.isnan(self.effect):
            return f"{head}; {self.details}"
        low, high = self.interval
        return (
            f"{head}, {self.scale} {self.effect:+.3f} ({low:+.3f} to {high:+.3f}, counts from {self.smallest:.3g}; "
            f"p {_told(self.p_value)}, by Holm {_told(self.adjusted)}); {self.details}"
        )


@dataclass(frozen=True, kw_only=True)
class RunTrend:
    """A hypothesis about several runs.

    Attributes:
        hypothesis: `H4` to `H8`.
        setting: what differs between the runs.
        rises: whether the hypothesis says that the effect rises with it.
        trend: over the runs; None where fewer than two levels of the setting have an effect.
    """

    hypothesis: str
    setting: str
    rises: bool
    trend: RankTrend | None

    @property
    def verdict(self) -> str:
        """`supported`, `contradicted`, or `undecided` where no trend is shown at 5 %."""
        if self.trend is None or self.trend.verdict == "undecided":
            return "undecided"
        return "supported" if (self.trend.verdict == "yes") == self.rises else "contradicted"

    @property
    def line(self) -> str:
        """In words."""
        found = self.trend
        if found is None:
            return f"{self.hypothesis}: undecided, effects at fewer than two levels of {self.setting}"
        return (
            f"{self.hypothesis}: {self.verdict}, Kendall's tau with {self.setting} {found.tau:+.2f} (p "
            f"{found.p_value:.2g}{found.spread}; {found.n_runs} runs): {found.course}"
        )


def judged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of one hypothesis with their p-values adjusted together, by Holm."""
    given = list(findings)
    adjusted = holm_adjusted(np.array([each.p_value for each in given], dtype=np.float64))
    counter = holm_adjusted(np.array([each.counter_p for each in given], dtype=np.float64))
    return [
        replace(each, adjusted=float(p), adjusted_counter=float(q))
        for each, p, q in zip(given, adjusted, counter, strict=True)
    ]


def judged_trends(trends: Iterable[RunTrend]) -> list[RunTrend]:
    """Trends of one hypothesis with their p-values adjusted together, by Holm."""
    given = list(trends)
    found = [each.trend for each in given if each.trend is not None]
    adjusted = iter(holm_adjusted(np.array([trend.p_value for trend in found], dtype=np.float64)))
    return [
        each if each.trend is None else replace(each, trend=replace(each.trend, p_value=float(next(adjusted))))
        for each in given
    ]


def conclusion(findings: Sequence[Finding]) -> str:
    """One line for a hypothesis: the verdict that all attacks and layers share, else `undecided` and their counts.

    Raises:
        GausslabError: there are no findings, or those of several hypotheses.
    """
    if len({each.hypothesis for each in findings}) != 1:
        raise GausslabError("a conclusion needs the findings of one hypothesis")
    return f"{findings[0].hypothesis}: {agreed(each.verdict for each in findings)}"


def agreed(verdicts: Iterable[str]) -> str:
    """The verdict that all share, else `undecided`, and how often there is each.

    >>> agreed(["supported", "undecided", "supported"])
    'undecided (2 supported, 1 undecided)'
    """
    said = list(verdicts)
    counts = ", ".join(f"{said.count(word)} {word}" for word in dict.fromkeys(said))
    return f"{said[0] if len(set(said)) == 1 else 'undecided'} ({counts})"


def _told(p_value: float) -> str:
    """A p-value in words; those that underflow are not 0.

    >>> _told(0.031), _told(0.0)
    ('0.031', '< 1e-99')
    """
    return "< 1e-99" if p_value < 1e-99 else f"{p_value:.2g}"
