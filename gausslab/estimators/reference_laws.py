r"""Other laws than N(0, I) to measure a code against: a map of every unit carries the law to N(0, 1).

A divergence does not change under a bijection. With F the cdf of the reference law of a unit and $u = \Phi^{-1}(F(x))$
unit by unit,

    $\mathrm{KL}(p \,\|\, F \otimes \dots \otimes F) = \mathrm{KL}(\text{law of } u \,\|\, N(0, I))$,

so that every estimator of Gaussianity, run on u, measures x against iid units of the reference law, with the null laws
and p-values that it has: exact samples of the reference law are exact Gaussian samples after the map.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float64
from scipy.special import erfinv, ndtri_exp
from torch import Tensor

from gausslab.errors import ConfigError, entry

Map = Callable[[Float64[Tensor, "samples units"]], Float64[Tensor, "samples units"]]


def reference_map(name: str) -> Map:
    """The map of a code whose units follow the law of that name to one that is N(0, I).

    Raises:
        ConfigError: there is none; the choices are listed.
    """
    return entry(name, REFERENCES, "reference law", ConfigError)


def laplace_to_normal(x: Float64[Tensor, "samples units"]) -> Float64[Tensor, "samples units"]:
    r"""$\Phi^{-1}(F(x))$ with F that of Laplace(0, 1): location 0, density $e^{-|x|} / 2$, mean absolute value 1.

    By symmetry both tails are computed as the lower one, whose level $e^{-|x|} / 2$ is told by its logarithm; within
    |x| < 1, where levels near a half would lose x, as $\sqrt2\, \mathrm{erf}^{-1}(1 - e^{-|x|})$. Accurate to rounding,
    relative to u, for |x| <= 1000, and to 1e-12 for every finite x.

    >>> x = torch.tensor([[-math.log(2), 0.0, 700.0]], dtype=torch.float64)  # levels 1/4, 1/2, 1 - exp(-700) / 2
    >>> [round(u, 4) for u in laplace_to_normal(x)[0].tolist()]
    [-0.6745, 0.0, 37.3136]
    """
    values = x.numpy()
    size = np.abs(values)
    near = math.sqrt(2) * erfinv(-np.expm1(-np.minimum(size, 1)))
    far = -ndtri_exp(-math.log(2) - np.maximum(size, 1))
    return torch.from_numpy(np.copysign(np.where(size < 1, near, far), values))


def _as_it_is(x: Float64[Tensor, "samples units"]) -> Float64[Tensor, "samples units"]:
    return x


REFERENCES: dict[str, Map] = {"normal": _as_it_is, "laplace": laplace_to_normal}
