"""A made table of runs, for the tests of what is read from tables."""

import math

from gausslab.tables import Measurement, to_frame


def made(
    values: dict[int, list[float]], estimator: str = "kl_decomposition", statistic: str = "total", unit: str = "all"
):
    """A made table: one number a run, KL totals by width, a seed each."""
    return to_frame(
        Measurement(
            run=f"made-{width}-{seed}", data="made", model="ae", width=width, channels=1, depth=4, seed=seed,
            layer="bottleneck", point="normalized", statistics="running", unit=unit, n_units=width, estimator=estimator,
            statistic=statistic, value=value, standard_error=math.nan, null_mean=0.5 * width, null_sd=math.nan,
            p_value=math.nan, n_samples=100,
        )
        for width, row in values.items()
        for seed, value in enumerate(row)
    )  # fmt: skip
