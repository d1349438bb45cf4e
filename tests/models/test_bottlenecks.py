"""The L1 normalisation: its moments, running averages against a loop and batch norm's, gradients, and captures."""

import copy
import math

import pytest
import torch
from torch import nn

from gausslab import capture
from gausslab.errors import CaptureError, ConfigError
from gausslab.estimators import kozachenko_leonenko
from gausslab.models.bottlenecks import L1Norm1d


def normal(samples, units, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batches(count=5, units=3):
    return [2 + (1 + seed) * normal(10 + seed, units, seed) for seed in range(count)]


def test_every_unit_of_a_batch_has_mean_0_and_mean_absolute_value_1():
    layer = L1Norm1d(4, eps=1e-12).double()
    x = 3 + normal(50, 4) ** 3 * torch.tensor([1e-3, 1.0, 10.0, 1e3])
    y = layer(x)
    assert y.mean(0).abs().max() < 1e-12  # rounding of the mean of 3, over a scale of 1e-3
    torch.testing.assert_close(y.abs().mean(0), torch.ones(4, dtype=torch.float64), rtol=1e-8, atol=0)  # eps / 1e-3


def test_a_batch_by_hand():
    # mean 3; deviations -2, -1, 3: mean 2
    layer = L1Norm1d(1, eps=0.5).double()
    y = layer(torch.tensor([[1.0], [2.0], [6.0]], dtype=torch.float64))
    assert y.flatten().tolist() == [-2 / 2.5, -1 / 2.5, 3 / 2.5]
    assert layer.running_mean.item() == pytest.approx(0.1 * 3) and layer.running_scale.item() == pytest.approx(1.1)


@pytest.mark.parametrize("momentum", [0.1, 0.01, 1.0, 0.0, None])
def test_running_averages(momentum):
    layer, norm = L1Norm1d(3, momentum=momentum).double(), nn.BatchNorm1d(3, momentum=momentum).double()
    mean, scale = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    for index, x in enumerate(batches(), 1):
        layer(x)
        norm(x)
        weight = 1 / index if momentum is None else momentum
        mean = (1 - weight) * mean + weight * x.mean(0)
        scale = (1 - weight) * scale + weight * (x - x.mean(0)).abs().mean(0)
    torch.testing.assert_close(layer.running_mean, mean, rtol=1e-12, atol=0)
    torch.testing.assert_close(layer.running_scale, scale, rtol=1e-12, atol=0)
    torch.testing.assert_close(layer.running_mean, norm.running_mean, rtol=1e-12, atol=0)  # torch's convention
    assert layer.num_batches_tracked == norm.num_batches_tracked == 5


def test_eval_mode_uses_them_and_leaves_them():
    layer = L1Norm1d(3, momentum=None).double()
    for x in batches():
        layer(x)
    before = copy.deepcopy(layer.state_dict())
    x = normal(1, 3, 9)  # one sample is enough
    y = layer.eval()(x)
    torch.testing.assert_close(y, (x - before["running_mean"]) / (before["running_scale"] + 1e-5))
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_buffers_are_named_and_reset_as_batch_norms():
    layer, norm = L1Norm1d(3), nn.BatchNorm1d(3, affine=False)
    assert list(layer.state_dict()) == [name.replace("var", "scale") for name in norm.state_dict()]
    assert [value.dtype for value in layer.state_dict().values()] == [v.dtype for v in norm.state_dict().values()]
    assert not list(layer.parameters())
    fresh = copy.deepcopy(layer.state_dict())
    layer(normal(9, 3).float())
    layer.reset_running_stats()
    assert all(torch.equal(value, fresh[name]) for name, value in layer.state_dict().items())
    assert repr(layer) == "L1Norm1d(3, eps=1e-05, momentum=0.1)"


@pytest.mark.parametrize("training", [True, False])
def test_gradients_go_through_the_statistics(training):
    layer = L1Norm1d(3).double().train(training)
    # no deviation is so near 0 that a difference of 1e-6 would cross the corner of its absolute value
    x = normal(7, 3)
    assert (x - x.mean(0)).abs().min() > 1e-3
    assert torch.autograd.gradcheck(layer, x.requires_grad_())
    assert not layer.running_mean.requires_grad and layer.running_scale.grad_fn is None


def test_location_and_scale_of_a_batch_have_no_gradient():
    # but for eps the output does not change with them
    x = normal(20, 3).requires_grad_()
    (L1Norm1d(3, eps=1e-12).double()(x) ** 3).sum().backward()
    centred = (x - x.mean(0)).detach()
    assert x.grad.sum(0).abs().max() < 1e-10 and (x.grad * centred).sum(0).abs().max() < 1e-9


def test_a_unit_that_never_varies_is_0():
    x = torch.cat([normal(9, 1), torch.full((9, 1), 5.0, dtype=torch.float64)], 1).requires_grad_()
    y = L1Norm1d(2).double()(x)
    y.square().sum().backward()
    assert (y[:, 1] == 0).all() and torch.isfinite(x.grad).all()


def test_reduced_precision_is_tracked_in_full():
    layer = L1Norm1d(3)
    y = layer(normal(40, 3).to(torch.bfloat16))
    assert y.dtype == torch.bfloat16 and layer.running_scale.dtype == torch.float32
    assert abs(layer.running_scale - (0.9 + 0.1 * math.sqrt(2 / math.pi))).max() < 0.05  # a Gaussian's, of 40 samples


def exponent_of_most_entropy(layer):
    """Samples of Laplace's law, their sizes to a power that is learned: 1 leaves them as they are."""
    levels = (torch.arange(600, dtype=torch.float64) + 0.5) / 600
    laplace = (-(2 * levels - 1).sign() * torch.log1p(-(2 * levels - 1).abs())).unsqueeze(1)
    power = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([power], lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        (-kozachenko_leonenko(layer(laplace.sign() * laplace.abs() ** power), 5)).backward()
        optimiser.step()
    return power.item()


def test_pushing_up_entropy_behind_it_induces_laplaces_law():
    # thesis 2.3.3; the estimate is of 600 samples and smooths the peak, which is worth some hundredths
    assert exponent_of_most_entropy(L1Norm1d(1).double()) == pytest.approx(1, abs=0.05)
    assert exponent_of_most_entropy(nn.BatchNorm1d(1, affine=False).double()) < 0.8


def test_its_code_is_captured_as_its_output():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 3), L1Norm1d(3))
    x = normal(30, 5).float()
    model(x)
    before = copy.deepcopy(model.state_dict())
    with capture(model, "1", kinds="all", point="post") as activations:
        model(x)
    with torch.no_grad():
        torch.testing.assert_close(activations["1"].samples, model.eval()(x))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    with (
        pytest.raises(CaptureError, match="layer '1' is a L1Norm1d, which has no normalized point; choices: pre, post"),
        capture(model, "1", kinds="all"),
    ):
        pass


def test_what_it_cannot_be_built_with():
    for given, message in (
        ({"units": 0}, "L1Norm1d: units must be at least 1, got 0"),
        ({"units": 2, "eps": 0.0}, "L1Norm1d: eps must be positive, got 0.0"),
        ({"units": 2, "momentum": 1.5}, "L1Norm1d: momentum must be from 0 to 1, or None, got 1.5"),
    ):
        with pytest.raises(ConfigError, match=message):
            L1Norm1d(**given)


def test_what_batch_norm_refuses_it_refuses(unchecked):
    layer, norm = L1Norm1d(3).double(), nn.BatchNorm1d(3).double()
    for x, message in (
        (normal(1, 3), "expected more than 1 sample when training, got 1"),
        (normal(1, 3)[0], r"expected samples x 3 units, got a tensor of shape \(3,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            layer(x)
        with pytest.raises(ValueError, match=r"(?i)expected"):
            norm(x)
    with pytest.raises(ValueError, match=r"expected samples x 3 units, got a tensor of shape \(9, 2\)"):
        layer(normal(9, 2))
    assert layer.num_batches_tracked == 0
