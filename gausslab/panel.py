"""The Gaussianity panel of a code: four families of measures, every number beside its null at the same n and d."""

import math
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import ConfigError
from gausslab.estimators.calibration import NullLaw
from gausslab.estimators.measure import Samples, as_samples, measure_allowed
from gausslab.estimators.univariate import AndersonDarling, Lilliefors
from gausslab.estimators.univariate.base import UnitTest, unit_law
from gausslab.families import COLUMNS, STATISTICS, Statistic, family_effects, verdicts
from gausslab.seeding import numpy_generator, torch_generator

__all__ = ["family_effects", "family_panel", "verdicts"]

SAMPLES = 2000
UNIT_TESTS: dict[str, type[UnitTest]] = {test.name: test for test in (Lilliefors, AndersonDarling)}
MEANS = 1999  # Monte Carlo means over units; each is as many draws from a law that is known already


def family_panel(codes: Samples, seed: int = 0, limit: int = SAMPLES) -> pd.DataFrame:
    r"""How Gaussian a code is by each of four families of measures, one number a row.

    `marginal`: Kolmogorov-Smirnov distance and Anderson-Darling / n (means over units, each unit against the normal of
    its own mean and variance) and negentropy of the units in nats a unit. `isotropy`: KL of the correlation in nats a
    unit and participation ratio / d. `joint`, of the whitened code: nearest-neighbour KL in nats a unit, Mardia's
    skewness and kurtosis / d, Henze-Zirkler / n, sliced Epps-Pulley / n. `radial`: SD of the radii over that of chi(d)
    and their Kolmogorov-Smirnov distance from chi(d), of the code as given, and both of the whitened code.

    Nulls are those of the estimators: samples of N(0, I) of the same n and d which go through the same whitening by
    their own covariance. They are shipped for n from 250 to 10,000 at d = 1, 2, 4, ... 128 and drawn and cached else.

    The same n for all codes that are compared: most of these numbers, and all of their noise, depend on it.

    How it can mislead: `radial_spread` and `radial_ks` see correlation and scale as well as shape, hence the whitened
    ones beside them. Null deviations of the marginal means hold for independent units; those of units correlated at r
    are up to $\sqrt{1 + (d - 1) r^6}$ times as large, since mean and variance are estimated away and only the third and
    higher Hermite coefficients of a unit's law are left, which correlate at $r^3$ and less between units. What each
    statistic does not see is said by its estimator.

    Args:
        codes: samples x units.
        seed: of the choice of samples where there are more than `limit`; the same rows for every code of as many.
        limit: samples used at most; nearest neighbours and pairs cost its square.

    Returns:
        A row a statistic in the order of `gausslab.families.STATISTICS`, with `family, statistic, value, null_mean,
        null_sd, excess, p_value, n, units, note`: `excess` is value less null mean, per unit where it adds up over
        units, as the three before it are. A statistic that the code does not allow is NaN with the reason in `note`.

    Raises:
        EstimatorError: no samples that anything can be said of: not finite, constant units.
        ConfigError: a limit below 2.
    """
    samples = chosen(as_samples(codes), seed, limit)
    names = tuple(dict.fromkeys(statistic.estimator for statistic in STATISTICS))
    measured = measure_allowed(samples, names, {})
    reasons = {name: reason for reason, refused in measured.refused.items() for name in refused}
    n, units = samples.shape
    rows = [_row(statistic, measured.table, n, units, reasons) for statistic in STATISTICS]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def chosen(codes: Float[Tensor, "samples units"], seed: int, limit: int = SAMPLES) -> Float[Tensor, "kept units"]:
    """At most `limit` of the samples, in their order: a uniform choice that depends on their number and the seed.

    Raises:
        ConfigError: a limit below 2.
    """
    if limit < 2:
        raise ConfigError(f"family_panel: limit must be at least 2 samples, got {limit}")
    if len(codes) <= limit:
        return codes
    kept, _ = torch.randperm(len(codes), generator=torch_generator(seed, "panel"))[:limit].sort()
    return codes[kept]


def _row(statistic: Statistic, table: pd.DataFrame, n: int, units: int, reasons: dict[str, str]) -> dict[str, Any]:
    own = table[(table["estimator"] == statistic.estimator) & (table["statistic"] == statistic.row)]
    described = {"family": statistic.family, "statistic": statistic.name, "n": n, "units": units}
    if own.empty:
        blank = dict.fromkeys(("value", "null_mean", "null_sd", "excess", "p_value"), math.nan)
        return described | blank | {"note": reasons.get(statistic.estimator, "the code cannot be whitened")}
    divisor = {"unit": units, "sample": n, "none": 1}[statistic.scale]
    value, mean, sd, p_value = _over_units(statistic, own) if statistic.estimator in UNIT_TESTS else _whole(own)
    scaled = {"value": value / divisor, "null_mean": mean / divisor, "null_sd": sd / divisor}
    return described | scaled | {"excess": (value - mean) / divisor, "p_value": p_value, "note": ""}


def _whole(own: pd.DataFrame) -> tuple[float, float, float, float]:
    """Value, null mean, null deviation and p of a statistic of the whole code."""
    row = own.iloc[0]
    return float(row["value"]), float(row["null_mean"]), float(row["null_sd"]), float(row["p_value"])


def _over_units(statistic: Statistic, own: pd.DataFrame) -> tuple[float, float, float, float]:
    """The same of the mean over units, whose null is that of independent units."""
    test, samples = UNIT_TESTS[statistic.estimator], int(own["n_samples"].iloc[0])
    law = mean_law(unit_law(test.name, samples, test.departures), len(own))
    departures_mean, value = float(own["null_mean"].iloc[0]), float(own["value"].mean())
    sd = float(own["null_sd"].iloc[0]) / math.sqrt(len(own))
    z = (value - departures_mean) / sd
    return value, departures_mean, sd, law.p_value(law.mean + z * law.sd)


def mean_law(law: NullLaw, units: int) -> NullLaw:
    """Null law of the mean over independent units of a statistic of one unit, from the unit's own law."""
    levels = numpy_generator(0, f"panel/units={units}").uniform(size=(MEANS, units))
    inner = np.clip(levels, 1 / (law.size + 1), law.size / (law.size + 1))
    return NullLaw(np.sort(law.quantile(inner.ravel()).reshape(MEANS, units).mean(1)))
