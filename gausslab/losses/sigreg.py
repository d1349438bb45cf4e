"""Sketched isotropic Gaussian regularisation: the sliced Epps-Pulley statistic of the whole batch, a loss."""

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.estimators.characteristic import Grid, distance_from_normal, empirical_characteristic, trapezoid
from gausslab.estimators.contract import require_two_axes
from gausslab.estimators.sliced import DIRECTIONS, random_directions
from gausslab.losses.distributed import in_processes, summed

GRID = trapezoid()


def sigreg(
    z: Float[Tensor, "*batch samples units"], step: int, directions: int = DIRECTIONS, grid: Grid = GRID
) -> Float[Tensor, "*batch"]:
    r"""Sliced Epps-Pulley statistic of the batch against N(0, I), along directions drawn anew at every step.

    $\frac nK \sum_k \int |\phi_k(t) - e^{-t^2/2}|^2 e^{-t^2/2} dt$: `sliced_epps_pulley` with the directions that the
    step seeds. Over processes of torch.distributed, n and the characteristic functions $\phi_k$ are those of the
    batches of all of them, which may differ in size; all have the same directions, the same value, and after
    `DistributedDataParallel`'s average the exact gradient.

    How it can mislead: the statistic of a Gaussian batch has a mean of its own, which does not go to 0 (`measure`
    tells it), and its gradient at a Gaussian is noise of the batch. In high dimension it sees mean, scale and
    correlation, and hardly what single units do.

    Source: Balestriero & LeCun (2025), LeJEPA, arXiv:2511.08544.

    Args:
        z: a batch, samples x units, or this process's share of it; leading axes are codes, each with its own value.
        step: of training; the same in all processes.
        directions: how many.
        grid: points of the integral; the default are the paper's 17 on [-3, 3].

    Raises:
        EstimatorError: a batch without samples or units.
    """
    require_two_axes(z, "sigreg")
    samples, units = z.shape[-2:]
    drawn = random_directions(units, directions, torch.Generator().manual_seed(step))
    means = empirical_characteristic(z @ drawn.to(z), grid)
    if not in_processes():
        return samples * distance_from_normal(means, grid).mean(-1)
    count = summed(z.new_tensor(float(samples)))
    share = torch.stack([means.real, means.imag]) * (samples / count)
    return count * distance_from_normal(torch.complex(*summed(share)), grid).mean(-1)
