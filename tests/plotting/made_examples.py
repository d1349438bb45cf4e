"""Made tables of the adversarial studies: codes are drawn from laws and moved by formulas, no network was attacked."""

import numpy as np
import pandas as pd

WIDTHS, WEIGHTS, SEEDS = (8, 16, 32, 64), (0.0, 0.05, 1.0), (0, 1, 2)
BUDGETS = (0.25, 0.5, 1, 1.5, 2, 3, 5)
ATTACKS = {
    "ddn": ("DDN", "minimal", -0.10),
    "cw": ("C&W", "minimal", -0.09),
    "fgsm:0.1": ("FGSM 0.1", "fixed budget", -0.03),
    "pgd-linf:0.1": ("PGD Linf 0.1", "fixed budget", 0.09),
    "pgd-l2:1.5": ("PGD L2 1.5", "fixed budget", 0.06),
    "cw:20": ("C&W kappa 20", "confident", 0.02),
    "radial-l2:1.5": ("radial L2 1.5", "radial", 0.03),
    "noise:1.5": ("noise 1.5", "control", 0.002),
}
"""Spec -> label, family, change of the radius as a share."""


def examples(widths=WIDTHS, weights=(0.0,), data=("mnist",), images=1000, specs=("ddn", "pgd-linf:0.1"), nulls=True):
    """A table of examples of seed 0, some of whose attacks fail; its radii spread more than chi's without a weight."""
    cells = [(d, w, a) for d in data for w in widths for a in weights]
    return pd.concat([_network(*cell, images, specs, nulls) for cell in cells], ignore_index=True)


def _network(data, width, weight, images, specs, nulls):
    generator = np.random.default_rng([width, int(100 * weight), len(data)])
    spread, mean = 0.8 / (1 + 4 * weight), np.sqrt(width)
    radius = generator.chisquare(width, images) ** 0.5 * np.exp(spread / mean * generator.normal(size=images))
    lead = generator.gamma(1.6, 4.0, images) * radius / mean
    right = generator.random(images) < 0.97
    known = {"data": data, "width": width, "weight": weight, "seed": 0, "layer": "bottleneck", "n_units": width}
    base = {"id": np.arange(images), "attempted": right, "clean_radius": radius}
    clean = base | {"attack": "clean", "spec": "clean", "family": "clean", "success": ~right}
    clean |= {"radius": radius, "lead": lead, "margin": np.where(right, lead, -lead)}
    tables = [pd.DataFrame(clean)]
    for spec in specs:
        label, family, share = ATTACKS[spec]
        success = right & (generator.random(images) < (1 if family == "minimal" else 0.85))
        after = radius * (1 + share + 0.04 * generator.normal(size=images))
        gained = generator.gamma(1.2, 0.06, images) if family == "minimal" else generator.gamma(3.0, 2.5, images)
        rows = base | {"attack": label, "spec": spec, "family": family, "success": success}
        rows |= {"radius": after, "lead": gained, "margin": -gained}
        tables.append(pd.DataFrame(rows))
        if nulls:
            tables.append(tables[-1].assign(attack="null A", family="null", success=True, radius=after + 100))
    return pd.concat(tables, ignore_index=True).assign(**known)


def detection(widths=WIDTHS, weights=(0.0,), data=("mnist",), seeds=SEEDS):
    """AUROCs of five scores, as `gausslab.adversarial.detection` gives them; no PGD L2 below .5 at width 8."""
    generator = np.random.default_rng(3)
    cells = [(d, w, a, s) for d in data for w in widths for a in weights for s in seeds]
    rows = []
    for d, width, weight, seed in cells:
        for spec in ["ddn", *(f"pgd-l2:{budget:g}" for budget in BUDGETS)]:
            budget = float(spec.partition(":")[2] or 1)
            if width == 8 and budget < 0.5:
                continue
            jitter, reached = 0.02 * generator.normal(size=2), 1 - np.exp(-((budget / (1.3 + 0.1 * seed)) ** 2))
            low = 0.5 + 0.2 * np.exp(-budget) * np.log2(width) / 4 - 0.05 * budget + jitter[0]
            unsure = 0.15 + 0.85 * np.exp(-((budget / 2) ** 2)) + jitter[1]
            areas = {"-radius": low, "|radius - median|": 0.55, "1 - max softmax": min(unsure, 1.0)}
            areas |= {"class Mahalanobis": 0.7, "code Mahalanobis": 0.6}
            known = {"data": d, "width": width, "weight": weight, "seed": seed, "layer": "bottleneck", "spec": spec}
            known |= {"attack": spec, "pairs": int(4 + 950 * reached), "success_rate": reached}
            rows += [known | {"score": score, "auroc": area, "low": 0.0, "high": 1.0} for score, area in areas.items()]
    return pd.DataFrame(rows)


