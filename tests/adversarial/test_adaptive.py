"""The attack that keeps the norm: it does, it succeeds all the same, and what breaks the constraint is a failure."""

import pytest
import torch
from adversarial.made_networks import conv, pictures, said
from torch import nn

from gausslab.adversarial import adaptive
from gausslab.adversarial.adaptive import adaptive_attack
from gausslab.adversarial.specs import AttackSpec, Effort
from gausslab.errors import CaptureError, ConfigError

IMAGES = pictures(16)
SPEC = AttackSpec(name="adaptive", value=1.5)


def norms(net, images):
    """By hand; the bottleneck has no affine map at its initial weights."""
    with torch.no_grad():
        return net.eval()[:6](images).norm(dim=1)


@pytest.fixture(scope="module")
def attacked_net():
    net = conv()
    labels = said(net, IMAGES)
    return net, adaptive_attack(net, IMAGES, labels, SPEC)


def test_the_norm_is_kept_and_the_prediction_is_not(attacked_net):
    net, batch = attacked_net
    change = norms(net, batch.adversarial) / norms(net, IMAGES) - 1
    assert change.abs().max() <= 0.02 * (1 + 1e-5)
    assert not batch.violated.any()
    assert batch.success_rate > 0.8
    assert (batch.d_l2 <= 1.5 * (1 + 1e-5)).all()
    assert batch.adversarial.min() >= 0
    assert batch.adversarial.max() <= 1


def test_without_the_constraint_the_norm_would_move(attacked_net):
    net, batch = attacked_net
    moving = IMAGES.clone().requires_grad_()
    gradient = torch.autograd.grad(nn.functional.cross_entropy(net.eval()(moving), batch.labels), moving)[0]
    free = IMAGES + 1.5 * gradient / gradient.flatten(1).norm(dim=1)[:, None, None, None]
    change = norms(net, free) / norms(net, IMAGES) - 1
    assert (change.abs() > 0.02).float().mean() > 0.8


def test_on_a_plane_it_goes_round_the_circle():
    """The code is the image, and class 1 has x > y: (.8, .3) can only go to the mirrored side of its own circle."""
    net = nn.Sequential(nn.Identity(), nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    image = torch.tensor([[0.8, 0.3]])
    batch = adaptive_attack(net, image, torch.tensor([1]), SPEC, layer="0")
    x, y = batch.adversarial[0].tolist()
    assert batch.success.all()
    assert abs((x**2 + y**2) / 0.73 - 1) < 0.0405  # 2 % of the norm
    assert y > 0.8  # as far round as the square of images lets it, or nearly


def test_a_violation_is_a_failure(monkeypatch, attacked_net):
    net, honest = attacked_net
    monkeypatch.setattr(adaptive, "along_the_sphere", lambda *_: torch.rand(IMAGES.shape))
    batch = adaptive_attack(net, IMAGES, honest.labels, SPEC)
    changed = norms(net, batch.adversarial) / norms(net, IMAGES) - 1
    assert torch.equal(batch.violated, changed.abs() > 0.02)
    assert batch.violated.any()
    assert not (batch.success & batch.violated).any()


def test_nothing_is_random(attacked_net):
    net, batch = attacked_net
    state = torch.get_rng_state()
    again = adaptive_attack(net, IMAGES, batch.labels, SPEC, seed=7)
    assert torch.equal(batch.adversarial, again.adversarial)
    assert torch.equal(torch.get_rng_state(), state)


def test_gradients_are_on_wherever_it_is_called(attacked_net):
    net, batch = attacked_net
    with torch.inference_mode():
        inside = adaptive_attack(net, IMAGES.clone(), batch.labels.clone(), SPEC)
    assert torch.equal(inside.adversarial, batch.adversarial)


def test_refusals():
    net, labels, short = conv(), torch.zeros(16, dtype=torch.long), Effort(pgd_steps=1)
    with pytest.raises(ConfigError, match=r"attack 'noise' is not adaptive; choices: adaptive"):
        adaptive_attack(net, IMAGES, labels, AttackSpec(name="noise"))
    with pytest.raises(CaptureError, match="the norm of one layer that runs once, got 2 latents"):
        adaptive_attack(net, IMAGES, labels, SPEC, layer="**", effort=short)
