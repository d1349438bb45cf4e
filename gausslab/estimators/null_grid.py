r"""The null laws that are shipped: every default statistic on a grid of n and d, so that few have to be drawn.

A law at n and d of the grid is taken as it stands. Between two n of the grid it is interpolated (`interpolated` says
how, and how well). The number of units must be the grid's.

The file holds order statistics at the ranks of `kept_ranks`, standardised, in single precision (1e-7 of the null's
sd); means, sds and variances in double.
"""

import io
import json
import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float64

from gausslab.estimators.null_law import NullLaw, Thinning, kept_ranks

SAMPLES = (250, 500, 1000, 2000, 5000, 10_000)
UNITS = (1, 2, 4, 8, 16, 32, 64, 128)
FORMAT = 1
FILE = Path(__file__).parent / "nulls.npz"

_KEY = re.compile(r"(?P<family>.+?)(?:/n=(?P<samples>\d+))?(?:/d=(?P<units>\d+))?")
_WIDEST = 2.6


class Place(NamedTuple):
    """A key taken apart: the family with all its parameters, and n and d where the law depends on them."""

    family: str
    samples: int | None
    units: int | None

    @classmethod
    def of(cls, key: str) -> "Place":
        """The parts of a key.

        >>> Place.of("knn-plain/k=5/n=500/d=8"), Place.of("lilliefors/n=70").units
        (Place(family='knn-plain/k=5', samples=500, units=8), None)
        """
        found = _KEY.fullmatch(key)
        family, *numbers = found.groups() if found else (key, None, None)
        samples, units = (None if number is None else int(number) for number in numbers)
        return cls(family, samples, units)


Laws = dict[str, NullLaw]


class NullGrid:
    """Null laws by their place."""

    def __init__(self, laws: Mapping[Place, Laws]) -> None:
        self._laws: dict[tuple[str, int | None], dict[int, Laws]] = {}
        for place, found in laws.items():
            if place.samples is None:
                raise ValueError(f"expected a number of samples, got {place}")
            self._laws.setdefault((place.family, place.units), {})[place.samples] = found

    @property
    def places(self) -> list[Place]:
        """What the grid covers."""
        return [Place(family, samples, units) for (family, units), laws in self._laws.items() for samples in laws]

    def laws(self, key: str) -> Laws | None:
        """The laws of a key as they stand or interpolated in n, None if the grid does not reach there."""
        family, samples, units = Place.of(key)
        known = self._laws.get((family, units), {})
        if samples is None or samples in known:
            return None if samples is None else known[samples]
        nodes = around(samples, known)
        names = known[nodes[0]] if nodes else {}
        return {name: interpolated({each: known[each][name] for each in nodes}, samples) for name in names} or None


@cache
def shipped_grid() -> NullGrid:
    """The grid that comes with the package; an absent or unreadable file is an empty one, whose laws are drawn."""
    try:
        return read(FILE.read_bytes())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return NullGrid({})


def shipped(key: str) -> Laws | None:
    """The shipped laws of a key."""
    return shipped_grid().laws(key)


def interpolated(laws: Mapping[int, NullLaw], samples: int) -> NullLaw:
    r"""The law at another n, from those of the four grid sizes around it.

    Everything is fitted through the four in the span of $1, \ln n, 1/n, 1/n^2$, in which the biases of moment and of
    neighbour statistics lie nearly: the mean, the logarithms of sd and mean variance, and the standardised values
    order statistic by order statistic.

    Errors of the mean in units of the null's sd. By the exact mean of the moment KL: below .005 for up to 32 units, at
    128 units below .005 above n = 2000, .02 above 1000, .09 above 500, .21 between 250 and 500. Against 300 to 400
    freshly drawn replicates of 14 statistics (neighbour, moment, radial, unit and Mardia-like ones; d = 4, 32, 128; n =
    350, 700, 3000, 7000; 199 replicates a node) no difference beyond the Monte Carlo errors of both sides, .08, was
    seen but in that last corner, .2. Linear interpolation in $\ln n$ was off by up to 6 there, cubic by 1.2.
    """
    every = list(laws.values())
    weights = node_weights(list(laws), samples)
    fewest = min(every, key=lambda law: law.size)
    shapes = np.array([_standardised(law, fewest.ranks / (fewest.size + 1)) for law in every])
    mean = float(weights @ np.array([law.mean for law in every]))
    sd, variance = (_positive(each, weights) for each in zip(*((law.sd, law.variance) for law in every), strict=True))
    error = math.hypot(*(weight * law.monte_carlo_error for weight, law in zip(weights, every, strict=True)))
    values = mean + sd * np.maximum.accumulate(weights @ shapes)
    return NullLaw(values, variance, Thinning(fewest.ranks, fewest.size, mean, sd, error), "interpolated")


