"""The label-free attack: turns latents further than noise does, stays in its ball, takes no labels."""

import warnings

import pytest
import torch
from adversarial.made_networks import conv, pictures, said
from torch import nn
from torch.nn.functional import cosine_similarity

from gausslab.adversarial.controls import noisy
from gausslab.adversarial.radial_attack import radial_attack
from gausslab.adversarial.specs import AttackSpec, Effort
from gausslab.errors import CaptureError, ConfigError
from gausslab.seeding import torch_generator

SHORT = Effort(pgd_steps=10)
IMAGES = pictures(12)
SPECS = {text: AttackSpec.parse(text) for text in ("radial-linf:0.1", "radial-l2:0.5")}


def attack(net, text, labels=None, **options):
    return radial_attack(net, IMAGES, labels, SPECS[text], effort=SHORT, **options)


def code(net, images):
    """By hand, up to the bottleneck's output, which has no affine map at its initial weights."""
    with torch.no_grad():
        return net.eval()[:6](images)


@pytest.mark.parametrize("text", SPECS)
@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm])
def test_turns_further_than_noise_of_the_same_size(text, norm):
    net = conv(norm=norm)
    batch = attack(net, text, layers="bottleneck")
    noise = noisy(IMAGES, batch.d_l2, torch_generator(0, "noise"))
    clean = code(net, IMAGES)
    by_attack, by_noise = (cosine_similarity(code(net, x), clean) for x in (batch.adversarial, noise))
    assert (by_attack < by_noise).all()
    assert by_attack.mean() < by_noise.mean() - 0.1


@pytest.mark.parametrize("text", SPECS)
def test_stays_in_its_ball_and_in_the_unit_interval(text):
    edge = torch.cat([IMAGES, torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8)])
    batch = radial_attack(conv(), edge, None, SPECS[text], effort=SHORT)
    reached = batch.d_linf if SPECS[text].norm == "linf" else batch.d_l2
    assert (reached <= SPECS[text].value * (1 + 1e-5)).all()  # rounding of float32
    assert batch.adversarial.min() >= 0
    assert batch.adversarial.max() <= 1


def test_labels_judge_and_do_not_guide():
    net = conv()
    right = said(net, IMAGES)
    wrong = (right + 1) % 3
    blind, guided, misled = (attack(net, "radial-linf:0.1", labels) for labels in (None, right, wrong))
    assert torch.equal(blind.adversarial, guided.adversarial)
    assert torch.equal(blind.adversarial, misled.adversarial)
    assert torch.equal(blind.success, guided.success)
    assert blind.success_rate > 0
    assert not misled.attempted.any()


def test_seeds_repeat_and_global_randomness_is_left_alone():
    net, state = conv(), torch.get_rng_state()
    first, again, other = (attack(net, "radial-l2:0.5", seed=seed).adversarial for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)
    assert net.training


def test_several_layers_share_the_angle():
    """Each layer alone is turned further by the attack on it than by that on both."""
    net = conv()
    one, both = (attack(net, "radial-linf:0.1", layers=layers) for layers in ("bottleneck", ["norm", "bottleneck"]))
    clean = code(net, IMAGES)
    alone, shared = (cosine_similarity(code(net, batch.adversarial), clean).mean() for batch in (one, both))
    assert alone < shared < 1


def test_refusals():
    with pytest.raises(ConfigError, match="attack 'ddn' is not radial; choices: radial-linf, radial-l2"):
        radial_attack(conv(), IMAGES, None, AttackSpec(name="ddn"))
    with pytest.raises(CaptureError, match="did you mean 'bottleneck'"):
        attack(conv(), "radial-l2:0.5", layers="botleneck")


def test_a_scripted_model_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates torch.jit
        scripted = torch.jit.script(conv().eval())
    with pytest.raises(CaptureError, match="hooks do not fire on TorchScript modules"):
        attack(scripted, "radial-l2:0.5")
