r"""Independent components by maximum likelihood: the mixing and the densities of the components in turn.

With $y = Wz$ and densities $f_i$ the likelihood $\ln|\det W| + \sum_i E \ln f_i(y_i)$ has the relative gradient
$I - E\,\psi(y) y^T$, $\psi_i = -f_i'/f_i$. Where the components are independent its Hessian couples only the entries ij
and ji, by the blocks $(h_i \sigma_j^2, 1; 1, h_j \sigma_i^2)$ with $h_i = E\psi_i^2$, which a Newton step inverts;
blocks that are hardly positive (two almost Gaussian components, whose rotation changes little) are lifted.

Source: Pham & Garat (1997), IEEE Transactions on Signal Processing 45:1712-1725; Zibulevsky (2003), ICA 2003, 897-902.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from gausslab.estimators.ladder.marginals import Marginals, shaped_where
from gausslab.estimators.ladder.piecewise import Rows

LEAST_CURVATURE = 0.05
STEEPEST = 50.0  # of the mean squared score: hard edges have no bound of their own
LONGEST = 0.3  # root mean square of a component's step
ROUNDS = 15
HALVINGS = 3
GAIN = 0.1  # of what a mixing matrix costs in likelihood, below which no more is to be had

Mixing = Float64[Tensor, "units units"]


@dataclass(frozen=True, eq=False)
class _Fit:
    """A mixing, the densities of its components, and the likelihood of both."""

    mixing: Mixing
    marginals: Marginals
    likelihood: float


def polished(z: Rows, mixing: Mixing, shaped: Bool[Tensor, " units"]) -> Mixing:
    """The mixing of highest likelihood near a first one; components that are not `shaped` are held Gaussian.

    Args:
        z: a unit a row.
        mixing: rows are components.
        shaped: which components have a density of their own.
    """
    units, samples = z.shape
    enough = GAIN * units**2 / (2 * samples)
    chosen = _fit(mixing @ z, mixing, shaped)
    for _ in range(ROUNDS):
        found = _improved(chosen, z, shaped)
        gain = found.likelihood - chosen.likelihood
        chosen = found
        if gain < enough:
            break
    return chosen.mixing


def _improved(fit: _Fit, z: Rows, shaped: Bool[Tensor, " units"]) -> _Fit:
    """One Newton step on, halved until it helps; the fit itself if nothing does."""
    step = _newton_step(fit.mixing @ z, fit.marginals, shaped) @ fit.mixing
    for _ in range(HALVINGS):
        moved = fit.mixing - step
        found = _fit(moved @ z, moved, shaped)
        if found.likelihood > fit.likelihood:
            return found
        step = step / 2
    return fit


def _fit(y: Rows, mixing: Mixing, shaped: Bool[Tensor, " units"]) -> _Fit:
    marginals = shaped_where(y, shaped)
    log_determinant = float(torch.linalg.slogdet(mixing)[1])
    return _Fit(mixing, marginals, float(marginals.log_densities(y).sum(0).mean()) + log_determinant)


def _newton_step(y: Rows, marginals: Marginals, shaped: Bool[Tensor, " units"]) -> Mixing:
    """Relative step uphill, negated: subtract it times the mixing. Gaussian components are not mixed anew."""
    units, samples = y.shape
    scores = marginals.scores(y)
    gradient = scores @ y.T / samples - torch.eye(units, dtype=y.dtype)
    power, steepness = y.square().mean(1), scores.square().mean(1).clamp_max(STEEPEST)
    own = torch.outer(steepness, power)
    least = (own + own.T - ((own - own.T).square() + 4).sqrt()) / 2
    lifted = own + (LEAST_CURVATURE - least).clamp_min(0)
    step = (lifted.T * gradient - gradient.T) / (lifted * lifted.T - 1)
    step.diagonal().copy_(gradient.diagonal() / (1 + steepness * power))
    step = step * (shaped.unsqueeze(1) | shaped)
    bounded: Tensor = step * min(1.0, LONGEST * units**0.5 / max(float(step.norm()), 1e-300))
    return bounded
