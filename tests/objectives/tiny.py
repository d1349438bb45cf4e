"""Networks of two dense layers in float64 on images of 2x2x2, small enough for finite differences and double loops."""

import math

import torch
from torch import nn

from gausslab.models import Autoencoder
from gausslab.models.posteriors import ConstantLogSpread, LearnedLogSpread
from gausslab.objectives import Batch
from gausslab.objectives.passes import forward_pass


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def tiny_net(width=3, images=6, spread=None, learned_error_sd=False, bottleneck=None):
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, width))
    decoder = nn.Sequential(nn.Linear(width, 8), nn.Unflatten(1, (2, 2, 2)), nn.Sigmoid())
    spreads = {"learned": LearnedLogSpread(5, width), "constant": ConstantLogSpread(0.7, width)}
    code = nn.BatchNorm1d(width, affine=False) if bottleneck is None else bottleneck
    model = Autoencoder(encoder, code, decoder, spreads.get(spread), learned_error_sd).double()
    return model, torch.rand(images, 2, 2, 2, dtype=torch.float64, generator=generator())


def tiny_pass(**options):
    model, images = tiny_net(**options)
    return forward_pass(model, Batch(images), generator(1))


def flat(nested):
    return [nested] if isinstance(nested, float) else [x for part in nested for x in flat(part)]


def squared_error_by_loops(images, reconstructions):
    pairs = zip(flat(images.tolist()), flat(reconstructions.tolist()), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) / len(images)


def central_differences(function, parameters, step=1e-6):
    """Derivatives of a scalar by every entry of the tensors, moved either way: error of order step^2 in float64."""
    return [torch.tensor([_one(function, p, i, step) for i in range(p.numel())]).view_as(p) for p in parameters]


@torch.no_grad()
def _one(function, parameter, place, step):
    entry = parameter.data.view(-1)[place]
    entry += step
    above = function()
    entry -= 2 * step
    below = function()
    entry += step
    return (above - below) / (2 * step)


def finite(model, loss):
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    return math.isfinite(loss.total.item()) and all(gradient.isfinite().all() for gradient in gradients)
