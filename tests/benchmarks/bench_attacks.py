"""The attacks against those of the Adversarial Robustness Toolbox; not run by default and skipped without it.

    pip install --no-deps adversarial-robustness-toolbox==1.20.1
    pip install six tqdm
    pytest -s tests/benchmarks/bench_attacks.py

A second library, which shares no code with foolbox, attacks the same images of the same small network. FGSM has one
answer, which must be the same; PGD must have as many successes within the same ball, and DeepFool and C&W norms of the
same size: success of PGD to 2 %, the median norm of DeepFool to 5 %. The toolbox has no DDN: its norms are held against
the smallest that any of the others found.
"""

import warnings

import numpy as np
import pytest
import torch
from adversarial.made_networks import conv, pictures, said
from torch import nn

from gausslab.adversarial.foolbox_adapter import generate
from gausslab.adversarial.specs import AttackSpec

IMAGES = pictures(400)  # 2 % are 8 of them
FEW = 40  # as many as the toolbox's C&W gets through in a minute


@pytest.fixture(scope="module")
def toolbox():
    """Its attacks and its wrapper of the network."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(
            "art", reason="the Adversarial Robustness Toolbox is not installed: see the head of this file"
        )
        from art.attacks import evasion
        from art.estimators.classification import PyTorchClassifier
    net = conv().eval()
    loss = nn.CrossEntropyLoss()
    wrapped = PyTorchClassifier(
        net, loss=loss, input_shape=(1, 8, 8), nb_classes=3, clip_values=(0, 1), device_type="cpu"
    )
    return evasion, wrapped, net, said(net, IMAGES)


def theirs(attack, labels):
    return torch.from_numpy(attack.generate(IMAGES[: len(labels)].numpy(), y=np.eye(3)[labels.numpy()]))


def ours(net, labels, text):
    return generate(net, IMAGES[: len(labels)], labels, AttackSpec.parse(text))


def lengths(images):
    return (images - IMAGES[: len(images)]).flatten(1).norm(dim=1)


def test_fgsm_is_the_same(toolbox):
    evasion, wrapped, net, labels = toolbox
    found = theirs(evasion.FastGradientMethod(wrapped, eps=0.03), labels)
    torch.testing.assert_close(ours(net, labels, "fgsm:0.03").adversarial, found)


@pytest.mark.parametrize(("text", "norm", "size"), [("pgd-l2:0.1", 2, 0.1), ("pgd-linf:0.03", np.inf, 0.03)])
def test_pgd_has_as_many_successes(toolbox, text, norm, size):
    evasion, wrapped, net, labels = toolbox
    pgd = evasion.ProjectedGradientDescent(wrapped, norm=norm, eps=size, eps_step=size / 16, max_iter=40, verbose=False)
    rate = (said(net, theirs(pgd, labels)) != labels).float().mean().item()
    found = ours(net, labels, text).success_rate
    print(f"{text}: success {found:.4f}, the toolbox's {rate:.4f}")
    assert 0.05 < rate < 0.95
    assert found == pytest.approx(rate, abs=0.02)


def test_deepfool_has_norms_of_the_same_size(toolbox):
    evasion, wrapped, net, labels = toolbox
    expected = lengths(theirs(evasion.DeepFool(wrapped, epsilon=0.02, verbose=False), labels)).median().item()
    found = ours(net, labels, "deepfool")
    print(f"deepfool: median norm {found.d_l2.median():.4f}, the toolbox's {expected:.4f}")
    assert found.success_rate == 1
    assert found.d_l2.median() == pytest.approx(expected, rel=0.05)


def test_other_minimal_norms_are_as_small(toolbox):
    evasion, wrapped, net, labels = toolbox[0], toolbox[1], toolbox[2], toolbox[3][:FEW]
    deepfool = lengths(theirs(evasion.DeepFool(wrapped, epsilon=0.02, verbose=False), labels))
    cw = lengths(theirs(evasion.CarliniL2Method(wrapped, max_iter=20, verbose=False), labels))
    found = {text: ours(net, labels, text) for text in ("ddn", "cw")}
    least = torch.stack([deepfool, cw]).amin(0)
    print(f"cw: median norm {found['cw'].d_l2.median():.4f}, the toolbox's {cw.median():.4f}")
    print(f"ddn: median norm over the toolbox's least {(found['ddn'].d_l2 / least).median():.4f}")
    assert all(batch.success_rate == 1 for batch in found.values())
    assert found["cw"].d_l2.median() <= cw.median() * 1.03
    assert (found["ddn"].d_l2 / least).median() <= 1.15  # norms near .1 are reached late from its start at 1
