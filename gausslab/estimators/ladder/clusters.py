r"""A first division of samples into clusters: k-means from spread-out seeds, in the directions of largest variance."""

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from gausslab.estimators.ladder.base import Samples
from gausslab.seeding import torch_generator

AXES = 8
STEPS = 10
SEEDED_FROM = 2000  # samples among which seeds are drawn

Parts = Float64[Tensor, "samples clusters"]


def clustered(x: Samples, clusters: int) -> Parts:
    """Belonging of every sample, 1 or 0. Empty clusters are possible.

    Seeds by Arthur & Vassilvitskii (2007), SODA, 1027-1035. The leading principal axes, unscaled, keep the clusters of
    a code apart; in all directions together noise would hide them.
    """
    centred = x - x.mean(0)
    leading = centred @ torch.linalg.eigh(centred.T @ centred)[1][:, -AXES:]
    centres = _spread_out(leading[:SEEDED_FROM], clusters)
    for _ in range(STEPS):
        belonging = _one_hot(torch.cdist(leading, centres).argmin(1), clusters)
        sizes = belonging.sum(0).unsqueeze(1)
        centres = torch.where(sizes > 0, belonging.T @ leading / sizes.clamp_min(1), centres)
    return belonging


def _spread_out(x: Samples, clusters: int) -> Float64[Tensor, "clusters axes"]:
    """Samples drawn one by one, with odds of their squared distance to those already drawn."""
    generator = torch_generator(clusters, "clusters")
    chosen = [x[int(torch.randint(len(x), (1,), generator=generator))]]
    while len(chosen) < clusters:
        odds = torch.cdist(x, torch.stack(chosen)).amin(1).square() + torch.finfo(torch.float64).tiny
        chosen.append(x[int(torch.multinomial(odds, 1, generator=generator))])
    return torch.stack(chosen)


def _one_hot(index: Int64[Tensor, " samples"], clusters: int) -> Parts:
    return torch.nn.functional.one_hot(index, clusters).double()
