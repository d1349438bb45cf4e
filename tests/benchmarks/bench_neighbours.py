"""Exact nearest neighbours against faiss, scikit-learn and scipy, side by side; not run by default.

    pip install faiss-cpu
    pytest tests/benchmarks/bench_neighbours.py

Self-search, k = 5, N(0, I). Ours and a peer take turns in one process on one thread; CPU time is counted, since the
machine may be shared, and the least of the rounds is kept. Printed, and written to `extra_info` with
`--benchmark-json`: our seconds over the peer's. The aims: at 50,000 x 32 and x 128 at most 1 of faiss-cpu's flat index
and 0.59 of scikit-learn's brute force (both in single precision, faiss and scikit-learn return distances that lose
digits); at 10,000 x 32 at most 0.083 of scipy's k-d tree and at 50,000 x 8 at most 1.2 of it. Peers that are not
installed are skipped. The last two measure what two threads gain, by the clock and therefore only on a quiet machine,
and the memory beyond the samples at 50,000 x 128, where the aim is 256 MB.
"""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from gausslab.estimators.neighbours import nearest_neighbours

K = 5
MEMORY = """
import sys, torch
from gausslab.estimators.neighbours import nearest_neighbours
torch.set_num_threads(int(sys.argv[1]))
def megabytes(key):
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith(key))
x = torch.randn(50_000, 128, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
nearest_neighbours(x[:3000], 5)
held = megabytes("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
nearest_neighbours(x, 5)
print(megabytes("VmHWM") - held)
"""


def faiss(x):
    index = pytest.importorskip("faiss").IndexFlatL2(x.shape[1])

    def run():
        index.reset()
        index.add(x.astype(np.float32))
        return index.search(x.astype(np.float32), K + 1)

    return run


def sklearn(x):
    search = pytest.importorskip("sklearn.neighbors").NearestNeighbors(n_neighbors=K, algorithm="brute")
    return lambda: search.fit(x.astype(np.float32)).kneighbors()


def tree(x):
    return lambda: cKDTree(x).query(x, K + 1)


def samples(count, units, offset=0.0):
    return np.random.default_rng(0).standard_normal((count, units)) + offset


def seconds(run, clock=time.process_time):
    start = clock()
    run()
    return clock() - start


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("peer", "count", "units", "aim"),
    [
        (faiss, 50_000, 32, 1.0),
        (faiss, 50_000, 128, 1.0),
        (sklearn, 50_000, 32, 0.59),
        (sklearn, 50_000, 128, 0.59),
        (tree, 10_000, 32, 0.083),
        (tree, 50_000, 8, 1.2),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_time(benchmark, capsys, peer, count, units, aim):
    x = samples(count, units)
    theirs, y, rounds = peer(x), torch.from_numpy(x), []

    def take_turns():
        rounds.append((seconds(lambda: nearest_neighbours(y, K)), seconds(theirs)))

    benchmark.pedantic(take_turns, rounds=3)
    us, them = (min(times) for times in zip(*rounds, strict=True))
    benchmark.extra_info |= {"ours": us, "peer": them, "ratio": us / them}
    with capsys.disabled():
        name = peer.__name__
        print(f"\n{count} x {units}: {us:.2f} s, {name} {them:.2f} s: ours / {name} = {us / them:.2f} (aim {aim})")


@pytest.mark.parametrize("units", [8, 32, 128])
def test_error(benchmark, capsys, units):
    x = samples(50_000, units, 1e3)
    found = benchmark.pedantic(nearest_neighbours, args=(torch.from_numpy(x), K), rounds=1)
    some = np.arange(0, 50_000, 500)
    exact = np.sort(cdist(x[some], x), axis=1)[:, 1 : K + 1]
    error = np.abs(found.distances.numpy()[some] / exact - 1).max()
    benchmark.extra_info["error"] = error
    with capsys.disabled():
        print(f"\n50,000 x {units}, offset 1000: largest relative error {error:.1e} (aim 1e-12)")


@pytest.mark.parametrize(("count", "units"), [(50_000, 8), (50_000, 32), (50_000, 128)])
def test_two_threads(benchmark, capsys, count, units):
    x, rounds = torch.from_numpy(samples(count, units)), []

    def take_turns():
        times = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            times.append(seconds(lambda: nearest_neighbours(x, K), time.perf_counter))
        rounds.append(times)

    benchmark.pedantic(take_turns, rounds=3)
    one, two = (min(times) for times in zip(*rounds, strict=True))
    benchmark.extra_info["gain"] = one / two
    with capsys.disabled():
        print(f"\n{count} x {units}: {one:.2f} s on one thread, {two:.2f} s on two: {one / two:.2f} times (aim 1.6)")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("threads", [1, 2])
def test_memory(benchmark, capsys, threads):
    def run():
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        command = [sys.executable, "-c", MEMORY, str(threads)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)

    extra = benchmark.pedantic(run, rounds=1)
    benchmark.extra_info["megabytes"] = extra
    with capsys.disabled():
        print(f"\n50,000 x 128 on {threads} threads: {extra:.0f} MB beyond the samples (aim 256)")
