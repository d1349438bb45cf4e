"""Made tables: every number here is invented by a formula, none was measured. They only have realistic sizes."""

import numpy as np

from gausslab.tables import Measurement, to_frame

NAN = float("nan")
TESTS = ("shapiro_wilk", "anderson_darling", "lilliefors", "dagostino_k2", "jarque_bera")


def row(estimator, statistic, value, null_mean=NAN, null_sd=NAN, **given):
    defaults = {
        "run": "r",
        "data": "mnist-5k",
        "model": "ae",
        "width": None,
        "channels": 8,
        "depth": 3,
        "seed": None,
        "layer": "bottleneck",
        "point": "normalized",
        "statistics": "running",
        "unit": "all",
        "n_units": 1,
        "standard_error": NAN,
        "p_value": NAN,
        "n_samples": 1000,
    }
    measured = {"estimator": estimator, "statistic": statistic, "value": value}
    return Measurement(**defaults | measured | {"null_mean": null_mean, "null_sd": null_sd} | given)


def joint_rows(d, parts, spread, share, **given):
    """Rows about all units of one layer: parts in nats per dimension, spread a ratio, share of units."""
    given = {"n_units": d} | given
    names = ("mean_scale", "correlation", "beyond_second_order")
    sd = 0.012 * d**0.5
    error = {"standard_error": 0.02 * d**0.5}
    rows = [row("kl_decomposition", "total", d * sum(parts), 0.0, sd, **given | error)]
    rows += [row("kl_decomposition", n, d * p, 0.0, sd / 2, **given) for n, p in zip(names, parts, strict=True)]
    rows += [row("knn_entropy", "gap", d * parts[2] * 0.9, 0.0, sd, **given)]
    rows += [row("radial_spread", "statistic", spread, 1.0, 0.022, **given)]
    rows += [
        row(t, "rejected_share", min(1.0, share + 0.06 * i), 0.05 / d, 0.22 / d, **given) for i, t in enumerate(TESTS)
    ]
    return rows


def sweep(widths=(4, 8, 16, 32, 64), seeds=(0, 1, 2), **given):
    """A sweep whose narrow codes are closer to a Gaussian; the narrowest is a little below zero beyond second order."""
    generator = np.random.default_rng(0)
    rows = []
    for w in widths:
        for s in seeds:
            jitter = generator.normal(size=4)
            identity = {"run": f"ae-w{w}-s{s}", "width": w, "seed": s} | given
            parts = (
                0.01 + 0.002 * jitter[0],
                0.05 * np.log2(w) + 0.02 * jitter[1],
                0.03 * np.log2(w / 6) + 0.01 * jitter[2],
            )
            rows += joint_rows(w, parts, 1 + 0.12 * np.log2(w / 3) + 0.03 * jitter[3], min(1, 0.2 + w / 80), **identity)
            error = 0.09 / w**0.5 + 0.002 * jitter[0]
            rows += [row("shapiro_wilk", "statistic", 0.98, unit=str(u), n_units=w, **identity) for u in range(w)]
            rows += [row("reconstruction", "mse_per_element", error, **identity | {"layer": ""})]
    return to_frame(rows)


def probe(names, widths=None):
    """A probe of a network with these layers."""
    generator = np.random.default_rng(1)
    widths = widths or [64] * len(names)
    rows = []
    for i, (name, d) in enumerate(zip(names, widths, strict=True)):
        j = generator.normal(size=3)
        parts = (0.02 + 0.01 * abs(j[0]), 0.5 + 0.4 * np.sin(i / 4) + 0.05 * j[1], 0.15 + 0.2 * np.cos(i / 5))
        rows += joint_rows(d, parts, 1.5 + np.sin(i / 3) + 0.1 * j[2], 0.6 + 0.3 * np.sin(i), layer=name, channels=None)
    return to_frame(rows)
