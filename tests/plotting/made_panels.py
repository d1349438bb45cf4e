"""A made table of panels of classifiers: every number is invented by a formula; only the sizes are realistic."""

from itertools import product

import numpy as np
import pandas as pd

from gausslab.families import STATISTICS

SIZES = {"marginal": 0.03, "isotropy": 0.2, "joint": 0.3, "radial": 0.25}
OF_WIDTH = {"marginal": -0.4, "isotropy": 1.0, "joint": -0.6, "radial": 0.5}
SPREADS = {"marginal": 0.002, "isotropy": 0.002, "joint": 0.002, "radial": 0.016}
DEEP, HEAD, UNTRAINED, LONG = 0.8, 0.7, 0.2, 2.0


def size_of(family, width, depth, head_depth, epochs, jitter=0.0):
    """Wider codes are nearer in `marginal` and `joint`, farther in the others; deeper ones nearer in all."""
    found = SIZES[family] * (width / 16) ** OF_WIDTH[family] * np.exp(0.1 * jitter)
    found *= (DEEP if depth == 6 else 1) * (HEAD if head_depth == 3 else 1)
    return found * {0: UNTRAINED, 15: LONG}.get(epochs, 1)


def classifier_panels(data=("mnist", "cifar10"), widths=(8, 16, 32, 64), seeds=(0, 1, 2)):
    """The study's table: the cross of widths, depths and head depths, and one net untrained and trained long."""
    generator = np.random.default_rng(0)
    cross = [(*cell, 5) for cell in product(widths, (3, 6), (1, 3))] + [(32, 3, 1, 0), (32, 3, 1, 15)]
    rows = []
    for name, (width, depth, head_depth, epochs), seed in product(data, cross, seeds):
        net = {"data": name, "width": width, "channels": 8, "depth": depth, "levels": 3, "head_depth": head_depth}
        net |= {"epochs": epochs, "seed": seed, "accuracy": 0.97}
        for each in STATISTICS:
            size = size_of(each.family, width, depth, head_depth, epochs, generator.normal())
            found = {"value": size, "null_mean": 0.0, "null_sd": SPREADS[each.family], "excess": size, "p_value": 0.01}
            rows.append(net | {"family": each.family, "statistic": each.name} | found | {"n": 2000, "units": width})
    return pd.DataFrame(rows).assign(note="")
