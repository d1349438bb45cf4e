"""SIGReg in one process; over processes see test_distributed."""

import pytest
import torch

from gausslab.losses import kozachenko_leonenko, random_directions, sigreg, sliced_epps_pulley, trapezoid


def normal(samples, units, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_it_is_the_sliced_statistic_along_the_directions_of_the_step():
    z = normal(40, 5)
    along = random_directions(5, 256, torch.Generator().manual_seed(3))
    assert sigreg(z, 3).item() == pytest.approx(sliced_epps_pulley(z, along, trapezoid()).item(), rel=1e-12)
    assert sigreg(z, 3) == sigreg(z, 3) != sigreg(z, 4)


def test_gradient():
    z = normal(12, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: sigreg(z, 0, directions=8), z)


def test_entropy_has_a_gradient_too():
    z = normal(12, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: kozachenko_leonenko(z, 2), z)


def test_training_with_it_finds_mean_and_scale():
    x = normal(200, 4)
    shift, scale = (torch.full((4,), start, dtype=torch.float64, requires_grad=True) for start in (2.0, 0.3))
    optimiser = torch.optim.Adam([shift, scale], lr=0.1)
    for step in range(100):
        optimiser.zero_grad()
        sigreg(x * scale + shift, step, directions=32).backward()
        optimiser.step()
    z = (x * scale + shift).detach()
    # three standard errors of mean and standard deviation of 200 samples
    assert z.mean(0).abs().max() < 0.2
    assert (z.std(0) - 1).abs().max() < 0.15
