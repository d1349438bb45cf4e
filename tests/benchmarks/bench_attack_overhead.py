"""Attacks through gausslab against foolbox called directly, side by side; not run by default and skipped without it.

    pip install 'gausslab[attacks]'
    pytest tests/benchmarks/bench_attack_overhead.py

The same attack with the same settings on the same images of the same classifier, by turns in one process, and CPU time
is counted, since the machine may be shared. The overhead is the median over rounds of gausslab's time over foolbox's;
it is printed, and written to `extra_info` with `--benchmark-json`. gausslab's time has the guards, and the judgement by
two forward passes; a direct call also differentiates by the weights, which the guards leave out. The searches are the
quick ones, beside which that weighs more than beside the full ones. The aim is under 1.15.
"""

import statistics
import time

import pytest
import torch

from gausslab.adversarial import foolbox_adapter
from gausslab.adversarial.generating import AttackSettings, run_attack
from gausslab.adversarial.specs import EFFORTS, AttackSpec
from gausslab.config import ModelConfig
from gausslab.models import build

IMAGES, ROUNDS, AIM = 250, 5, 1.15
ATTACKS = ("ddn", "deepfool", "cw", "fgsm:0.1", "pgd-linf:0.1", "pgd-l2:1.5")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def foolbox():
    pytest.importorskip("foolbox", reason="foolbox is not installed: see the head of this file")
    return foolbox_adapter._imported(AttackSpec(name="ddn"))


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.mark.parametrize("text", ATTACKS)
def test_overhead(benchmark, capsys, foolbox, text):
    spec, generator = AttackSpec.parse(text), torch.Generator().manual_seed(0)
    effort = EFFORTS["quick"]
    model = build(ModelConfig(kind="classifier", channels=8), (1, 32, 32), 0).eval()
    images = torch.rand(IMAGES, 1, 32, 32, generator=generator)
    labels = model(images).argmax(1)
    method = foolbox_adapter.ATTACKS[spec.name](foolbox.attacks, spec, effort)
    budget = None if spec.name == "cw" else spec.value
    rounds = []

    def direct():
        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        method(wrapped, images, foolbox.criteria.Misclassification(labels), epsilons=budget)

    def ours():
        run_attack(model, images, labels, spec, settings=AttackSettings(batch=IMAGES, effort=effort))

    def take_turns():
        rounds.append((seconds(ours), seconds(direct)))

    benchmark.pedantic(take_turns, rounds=ROUNDS, warmup_rounds=1)
    ratio = statistics.median(mine / bare for mine, bare in rounds[1:])
    benchmark.extra_info["overhead"] = ratio
    with capsys.disabled():
        bare = statistics.median(bare for _, bare in rounds[1:])
        print(f"\n{text}: gausslab / foolbox = {ratio:.3f} ({bare:.2f} s of CPU directly; the aim is under {AIM})")
