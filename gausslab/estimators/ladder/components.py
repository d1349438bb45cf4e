r"""The rung of independent components: a rotation undone, then a density a component."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from gausslab.estimators.ladder.base import Others, Samples
from gausslab.estimators.ladder.gaussian import Gaussian
from gausslab.estimators.ladder.likelihood import polished
from gausslab.estimators.ladder.marginals import chosen_marginals, fit_normal
from gausslab.estimators.ladder.piecewise import fit_piecewise
from gausslab.estimators.ladder.scatter import scatter
from gausslab.estimators.ladder.search import least_gaussian_directions
from gausslab.estimators.ladder.units import Mapped


@dataclass(frozen=True)
class IndependentComponents:
    r"""$|\det W| \prod_i f_i(w_i^T (x - m))$ by maximum likelihood.

    The least Gaussian directions are searched for, and each is kept if the check samples are likelier with a density of
    its own than with a Gaussian one; kept ones are polished together. What they leave stays as the Gaussian rung has it
    and costs no more.
    """

    name: ClassVar[str] = "independent_components"

    def needs(self, units: int) -> int:
        """With few samples a unit every direction looks non-Gaussian."""
        return 4 * units + 16

    def fit(self, x: Samples, check: Others) -> Mapped:
        """Search, choose, polish, and fit the components' densities."""
        whiten = Gaussian().fit(x, check).whiten
        found = _components(x, check)
        mixing = _completed(found @ torch.linalg.inv(whiten.matrix))
        shaped = torch.arange(len(mixing)) < len(found)
        if shaped.any():
            mixing = polished(whiten(x).T.contiguous(), mixing, shaped)
        full = whiten.then(mixing)
        return Mapped(full, chosen_marginals(full(x).T.contiguous(), shaped))


def _components(x: Samples, check: Others) -> Float64[Tensor, "components units"]:
    """Directions that are worth a density of their own; the search needs samples whose covariance is I exactly."""
    whiten = scatter(x).whitening(0.0)
    turned = whiten.then(least_gaussian_directions(whiten(x)))
    return turned.matrix[_worth_a_shape(turned(x), turned(check))]


def _completed(rows: Float64[Tensor, "components units"]) -> Float64[Tensor, "units units"]:
    """Rows of length 1, and an orthonormal basis of what they leave."""
    rows = rows / rows.norm(dim=1, keepdim=True)
    basis = torch.linalg.qr(rows.T, mode="complete")[0]
    return torch.cat([rows, basis.T[len(rows) :]])


def _worth_a_shape(y: Samples, check: Others) -> Bool[Tensor, " units"]:
    """Which components are likelier with a density of their own: by the check samples, and by Akaike's criterion.

    Neither alone would do: the directions were searched for among very many (so the criterion counts a direction as
    that many parameters), and the check samples are few.
    """
    rows, other = y.T.contiguous(), check.T.contiguous()
    piecewise, normal = fit_piecewise(rows), fit_normal(rows)
    gain = (piecewise.log_densities(rows) - normal.log_densities(rows)).mean(1) * len(y)
    checked = (piecewise.log_densities(other) - normal.log_densities(other)).mean(1)
    worth: Tensor = (gain > piecewise.parameters + y.shape[1]) & (checked > 0)
    return worth
