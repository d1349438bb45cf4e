"""The losses against double-precision loops and finite differences."""

import math

import pytest
import torch
from scipy.special import digamma, gammaln
from torch import nn

from gausslab.config import ObjectiveConfig
from gausslab.errors import ConfigError
from gausslab.models import Autoencoder
from gausslab.objectives import Batch, Entropic, Reconstruction, build, summed_squared_error


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def tiny_net(width=3, images=6):
    """A network of two dense layers in float64, smooth, and images of 2x2x2 for it."""
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(8, width))
    decoder = nn.Sequential(nn.Linear(width, 8), nn.Unflatten(1, (2, 2, 2)), nn.Sigmoid())
    model = Autoencoder(encoder, nn.BatchNorm1d(width, affine=False), decoder).double()
    return model, torch.rand(images, 2, 2, 2, dtype=torch.float64, generator=generator())


def squared_error_by_loops(images, reconstructions):
    total = 0.0
    for image, reconstruction in zip(images.tolist(), reconstructions.tolist(), strict=True):
        for a, b in zip(flat(image), flat(reconstruction), strict=True):
            total += (a - b) ** 2
    return total / len(images)


def flat(nested):
    return [nested] if isinstance(nested, float) else [x for part in nested for x in flat(part)]


def entropy_by_loops(codes, k):
    """Kozachenko and Leonenko, brute force over all pairs; psi(n) - psi(k) + log of the unit ball + d mean log R."""
    rows = codes.tolist()
    n, d = len(rows), len(rows[0])
    logs = []
    for i in range(n):
        radii = sorted(math.dist(rows[i], rows[j]) for j in range(n) if j != i)
        logs.append(math.log(radii[k - 1]))
    ball = d / 2 * math.log(math.pi) - gammaln(d / 2 + 1)
    return d * sum(logs) / n + ball + digamma(n) - digamma(k)


def test_squared_error_is_summed_over_elements_and_averaged_over_images():
    images, others = torch.rand(2, 5, 3, 4, 4, generator=generator()).double()
    assert summed_squared_error(images, others).item() == pytest.approx(
        squared_error_by_loops(images, others), rel=1e-12
    )
    assert summed_squared_error(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)).item() == 16


def test_reconstruction_is_the_squared_error_of_the_network():
    model, images = tiny_net()
    loss = Reconstruction()(model, Batch(images), generator())
    with torch.no_grad():
        expected = squared_error_by_loops(images, model(images))
    assert loss.total.item() == pytest.approx(expected, rel=1e-12)
    assert {name: part.item() for name, part in loss.parts.items()} == {"reconstruction": loss.total.item()}


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("weight", [0.05, 1.0])
def test_entropic_is_error_minus_weighted_entropy(weight, k):
    """Identities in float64, to the machine epsilon that keeps duplicates finite: 1e-10."""
    model, images = tiny_net(images=12)
    loss = Entropic(entropy_weight=weight, neighbours=k)(model, Batch(images), generator())
    with torch.no_grad():
        codes = model.encode(images)
        error = squared_error_by_loops(images, model.decode(codes))
    entropy = entropy_by_loops(codes, k)
    assert loss.parts["entropy"].item() == pytest.approx(entropy, rel=1e-10)
    assert loss.parts["reconstruction"].item() == pytest.approx(error, rel=1e-10)
    assert loss.total.item() == pytest.approx(error - weight * entropy, rel=1e-10)


OBJECTIVES = [Reconstruction(), Entropic(entropy_weight=0.7), Entropic(1.0, neighbours=2)]


@pytest.mark.parametrize("objective", OBJECTIVES, ids=["ae", "eae", "eae-k2"])
def test_gradients_by_finite_differences(objective):
    """Every weight moved by 1e-6 either way, too little to change a neighbour: error of order 1e-9 in float64."""
    model, images = tiny_net()
    objective(model, Batch(images), generator()).total.backward()
    for parameter in model.parameters():
        expected = torch.empty_like(parameter)
        for place in range(parameter.numel()):
            expected.view(-1)[place] = central_difference(objective, model, images, parameter.data.view(-1)[place])
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-6, atol=1e-7)


def central_difference(objective, model, images, weight, step=1e-6):
    with torch.no_grad():
        weight += step
        above = objective(model, Batch(images), generator()).total
        weight -= 2 * step
        below = objective(model, Batch(images), generator()).total
        weight += step
    return (above - below) / (2 * step)


def test_duplicates_are_finite_in_value_and_gradient():
    model, images = tiny_net(images=4)
    model.bottleneck = nn.Identity()
    repeated = images[[0, 0, 0, 1, 2, 3]]
    loss = Entropic(1.0)(model, Batch(repeated), generator())
    loss.total.backward()
    assert math.isfinite(loss.total.item())
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_all_images_equal_is_finite():
    """A batch norm of a constant batch gives zeros: every distance is nought."""
    model, images = tiny_net()
    loss = Entropic(0.05)(model, Batch(images[:1].expand(6, -1, -1, -1)), generator())
    loss.total.backward()
    assert math.isfinite(loss.total.item())
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_parts_carry_no_graph():
    model, images = tiny_net()
    for objective in (Reconstruction(), Entropic(1.0)):
        assert not any(part.requires_grad for part in objective(model, Batch(images), generator()).parts.values())


def test_build_gives_what_the_configuration_names():
    assert build(ObjectiveConfig()) == Reconstruction()
    eae = ObjectiveConfig(name="eae", entropy_weight=0.5, neighbours=2)
    assert build(eae) == Entropic(entropy_weight=0.5, neighbours=2)


def test_negative_weight_is_refused():
    with pytest.raises(ConfigError, match=r"entropy_weight must be at least 0, got -1"):
        Entropic(-1.0)
