"""Capture against the bare forward pass, side by side; not run by default.

    pytest tests/benchmarks/bench_hooks.py

The captured model and an uncaptured twin take turns, batch by batch, and CPU time is counted, since the machine may be
shared. A round is the batches between two updates of the moments; the overhead is the median over rounds of captured
over bare, plus the capture's start and end. It is printed, and written to `extra_info` with `--benchmark-json`. The aim
for `moments` is under 1.05.
"""

import copy
import statistics
import time

import pytest
import torch

from gausslab.config import ModelConfig
from gausslab.hooks import capture
from gausslab.models import build

BATCH, BATCHES, ROUNDS = 100, 11, 15  # 11 batches pass the 1024 rows after which a stream is flushed


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def seconds(model, images):
    start = time.process_time()
    model(images)
    return time.process_time() - start


@pytest.mark.parametrize("channels", [8, 16])
@pytest.mark.parametrize("store", ["moments", "vectors"])
def test_overhead(benchmark, capsys, channels, store):
    model = build(ModelConfig(channels=channels), (1, 32, 32), 0).eval()
    twin = copy.deepcopy(model)
    batches = torch.rand(BATCHES, BATCH, 1, 32, 32)
    rounds = []

    def take_turns():
        pairs = [(seconds(model, images), seconds(twin, images)) for images in batches]
        rounds.append([sum(times) for times in zip(*pairs, strict=True)])

    with torch.no_grad():
        start = time.process_time()
        with capture(model, store=store):
            benchmark.pedantic(take_turns, rounds=ROUNDS, warmup_rounds=1)
        around = time.process_time() - start - sum(map(sum, rounds))
    bare = statistics.median(bare for _, bare in rounds[1:])
    ratio = statistics.median(captured / bare for captured, bare in rounds[1:]) + around / (bare * len(rounds))
    benchmark.extra_info["overhead"] = ratio
    with capsys.disabled():
        print(f"\n{store}, {channels} channels: captured / bare = {ratio:.3f} ({1e3 * bare / BATCHES:.1f} ms a batch)")
