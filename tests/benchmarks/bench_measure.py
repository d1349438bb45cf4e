"""`gausslab measure` of 10,000 x 128 with the default battery and the shipped null laws; not run by default.

    python tests/benchmarks/bench_measure.py [SAMPLES UNITS THREADS]

First the command as a user calls it, start of Python and imports included (aim: below 20 s on 2 cores); then, in one
process, the imports and the share of every estimator, wall-clock and CPU seconds. The estimators run once beforehand,
so that null laws which are not shipped are in the cache; with a cache of its own that is told.
"""

import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

SAMPLES, UNITS, THREADS = 10_000, 128, 2


def clocks():
    return np.array([time.perf_counter(), time.process_time()])


def command(samples, units, threads, folder):
    """Seconds of the whole command."""
    file = Path(folder) / "codes.npy"
    np.save(file, np.random.default_rng(0).standard_normal((samples, units), dtype=np.float32))
    arguments = [sys.executable, "-m", "gausslab", "measure", str(file), "--threads", str(threads)]
    start = time.perf_counter()
    subprocess.run(arguments, check=True, capture_output=True)
    return time.perf_counter() - start


def shares(samples, units, threads):
    """Wall-clock and CPU seconds of the imports and of every estimator."""
    marks = [("import", clocks())]
    import torch

    from gausslab.estimators import DEFAULT_ESTIMATORS
    from gausslab.estimators.measure import measure_allowed

    torch.set_num_threads(threads)
    x = torch.randn(samples, units, generator=torch.Generator().manual_seed(0))
    measure_allowed(x, DEFAULT_ESTIMATORS, {}, lambda name: marks.append((name, clocks())))
    marks.append(("", clocks()))
    return {name: after - before for (name, before), (_, after) in pairwise(marks)}


def main():
    samples, units, threads = [int(each) for each in sys.argv[1:4]] or (SAMPLES, UNITS, THREADS)
    with tempfile.TemporaryDirectory() as folder:
        command(samples, units, threads, folder)
        total = command(samples, units, threads, folder)
    print(f"gausslab measure, {samples:,} x {units}, {threads} threads: {total:.1f} s")
    found = shares(samples, units, threads)
    whole = sum(found.values())
    for name, (wall, cpu) in sorted(found.items(), key=lambda item: -item[1][0]):
        print(f"{name:<22} {wall:6.2f} s wall {cpu:6.2f} s CPU {wall / whole[0]:6.1%}")
    print(f"{'all':<22} {whole[0]:6.2f} s wall {whole[1]:6.2f} s CPU")


if __name__ == "__main__":
    main()
