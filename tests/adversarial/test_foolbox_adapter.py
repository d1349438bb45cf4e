"""foolbox behind the adapter: closed forms on a linear network, balls, guards, and what happens without it."""

import importlib
import os
import sys

import pytest
import torch
from adversarial.made_networks import conv, linear, pictures, said
from torch.nn.functional import cross_entropy

from gausslab.adversarial import foolbox_adapter
from gausslab.adversarial.foolbox_adapter import ATTACKS, generate
from gausslab.adversarial.specs import AttackSpec, Effort
from gausslab.errors import ConfigError, EstimatorError

WEIGHTS, BIAS = [3.0, -4.0, 0.0], 0.2
NET = linear(WEIGHTS, BIAS)
POINTS = 0.4 + 0.2 * torch.rand(8, 3, generator=torch.Generator().manual_seed(0))
MARGINS = POINTS @ torch.tensor(WEIGHTS) + BIAS
LABELS = (MARGINS > 0).long()
DISTANCES = MARGINS.abs() / 5  # of the points from the plane, whose normal has length 5
IMAGES = pictures(6)
SHORT = Effort(pgd_steps=10, cw_steps=60, cw_searches=4)


@pytest.fixture
def foolbox(monkeypatch):
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    return pytest.importorskip("foolbox", reason="foolbox is not installed: pip install 'gausslab[attacks]'")


def attack(text, net=NET, images=POINTS, labels=LABELS, **options):
    return generate(net, images, labels, AttackSpec.parse(text), **{"effort": SHORT} | options)


@pytest.mark.parametrize(
    ("text", "above"),
    [
        ("ddn", 0.06),  # its norm moves by 5 % a step, and it keeps the smallest that succeeded
        ("deepfool", 0.025),  # one step, 2 % too far, and rounding of small distances
        ("cw", 0.1),  # Adam for 60 steps
    ],
)
def test_minimal_norms_are_those_of_the_plane(foolbox, text, above):
    batch = attack(text)
    assert batch.success.all()
    assert (batch.d_l2 > DISTANCES).all()
    assert (batch.d_l2 < DISTANCES * (1 + above) + 1e-3).all()


def test_confidence_is_a_lead_in_logits(foolbox):
    batch = attack("cw:0.5")
    assert (batch.margin <= -0.5).all()
    assert (batch.d_l2 > DISTANCES + 0.5 / 5).all()


def test_fgsm_by_hand(foolbox):
    net, labels = conv(), said(conv(), IMAGES)
    batch = attack("fgsm:0.03", net, IMAGES, labels)
    moving = IMAGES.clone().requires_grad_()
    gradient = torch.autograd.grad(cross_entropy(net.eval()(moving), labels), moving)[0]
    torch.testing.assert_close(batch.adversarial, IMAGES + 0.03 * gradient.sign())


@pytest.mark.parametrize("text", ["pgd-linf:0.1", "pgd-l2:1.5", "pgd-l2-targeted:1.5"])
def test_budgets_are_kept(foolbox, text):
    net = conv()
    images = torch.cat([IMAGES, torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)])
    batch = attack(text, net, images, said(net, images))
    spec = AttackSpec.parse(text)
    reached = batch.d_linf if spec.norm == "linf" else batch.d_l2
    assert (reached <= spec.value * (1 + 1e-5)).all()  # rounding of float32
    assert batch.adversarial.min() >= 0
    assert batch.adversarial.max() <= 1
    assert batch.success_rate > 0.5


def test_targets_are_the_least_likely_classes(foolbox):
    net = conv()
    batch = attack("pgd-l2-targeted:1.5", net, IMAGES, said(net, IMAGES))
    with torch.no_grad():
        rarest = net.eval()(IMAGES).argmin(1)
    assert batch.success.any()
    assert torch.equal(batch.prediction[batch.success], rarest[batch.success])


def test_success_is_what_the_network_says_afterwards(foolbox):
    net = conv()
    batch = attack("pgd-l2:0.5", net, IMAGES, said(net, IMAGES))
    assert torch.equal(batch.success, said(net, batch.adversarial) != said(net, IMAGES))


def test_a_failed_search_of_cw_is_dropped(foolbox):
    """One step with the first constant reaches nothing: foolbox gives black images back."""
    net = linear([1.0, 0.0, 0.0], -0.9)  # black is of class 0, as all points are; labels say 1 where black would pass
    points = torch.cat([POINTS[:2], torch.full((1, 3), 0.95)])
    batch = generate(
        net, points, torch.tensor([0, 0, 1]), AttackSpec(name="cw"), effort=Effort(cw_steps=1, cw_searches=1)
    )
    assert batch.empty_count == 3
    assert not batch.success.any()
    assert torch.equal(batch.adversarial, points)


def test_a_model_in_training_mode_is_as_it_was(foolbox):
    net = conv()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    attack("pgd-linf:0.1", net, IMAGES, torch.zeros(6, dtype=torch.long))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(module.training for module in net.modules())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("text", ["ddn", "pgd-l2-targeted:1"])
def test_gradients_are_on_wherever_it_is_called(foolbox, context, text):
    with context():
        batch = attack(text, images=POINTS.clone(), labels=LABELS.clone())
    assert batch.success.all()


def test_seeds_repeat_and_global_randomness_is_left_alone(foolbox):
    net, state = conv(), torch.get_rng_state()
    labels = said(net, IMAGES)
    first, again, other = (attack("pgd-l2:0.5", net, IMAGES, labels, seed=seed).adversarial for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_images_outside_the_unit_interval_are_refused(foolbox):
    for text in ("ddn", "pgd-l2-targeted:1"):
        with pytest.raises(EstimatorError, match=r"images must lie in \[0, 1\]"):
            attack(text, images=POINTS * 3)


def test_without_foolbox_every_attack_says_so_in_a_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "foolbox", None)
    for name in ATTACKS:
        message = rf"attack '{name}' needs foolbox, which is not installed: pip install 'gausslab\[attacks\]'$"
        with pytest.raises(ConfigError, match=message):
            attack(name if name in ("ddn", "deepfool", "cw") else f"{name}:0.1")


def test_no_git_program_is_needed_and_a_broken_package_is_told(monkeypatch):
    """As where a newer scipy has moved what foolbox imports."""
    seen = []

    def broken(name):
        seen.append(os.environ["GIT_PYTHON_REFRESH"])
        raise ModuleNotFoundError("No module named 'scipy.elsewhere'", name="scipy.elsewhere")

    monkeypatch.setenv("GIT_PYTHON_REFRESH", "")
    monkeypatch.delenv("GIT_PYTHON_REFRESH")
    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ConfigError, match=r"needs foolbox, which cannot be imported: .*'scipy\.elsewhere'"):
        foolbox_adapter.generate(NET, POINTS, LABELS, AttackSpec(name="ddn"))
    assert seen == ["quiet"]


def test_other_attacks_are_refused():
    with pytest.raises(ConfigError, match="unknown attack of foolbox 'midpoint'; choices: ddn, deepfool, cw"):
        attack("midpoint")
