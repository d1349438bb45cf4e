"""Made tables: every number here is invented by a formula, none was measured. They only have realistic sizes."""

import numpy as np
import pandas as pd

from gausslab.tables import COLUMNS, Measurement, to_frame

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


def compared(label, d, parts, gap, spread, error, frechet, floor=0.07, bound=None, settings=None, **given):
    """Rows of one run of a comparison: `joint_rows` and what a comparison adds; frechet: sampler -> distance."""
    codes = joint_rows(d, parts, spread, 0.9, **given)
    rows = [each for each in codes if each.estimator not in ("knn_entropy", *TESTS)]
    rows += [row("knn_entropy", "gap", d * gap, 0.0, 0.002 * d, n_units=d, **given)]
    rows += [row("moment_kl", "correlation", d * parts[1], 0.0, 5e-5 * d, n_units=d, **given)]
    rows += [row("kl_lower_bound", "statistic", d * bound, n_units=d, **given)] if bound is not None else []
    whole = given | {"layer": "", "n_samples": 10000}
    rows += [row("reconstruction", "mse_per_element", error, **whole)]
    drawn = [row("frechet_distance", "samples", value, floor, **whole) for value in frechet.values()]
    scored = [row("frechet_distance", "reconstructions", min(frechet.values()) / 3, floor, **whole), *drawn]
    named = [*[("", "")] * len(rows), ("", "classifier"), *((name, "classifier") for name in frechet)]
    samplers, extractors = zip(*named, strict=True)
    columns = {"sampler": samplers, "extractor": extractors, "row": label}
    return to_frame(rows + scored).assign(**columns, **{name: str(v) for name, v in (settings or {}).items()})


def comparison(cells, seeds=(0, 1, 2), prices=None):
    """Runs of an EAE-like law under seeds, as a study's table is read back: settings that it has not are empty text.

    cells: label, strength of the regulariser (1: about Gaussian, above: over-entropised), columns of the schema,
    settings; prices: base row -> factor of the error that the strength costs.
    """
    prices, generator = prices or {}, np.random.default_rng(2)
    frames = []
    for label, strength, columns, settings in cells:
        for seed in seeds:
            j = 1 + 0.08 * generator.normal(size=6)
            left, beyond = np.exp(-2.5 * strength), max(strength - 1, 0.0)
            parts = (0.004 * j[0], (0.0002 + 0.06 * left) * j[1], (0.04 + 0.3 * left + 0.02 * beyond) * j[2])
            iso = (1.2 + 12 * left + 2.0 * beyond) * j[3]
            given = {"data": "mnist", "width": 16, "depth": 4, "seed": seed} | columns
            given |= {"run": f"{given['data']}-{label}-s{seed}"}
            frames.append(
                compared(
                    label,
                    given["width"],
                    parts,
                    gap=(0.36 * left - 0.16 * beyond) * j[4],
                    spread=(1 - 0.35 * left) * 0.75**beyond * j[5],
                    error=(0.0074 + 0.006 * prices.get(label.split()[0], 1) * strength**1.5) * (0.6 + 0.4 * j[0]),
                    frechet={"isotropic": iso, "mvg": min(iso, (1.4 + 5 * left + 2.0 * beyond) * j[1])},
                    settings=settings,
                    **given,
                )
            )
    return pd.concat(frames, ignore_index=True).pipe(_as_read)


def _as_read(frame):
    """Empty text where a run lacks a setting that others have."""
    extra = [name for name in frame.columns if name not in COLUMNS]
    return frame.fillna(dict.fromkeys(extra, ""))


def strength_of(weight):
    """Of an entropy weight: 0 to 2.2, 1 at weight 1."""
    return 0.5 * np.log2(1 + 3 * weight)


def entropy_weights():
    """The study `entropy_weight` of the plan, made up."""
    ladders = {"mnist": (0, 0.05, 0.2, 1, 5, 20), "cifar10": (0, 0.05, 0.07, 0.5, 0.7, 5)}
    of_data = {"mnist": {}, "cifar10": {"data": "cifar10", "width": 128, "floor": 0.4}}
    cells = [
        (f"eae weight {w}", strength_of(w), of_data[data], {"weight": w}) for data, ws in ladders.items() for w in ws
    ]
    return comparison(cells)


def capacities():
    """The study `capacity`, likewise."""
    return comparison(
        (f"bn-ae channels {c}, depth {d}", 0.05 * d * c**0.5, {"model": "eae-0", "channels": c, "depth": d}, {})
        for c in (4, 8, 16)
        for d in (2, 3, 4)
    )


def batches():
    """The study `batch_size`, likewise, with its control of as many steps."""
    cells = [
        (f"{base} batch {b}", strength * (1 - 0.1 * np.log2(b / 25)), {}, {"batch": b})
        for base, strength in (("eae", 1.0), ("bn-ae", 0.1))
        for b in (25, 50, 100, 200, 400)
    ]
    return comparison([*cells, ("eae batch 400, epochs 32", 0.9, {}, {"batch": 400, "epochs": 32})])


def neighbourhoods():
    """The study `neighbours`, likewise."""
    cells = [
        (f"eae neighbours {k}, weight {w}", strength_of(w) * (1 - 0.05 * k), {}, {"neighbours": k, "weight": w})
        for k in (1, 2)
        for w in (0.05, 1)
    ]
    return comparison(cells, seeds=range(6))


def gaussianizers():
    """The study `gaussianizers`, likewise: every method at its own price."""
    ladders = {
        "eae": (1.0, "", (0.05, 0.2, 1, 5)),
        "sigreg": (0.8, "", (0.1, 0.5, 1, 10)),
        "free-energy": (0.7, "", (1, 3, 10, 30)),
        "wae": (0.5, "batchnorm", (0.003, 0.03, 0.3, 3)),
        "vae": (0.4, "", (0.03, 0.1, 0.3, 1)),
    }
    cells = [("bn-ae", 0.0, {}, {})]
    for base, (worth, bottleneck, weights) in ladders.items():
        for i, w in enumerate(weights):
            settings = {"bottleneck": bottleneck, "weight": w} if bottleneck else {"weight": w}
            said = ", ".join(f"{name} {value}" for name, value in settings.items())
            cells.append((f"{base} {said}", worth * (0.3 + 0.45 * i), {}, settings))
    return comparison(cells, prices={"sigreg": 1.5, "free-energy": 2, "wae": 3, "vae": 5})
