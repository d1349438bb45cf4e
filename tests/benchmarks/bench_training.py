"""Choices of the training loop, measured side by side; run with `pytest tests/benchmarks/bench_training.py`.

The machine's speed drifts, so compare the groups of one run with one another and with nothing else.
"""

import time

import pytest
import torch

from gausslab.config import DataConfig, ModelConfig
from gausslab.data import load
from gausslab.models import build
from gausslab.training import batch, threads

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
BATCH = 100


def _step(layout, channels=8):
    model = build(ModelConfig(channels=channels), (1, 32, 32), 0).to(memory_format=layout)
    optimiser = torch.optim.Adam(model.parameters())
    images = torch.rand(BATCH, 1, 32, 32).contiguous(memory_format=layout)

    def step():
        optimiser.zero_grad(set_to_none=True)
        ((model(images) - images).square().sum() / BATCH).backward()
        optimiser.step()

    return step


@pytest.mark.benchmark(group="memory layout and threads, one step of 8 channels")
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_step(benchmark, layout, number):
    with threads(number):
        benchmark.pedantic(_step(LAYOUTS[layout]), rounds=20, warmup_rounds=3)


def test_data_path_is_a_small_share_of_a_step(capsys):
    """Printed, not asserted: gathering and scaling a batch against the step it feeds."""
    split = load(DataConfig()).train
    order = torch.randperm(len(split))[:BATCH]
    step = _step(torch.channels_last)
    with threads(1):
        gather = _median(lambda: batch(split, order, torch.device("cpu")), 200)
        whole = _median(step, 20)
    with capsys.disabled():
        print(f"\ndata path: {gather * 1e3:.3f} ms of a step's {whole * 1e3:.1f} ms = {gather / whole:.2%}")


def _median(function, rounds):
    function()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return sorted(times)[rounds // 2]