def changes(widths=WIDTHS, weights=(0.0,), data=("mnist",), seeds=SEEDS, specs=tuple(ATTACKS)):
    """A row a network and attack, of clean images two without pairs; controls have no nulls."""
    generator = np.random.default_rng(4)
    cells = [(d, w, a, s, p) for d in data for w in widths for a in weights for s in seeds for p in specs]
    rows = []
    for d, width, weight, seed, spec in cells:
        label, family, share = ATTACKS[spec]
        jitter, radius = 1 + 0.12 * generator.normal(size=5), np.sqrt(width)
        inside, outside = 2 * share * width * jitter[0], 0.3 * share * max(width - 9, 0) * jitter[1]
        null = np.nan if family == "control" else share * radius
        rows.append(
            {"data": d, "width": width, "weight": weight, "seed": seed, "attack": label, "spec": spec}
            | {"family": family, "attempted": 970 + seed, "pairs": 900 + seed, "success_rate": 0.93}
            | {"clean_radius": radius, "radius": radius * (1 + share), "change": share * radius * jitter[2]}
            | {"effect": -share, "share_lower": 0.6, "change_inside": inside, "change_outside": outside}
            | {"change_null_a": 0.7 * null * jitter[3], "change_null_b": 0.9 * null * jitter[4], "d_l2": 1.5}
        )
    clean = [{"family": "control", "spec": "clean", "attack": kind} for kind in ("misclassified", "lowest tenth")]
    known = [dict(zip(("data", "width", "weight", "seed"), cell[:4], strict=True)) for cell in cells[:: len(specs)]]
    return pd.DataFrame([*rows, *(network | kind for network in known for kind in clean)])


NETS = {"batch norm": ("batchnorm", "batchnorm"), "none": ("none", "none"), "LayerNorm": ("layernorm", "layernorm")}


def radial_results(data=("mnist",), seeds=SEEDS, layers=("bottleneck",)):
    """A row a network and attack, in both norms; noise as long as what the radial attack of the same layers adds."""
    generator = np.random.default_rng(5)
    budgets = {"linf": (0.03, 0.1, 0.2), "l2": (0.5, 1.5, 3.0)}
    ease = {"batch norm": 1.0, "none": 0.4, "LayerNorm": 0.9}
    rows = []
    for d in data:
        for net, (bottleneck, norm) in NETS.items():
            for seed in seeds:
                for name, of_norm in budgets.items():
                    for budget in of_norm:
                        size = budget / of_norm[1]
                        kinds = [("pgd", 2.0, "")]
                        kinds += [("radial", 0.9 * ease[net], each) for each in layers]
                        kinds += [("noise", 0.03, each) for each in layers]
                        for kind, power, layer in kinds:
                            rate = 1 - np.exp(-power * size * (1 + 0.1 * generator.normal()))
                            spec = "noise" if kind == "noise" else f"{kind}-{name}:{budget:g}"
                            rows.append(
                                {"data": d, "net": net, "bottleneck": bottleneck, "norm": norm, "seed": seed}
                                | {"layers": layer, "attack": spec, "spec": spec, "budget_norm": name}
                                | {"budget": budget, "attempted": 980 + seed, "success_rate": rate}
                                | {"low": rate * 0.97, "high": rate * 0.98 + 0.02, "d_l2": size, "mean_cosine": 0.1}
                            )
    return pd.DataFrame(rows)
