"""Made rows of a comparison's table."""

import math

import pandas as pd

from gausslab.scoreboard.layout import FRECHET, SAMPLES


def made(**columns):
    """One number: by default a Frechet distance of samples of a fitted Gaussian, row VAE."""
    row = {
        "row": "vae", "seed": 0, "data": "mnist", "layer": "", "estimator": FRECHET, "statistic": SAMPLES,
        "sampler": "mvg", "extractor": "classifier", "value": 1.0, "null_mean": 0.5, "null_sd": math.nan, "n_units": 0,
        "unit": "all", "reference": "",
    }  # fmt: skip
    return row | columns


def scores(values, sampler="mvg", **columns):
    """Row -> distances, a seed each."""
    return pd.DataFrame(
        made(row=row, seed=seed, value=value, sampler=sampler, **columns)
        for row, each in values.items()
        for seed, value in enumerate(each)
    )
