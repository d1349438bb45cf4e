"""Recalibrated batch norms against loops over the batches."""

import torch
from torch import nn

from gausslab.config import DataConfig, ModelConfig
from gausslab.data import load, to_float
from gausslab.models import L1Norm1d, build, recalibrate


def test_statistics_are_the_means_of_those_of_the_batches():
    """Behind the first batch norm as well, whose outputs are standardised by the batch; the old ones are forgotten."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.BatchNorm1d(3, momentum=0.2), nn.Linear(3, 2), L1Norm1d(2, momentum=0.3)).double()
    net.train()(torch.randn(50, 3).double() + 100)
    batches = [torch.randn(size, 3).double() * 2 + size for size in (4, 4, 9)]
    recalibrate(net, iter(batches))
    means, variances, locations, scales = [], [], [], []
    for batch in batches:
        means.append(batch.mean(0))
        variances.append(batch.var(0))  # PyTorch keeps the unbiased one, and divides by the biased one
        raw = net[1]((batch - batch.mean(0)) / (batch.var(0, correction=0) + 1e-5).sqrt())
        locations.append(raw.mean(0))
        scales.append((raw - raw.mean(0)).abs().mean(0))
    for found, expected in (
        (net[0].running_mean, means),
        (net[0].running_var, variances),
        (net[2].running_mean, locations),
        (net[2].running_scale, scales),
    ):
        torch.testing.assert_close(found, torch.stack(expected).mean(0).detach(), rtol=1e-12, atol=1e-12)
    assert (net[0].momentum, net[2].momentum, net.training) == (0.2, 0.3, True)


def test_codes_of_an_untrained_network_become_standardised():
    model = build(ModelConfig(kind="classifier", width=4, channels=2), (1, 32, 32), seed=0)
    images = to_float(load(DataConfig(name="digits", images=400)).train.images)
    before = model.eval().encode(images)
    recalibrate(model, images.split(50))
    after = model.eval().encode(images)
    assert before.std(0, correction=0).max() < 0.8  # the initial statistics of eval mode: not standardised at all
    assert after.mean(0).abs().max() < 0.1
    assert (after.std(0, correction=0) - 1).abs().max() < 0.1
