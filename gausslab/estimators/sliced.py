r"""Sliced Epps-Pulley, the statistic that SIGReg trains with: univariate tests along random directions, averaged."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gausslab.estimators.characteristic import (
    Grid,
    distance_from_normal,
    empirical_characteristic,
    epps_pulley_statistic,
)
from gausslab.estimators.contract import Estimate, NullKind, Reading, Readings, require_positive, require_whole
from gausslab.estimators.joint import JointTest, whitened_code

DIRECTIONS = 256


def random_directions(units: int, count: int, generator: torch.Generator) -> Float[Tensor, "units directions"]:
    """Unit vectors drawn uniformly, one a column; in single precision, so that SIGReg's are among them."""
    drawn = torch.randn(units, count, generator=generator, dtype=torch.float32)
    lengths: Tensor = torch.linalg.vector_norm(drawn, dim=0)
    return drawn / lengths


def sliced_epps_pulley(
    z: Float[Tensor, "*batch samples units"], directions: Float[Tensor, "units directions"], grid: Grid | None = None
) -> Float[Tensor, "*batch"]:
    r"""Mean over directions a of $T(z a) = n \int |\phi_n(t) - e^{-t^2/2}|^2 e^{-t^2/2} dt$; differentiable.

    Against N(0, I), as the samples are: whiten them first for the composite null.

    Args:
        z: samples x units; leading axes are batches.
        directions: unit vectors, one a column, such as `random_directions` draws.
        grid: points for the integral over t; None for the integral itself, `trapezoid()` for SIGReg's 17 points on
            [-3, 3] (T is 1-2 % smaller then on Gaussian samples).
    """
    slices = z @ directions.to(z)
    if grid is None:
        return epps_pulley_statistic(slices).mean(-1)
    return z.shape[-2] * distance_from_normal(empirical_characteristic(slices, grid), grid).mean(-1)


@dataclass(frozen=True, kw_only=True)
class SlicedEppsPulley(JointTest):
    r"""Sliced Epps-Pulley statistic (SIGReg's): the mean over random directions of a test of one unit.

    $\frac1K \sum_k T(z a_k)$ over K unit vectors $a_k$, with $T(y) = n \int |\phi_n(t) - e^{-t^2/2}|^2 e^{-t^2/2} dt$
    and $\phi_n(t) = \frac1n \sum_j e^{i t y_j}$; the integral itself, in closed form to rounding (SIGReg trains with 17
    points of it on [-3, 3]).

    Rows: `statistic`, of the code as given, whose null is N(0, I) itself; `whitened`, of the whitened code, whose null
    is composite. Two-sided Monte Carlo p. The directions are the same for every code of as many units: those that
    SIGReg draws at its first step if `seed` is 0.

    How it can mislead: nearly blind in high dimension to independent non-Gaussian units, since a random projection of
    many of them looks Gaussian (their excess kurtosis shrinks like 1/d), and to a single odd direction, which random
    ones miss: a code that a training with SIGReg has made perfect by this number need not be Gaussian. At n = 500
    `whitened` always rejects a cube of 8 units and in one case of ten one of 32. `statistic` sees the wrong mean or
    scale first, and their chance errors hide most of the shape. Other directions give other values.

    Source: Balestriero & LeCun (2025), LeJEPA, arXiv:2511.08544; Epps & Pulley (1983), Biometrika 70:723-726.

    Attributes:
        directions: how many.
        seed: of the directions.
    """

    name: ClassVar[str] = "sliced_epps_pulley"
    null: ClassVar[NullKind] = "simple"
    min_samples: ClassVar[int] = 4
    directions: int = DIRECTIONS
    seed: int = 0

    def __post_init__(self) -> None:
        require_positive(self.name, "directions", self.directions)
        require_whole(self.name, "seed", self.seed)

    @property
    def key(self) -> str:
        """Name and directions."""
        return f"{self.name}/directions={self.directions}/seed={self.seed}"

    def readings(self, x: Float64[Tensor, "samples units"]) -> Readings:
        """As given and whitened."""
        directions = random_directions(x.shape[1], self.directions, torch.Generator().manual_seed(self.seed))
        codes = {"statistic": x, "whitened": whitened_code(x, self.name)}
        return {name: Reading(float(sliced_epps_pulley(code, directions))) for name, code in codes.items()}

    def work(self, samples: int, units: int) -> float:
        """Projections and some 23 points of the integral."""
        return 2.0 * samples * self.directions * (units + 100)

    def rows(self, readings: Readings, x: Float64[Tensor, "samples units"]) -> tuple[Estimate, ...]:
        """Each reading beside its own null."""
        laws = self.null_laws(*x.shape)
        return (
            laws["statistic"].estimate("statistic", readings["statistic"], null="simple"),
            laws["whitened"].estimate("whitened", readings["whitened"], null="composite"),
        )
