"""Henze-Zirkler against pingouin, side by side; not run by default and skipped without pingouin.

    pip install pingouin
    pytest tests/benchmarks/bench_henze_zirkler.py

Each program runs in a fresh process on one thread with the same samples (n = 10,000, d = 8; gausslab also with
n = 50,000), once to warm up with 200 samples and then until two seconds have passed; the median run counts: of pingouin
often the first alone, in which the system must find 3.8 GB. Memory is the process's peak less what it held before. CPU
seconds and megabytes are printed, and written to `extra_info` with `--benchmark-json`. The aim is 50 times faster and
50 times less memory than pingouin, and n = 50,000 in under 100 MB.
"""

import json
import os
import subprocess
import sys

import pytest

COMMON = """
import json, statistics, sys, time
import numpy as np
x = np.random.default_rng(0).standard_normal((int(sys.argv[1]), 8))
def megabytes(key):
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith(key))
def measured(run):
    run(x[:200])
    held, times = megabytes("VmRSS"), []
    open("/proc/self/clear_refs", "w").write("5")  # the peak of the imports is forgotten
    while sum(times) < 2:
        start = time.process_time()
        value = run(x)
        times.append(time.process_time() - start)
    print(json.dumps({"seconds": statistics.median(times), "megabytes": megabytes("VmHWM") - held, "value": value}))
"""
GAUSSLAB = """
import torch
from gausslab.estimators.henze_zirkler import HenzeZirkler
torch.set_num_threads(1)
test = HenzeZirkler(p_values="asymptotic")
measured(lambda x: test(torch.from_numpy(x))[0].value)
"""
PINGOUIN = """
import pingouin
measured(lambda x: float(pingouin.multivariate_normality(x).hz))
"""


def run(program, samples):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", COMMON + program, str(samples)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_against_pingouin(benchmark, capsys):
    pytest.importorskip("pingouin")
    ours = benchmark.pedantic(run, args=(GAUSSLAB, 10_000), rounds=1)
    theirs, many = run(PINGOUIN, 10_000), run(GAUSSLAB, 50_000)
    assert ours["value"] == pytest.approx(theirs["value"], rel=1e-9)
    faster, smaller = (theirs[key] / ours[key] for key in ("seconds", "megabytes"))
    benchmark.extra_info |= {"faster": faster, "smaller": smaller, "gausslab": ours, "pingouin": theirs, "50k": many}
    with capsys.disabled():
        print(
            f"\nn=10,000: {ours['seconds']:.3f} s against {theirs['seconds']:.2f} s ({faster:.0f} times), "
            f"{ours['megabytes']:.1f} MB against {theirs['megabytes']:.0f} MB ({smaller:.0f} times); "
            f"n=50,000: {many['seconds']:.2f} s, {many['megabytes']:.1f} MB"
        )