def node_weights(nodes: Sequence[int], samples: int) -> Float64[np.ndarray, " nodes"]:
    r"""Weights of the values at the nodes in the fit through them by $1, \ln n, 1/n, 1/n^2$ (as many as nodes).

    >>> node_weights([500, 1000, 2000, 5000], 1400).round(2).tolist()
    [-0.03, 0.46, 0.64, -0.08]
    """
    terms = [_terms(each / samples)[: len(nodes)] for each in (*nodes, samples)]
    return np.linalg.solve(np.array(terms[:-1]).T, np.array(terms[-1]))


def _terms(ratio: float) -> tuple[float, ...]:
    return 1.0, math.log(ratio), 1 / ratio, 1 / ratio**2


def around(samples: int, known: Iterable[int]) -> list[int]:
    """The four grid sizes about a number of samples, none if the nearest on either side are too far apart.

    >>> around(700, (250, 500, 1000, 2000, 5000)), around(300, (250, 500, 1000, 2000, 5000)), around(700, (250, 1000))
    ([250, 500, 1000, 2000], [250, 500, 1000, 2000], [])
    """
    sizes = sorted(known)
    above = bisect_left(sizes, samples)
    if not 0 < above < len(sizes) or sizes[above] > _WIDEST * sizes[above - 1]:
        return []
    first = max(0, min(above - 2, len(sizes) - 4))
    return sizes[first : first + 4]


def _standardised(law: NullLaw, levels: Float64[np.ndarray, " levels"]) -> Float64[np.ndarray, " levels"]:
    return (law.quantile(levels) - law.mean) / (law.sd or 1.0)


def _positive(values: Sequence[float], weights: Float64[np.ndarray, " nodes"]) -> float:
    """By its logarithm; NaN stays NaN, and what vanishes somewhere is interpolated as it is."""
    array = np.array(values)
    return float(np.exp(weights @ np.log(array)) if (array > 0).all() else weights @ array)


def to_bytes(laws: Mapping[Place, Laws]) -> bytes:
    """The content of a grid file; the same laws give the same bytes."""
    flat = [(place, name, law) for place, found in sorted(laws.items(), key=str) for name, law in sorted(found.items())]
    entries = [[*place, name, law.size] for place, name, law in flat]
    thin = [law.thinned() for _, _, law in flat]
    content = io.BytesIO()
    np.savez_compressed(
        content,
        entries=np.frombuffer(json.dumps({"format": FORMAT, "laws": entries}).encode(), dtype=np.uint8),
        moments=np.array([(law.mean, law.sd, law.variance) for law in thin]),
        shapes=np.concatenate([(law.values - law.mean) / (law.sd or 1.0) for law in thin]).astype(np.float32),
    )
    return content.getvalue()


def read(content: bytes) -> NullGrid:
    """The grid in a file.

    Raises:
        ValueError: it is no grid, or one of another format.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        entries = json.loads(arrays["entries"].tobytes())
        moments, shapes = arrays["moments"].tolist(), arrays["shapes"].astype(np.float64)
    if entries["format"] != FORMAT:
        raise ValueError(f"expected a grid of format {FORMAT}, got {entries['format']}")
    laws: dict[Place, Laws] = {}
    for (family, samples, units, name, size), (mean, sd, variance) in zip(entries["laws"], moments, strict=True):
        ranks = kept_ranks(size)
        kept, shapes = np.split(shapes, [len(ranks)])
        thinning = Thinning(ranks, size, mean, sd, sd / math.sqrt(size))
        law = NullLaw(mean + sd * kept, variance, thinning, "shipped")
        laws.setdefault(Place(family, samples, units), {})[name] = law
    return NullGrid(laws)
