"""Penalties of the decoder against finite differences and explicit Jacobians."""

import pytest
import torch
from tiny import generator, tiny_net, tiny_pass
from torch import nn

from gausslab.config import ModelConfig
from gausslab.models import build
from gausslab.objectives import Batch, penalties
from gausslab.objectives.passes import forward_pass


def test_official_gradient_by_finite_differences():
    """Gradient of the sum of all squared pixels with respect to every code entry, by moving each: 1e-8 in float64."""
    seen = tiny_pass(images=4)
    codes, step = seen.codes.detach(), 1e-6
    total = 0.0
    for place in range(codes.numel()):
        moved = [codes.clone(), codes.clone()]
        moved[0].view(-1)[place] += step
        moved[1].view(-1)[place] -= step
        above, below = (seen.model.decode(each).square().sum().item() for each in moved)
        total += ((above - below) / (2 * step)) ** 2
    assert penalties.official_gradient(seen).item() == pytest.approx(total / codes.numel(), rel=1e-7)


def test_frobenius_gradient_is_the_squared_norm_of_the_jacobian_on_average():
    """Mean of 2,000 probes within four standard errors of the exact norm."""
    seen = tiny_pass(images=3)
    jacobian = torch.autograd.functional.jacobian(seen.model.decode, seen.codes.detach())
    expected = jacobian.square().sum().item() / 3
    draws = torch.stack([penalties.frobenius_gradient(seen).detach() for _ in range(2000)])
    assert abs(draws.mean() - expected) < 4 * draws.std() / 2000**0.5


def test_input_gradient_is_through_the_encoder_and_its_batch_norm():
    model, images = tiny_net(images=4)
    seen = forward_pass(model, Batch(images), generator(), trace_inputs=True)
    jacobian = torch.autograd.functional.jacobian(lambda x: model(x).sum(), images)
    found = penalties.input_gradient(seen)
    assert found.item() == pytest.approx(jacobian.square().sum().item() / 4, rel=1e-9)


@pytest.mark.parametrize("name", list(penalties.GRADIENTS))
def test_gradients_of_the_penalties_by_finite_differences(name):
    """The double backward pass: derivatives of the penalty by the decoder's weights, 1e-6 in float64."""
    model, images = tiny_net(images=4)
    weight = model.decoder[0].weight

    def penalty():
        seen = forward_pass(model, Batch(images), generator(), trace_inputs=name == "input")
        return penalties.GRADIENTS[name](seen)

    (found,) = torch.autograd.grad(penalty(), weight)
    for place in (0, 7, 23):
        values = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                weight.view(-1)[place] += step
            values.append(penalty().item())
            with torch.no_grad():
                weight.view(-1)[place] -= step
        assert found.view(-1)[place].item() == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-5)


@pytest.mark.parametrize("name", list(penalties.GRADIENTS))
def test_without_recording_the_penalty_is_the_same(name):
    """Validation asks for it within no_grad."""
    model, images = tiny_net(images=4)
    model.eval()
    values = []
    for recording in (True, False):
        with torch.set_grad_enabled(recording):
            seen = forward_pass(model, Batch(images), generator(), trace_inputs=name == "input")
            values.append(penalties.GRADIENTS[name](seen))
    assert values[0].item() == pytest.approx(values[1].item(), rel=1e-12)
    assert not values[1].requires_grad


@pytest.mark.parametrize(("side", "dense", "layers"), [(32, False, 3), (32, True, 4), (64, True, 5)])
def test_squared_kernels_leave_out_biases_batch_norms_and_by_default_the_dense_layer(side, dense, layers):
    model = build(ModelConfig(width=3, channels=2), (1, side, side), seed=0)
    seen = forward_pass(model, Batch(torch.rand(2, 1, side, side)), generator())
    names = [n for n, p in model.decoder.named_parameters() if p.ndim == 4 or (dense and p.ndim == 2)]
    assert len(names) == layers
    expected = sum(model.decoder.get_parameter(name).detach().double().square().sum().item() for name in names)
    assert penalties.SquaredKernels(dense)(seen).item() == pytest.approx(expected, rel=1e-6)


def test_squared_kernels_act_as_twice_their_weight_of_decay():
    """Gradient 2 w: in PyTorch's Adam, weight_decay = 2 lambda on the same tensors."""
    convolution = nn.ConvTranspose2d(2, 2, 3)
    seen = tiny_pass()
    seen.model.decoder.append(convolution)
    (gradient,) = torch.autograd.grad(penalties.SquaredKernels()(seen), convolution.weight)
    torch.testing.assert_close(gradient, 2 * convolution.weight.detach())
