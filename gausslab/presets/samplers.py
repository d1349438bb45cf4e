"""Options of the samplers by data set and scale."""

from typing import Any

from gausslab.errors import ConfigError, entry
from gausslab.presets.families import Family
from gausslab.presets.rows import DAI_WIPF, SECOND_STAGE

_KL_WEIGHTS: dict[Family, float] = {"mnist": 1.5e-3, "cifar10": 1e-3, "celeba": 2e-3}
_SMALL: dict[str, dict[str, Any]] = {
    "smoke": {"hidden": 16, "epochs": 2, "lr": 1e-3},
    "laptop": {"hidden": 256, "epochs": 30, "lr": 1e-3},
    "paper": {},
}


def sampler_options(name: str, of: Family, scale: str) -> dict[str, Any]:
    """Options of `gausslab.densities.fit`: the published ones at paper scale, smaller second stages below it.

    Raises:
        ConfigError: there is no such scale.

    >>> sampler_options("second-stage", "cifar10", "paper"), sampler_options("gmm", "cifar10", "laptop")
    ({'kl_weight': 0.001}, {})
    """
    small = entry(scale, _SMALL, "scale", ConfigError)
    if name not in (SECOND_STAGE, DAI_WIPF):
        return {}
    weight = {"kl_weight": _KL_WEIGHTS[of]} if name == SECOND_STAGE else {}
    return weight | small
