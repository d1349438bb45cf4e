"""A made table of the study of pretrained nets: only its sizes are realistic."""

import numpy as np
import pandas as pd

NETS = {
    "mobilenet_v2": (52, ("stem", *17 * ("expand", "depthwise", "project"))),
    "resnet50": (53, ("stem", *13 * ("first", "middle", "last", "downsample"))),
    "cifar_vgg": (6, 3 * ("first", "last")),
}
NULLS = {
    "anderson_darling": ("marginal", 0.00038, 0.00005),
    "correlation": ("isotropy", 0.0, 0.00046),
    "henze_zirkler": ("joint", 0.000999, 0.000001),
    "radial_spread_whitened": ("radial", 0.99, 0.021),
}
FAR = {"expand": 1.0, "first": 1.0, "depthwise": 3.0, "middle": 2.0, "project": 0.3, "last": 0.4}


def depth_table(seeds=(0, 1, 2), images="cifar10"):
    rng = np.random.default_rng(0)
    rows = []
    for net, (layers, positions) in NETS.items():
        points = ("convolution", "pre", "normalized") if net == "cifar_vgg" else ("pre", "normalized", "relu")
        for seed in seeds:
            for order, position in zip(range(layers), positions, strict=False):
                for point in points:
                    place = {"layer": f"layer{order}", "order": order, "depth_fraction": order / (layers - 1)}
                    rows += [
                        {
                            "net": net,
                            "images": images,
                            "seed": seed,
                            **place,
                            "position": position,
                            "point": point,
                            **row,
                        }
                        for row in numbers(rng, point, position, order / layers)
                    ]
    return pd.DataFrame(rows).assign(
        units=64,
        units_measured=16,
        constant_units=0,
        n=1000,
        p_value=0.01,
        excess=lambda table: table["value"] - table["null_mean"],
    )


def numbers(rng, point, position, depth):
    size = 0.01 * FAR.get(position, 1.0) * (1 + depth) * (20 if point == "relu" else 1) * rng.lognormal(0, 0.3)
    for statistic, (family, mean, sd) in NULLS.items():
        value = mean + size * (0.2 if statistic == "henze_zirkler" else 10 if family == "radial" else 1)
        yield {"family": family, "statistic": statistic, "value": value, "null_mean": mean, "null_sd": sd, "note": ""}
