"""Agreement and speed against other libraries, side by side: `python studies/peers/study.py` (extra `peers`).

Each pair runs in turn in one process, one thread, CPU seconds, the least of three; each peak of memory in a process of
its own. A peer that is not installed leaves a row that says so. Each row is saved in runs/peers when it is done: the
same command goes on where an interrupted one stopped, and does again what is deleted there.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from gausslab import provenance
from gausslab.cli import guarded
from gausslab.estimators import ESTIMATORS, knn_divergence, knn_entropy
from gausslab.estimators.neighbours import nearest_neighbours
from gausslab.files import write_atomically
from gausslab.seeding import numpy_generator

HERE = Path(__file__).parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
K = 5
REPEATS = 3
PROCESS = Path("/proc/self")
RUNS = HERE.parents[1] / "runs" / "peers"
CLOCKS = {"CPU": time.process_time, "wall": time.perf_counter}
Function = Callable[[np.ndarray], Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One quantity that gausslab and a peer both compute, at one size.

    Attributes:
        quantity: what is computed.
        package: whose function the peer is.
        samples: n.
        units: d.
        ours: gausslab's function; its result is an array, of statistics and p-values in the last axis for a test.
        peer: the other's, None where it cannot be run at this size.
        offset: added to the samples.
        test: whether there are p-values.
        clock: `CPU`, or `wall` where threads are compared.
        environment: variables of the processes that it runs in.
        note: what else there is to say of the row.
    """

    quantity: str
    package: str
    samples: int
    units: int
    ours: Function
    peer: Function | None
    offset: float = 0.0
    test: bool = False
    clock: str = "CPU"
    environment: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def name(self) -> str:
        """Of the file that its row is saved in."""
        words = f"{self.quantity} {self.package} {self.samples}x{self.units}"
        return "".join(letter if letter.isalnum() else "-" for letter in words)

    @property
    def x(self) -> np.ndarray:
        """The samples, the same in every process."""
        generator = numpy_generator(0, f"peers/{self.samples}/{self.units}")
        x = generator.standard_normal((self.samples, self.units))
        x += self.offset  # without a second array, which would hide as much memory of the function's
        return x


def distances(x: np.ndarray) -> np.ndarray:
    """Ours."""
    return nearest_neighbours(torch.from_numpy(x), K).distances.numpy()


def threaded(threads: int) -> Function:
    """Ours on several threads."""

    def found(x: np.ndarray) -> np.ndarray:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return distances(x)
        finally:
            torch.set_num_threads(before)

    return found


def faiss_distances(x: np.ndarray) -> np.ndarray:
    """Flat index, float32; the nearest of all is the sample itself."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatL2(x.shape[1])
    single = x.astype(np.float32)
    index.add(single)
    return np.sqrt(np.maximum(index.search(single, K + 1)[0][:, 1:], 0))


def sklearn_distances(x: np.ndarray) -> np.ndarray:
    """Brute force in float32, as most people call it."""
    from sklearn.neighbors import NearestNeighbors

    single = x.astype(np.float32)
    return NearestNeighbors(n_neighbors=K, algorithm="brute").fit(single).kneighbors()[0]


def scipy_distances(x: np.ndarray) -> np.ndarray:
    """The k-d tree."""
    from scipy.spatial import cKDTree

    return cKDTree(x).query(x, K + 1)[0][:, 1:]


def statistics(name: str) -> Function:
    """A test's statistic and p by the literature's formula, all units."""
    estimator = ESTIMATORS[name](p_values="asymptotic")

    def values(x: np.ndarray) -> np.ndarray:
        rows = [row for row in estimator(torch.from_numpy(x)) if row.statistic == "statistic"]
        return np.array([(row.value, row.p_value) for row in rows]).squeeze()

    return values


def by_column(function: Callable[[np.ndarray], Any]) -> Function:
    """A peer's test of one sample, unit after unit."""
    return lambda x: np.array([tuple(function(column)) for column in x.T])


def scipy_shapiro(x: np.ndarray) -> np.ndarray:
    """scipy, unit after unit."""
    from scipy import stats

    return by_column(stats.shapiro)(x)


def scipy_k2(x: np.ndarray) -> np.ndarray:
    """scipy, all units at once."""
    from scipy import stats

    return np.array(tuple(stats.normaltest(x, axis=0))).T


def scipy_jarque_bera(x: np.ndarray) -> np.ndarray:
    """scipy, all units at once."""
    from scipy import stats

    return np.array(tuple(stats.jarque_bera(x, axis=0))).T


def scipy_radii(x: np.ndarray) -> np.ndarray:
    """Kolmogorov-Smirnov test of the radii, by scipy."""
    from scipy import stats

    found = stats.kstest(np.linalg.norm(x, axis=1), stats.chi(x.shape[1]).cdf)
    return np.array([found.statistic, found.pvalue])


def our_radii(x: np.ndarray) -> np.ndarray:
    """Ours of the same."""
    row = next(row for row in ESTIMATORS["radial_ks"]()(torch.from_numpy(x)) if row.statistic == "statistic")
    return np.array([row.value, row.p_value])


def statsmodels_ad(x: np.ndarray) -> np.ndarray:
    """statsmodels, unit after unit."""
    from statsmodels.stats.diagnostic import normal_ad

    return by_column(normal_ad)(x)


def pingouin_hz(x: np.ndarray) -> np.ndarray:
    """Henze-Zirkler test, by pingouin."""
    import pingouin

    return np.array(pingouin.multivariate_normality(x)[:2], dtype=float)


def npeet_entropy(x: np.ndarray) -> float:
    """npeet-plus: Kozachenko-Leonenko in the max norm, nats."""
    import npeet_plus

    return float(npeet_plus.entropy(x, k=K, base=np.e))


def our_entropy(x: np.ndarray) -> float:
    """Ours of the same."""
    return knn_entropy(torch.from_numpy(x), K, norm="max")[K].value


def halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unequal parts, the second shifted: a known divergence of d / 8."""
    cut = len(x) * 2 // 3
    return x[:cut], x[cut:] + 0.5


def universal_kl(x: np.ndarray) -> float:
    """universal-divergence, fixed k."""
    import universal_divergence

    return float(universal_divergence.estimate(*halves(x), k=K))


def our_kl(x: np.ndarray) -> float:
    """Ours of the same."""
    return float(knn_divergence(*map(torch.from_numpy, halves(x)), k=K).value)


def cases() -> Iterator[Case]:
    """What is compared, at which sizes."""
    yield from neighbour_cases()
    yield from told_cases()
    yield from offset_cases()
    yield Case(
        quantity="neighbours, two threads against one",
        package="gausslab",
        samples=50_000,
        units=128,
        ours=threaded(2),
        peer=threaded(1),
        clock="wall",
        note="peer: gausslab on one thread",
    )
    yield Case(
        quantity="entropy, max norm",
        package="npeet-plus",
        samples=10_000,
        units=8,
        ours=our_entropy,
        peer=npeet_entropy,
    )
    yield Case(
        quantity="two-sample kNN-KL",
        package="universal-divergence",
        samples=9000,
        units=8,
        ours=our_kl,
        peer=universal_kl,
    )
    yield from test_cases()


def neighbour_cases() -> Iterator[Case]:
    """Five nearest neighbours of every sample."""
    sizes = ((10_000, 32), (10_000, 128), (50_000, 8), (50_000, 32), (50_000, 128))
    few = ((10_000, 8), (10_000, 32), (50_000, 8))
    for package, peer, chosen in (
        ("faiss-cpu", faiss_distances, sizes),
        ("scikit-learn", sklearn_distances, sizes),
        ("scipy", scipy_distances, few),
    ):
        for n, d in chosen:
            yield Case(quantity="neighbours", package=package, samples=n, units=d, ours=distances, peer=peer)


def told_cases() -> Iterator[Case]:
    """The BLAS in faiss' wheels is older than many processors: once more, told what this one can do."""
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        return
    told = {"OPENBLAS_CORETYPE": "Haswell"}
    quantity = "neighbours, OPENBLAS_CORETYPE=Haswell"
    for d in (32, 128):
        yield Case(
            quantity=quantity,
            package="faiss-cpu",
            samples=50_000,
            units=d,
            ours=distances,
            peer=faiss_distances,
            environment=told,
        )


def offset_cases() -> Iterator[Case]:
    """The same of samples far from the origin, where single precision loses its digits."""
    for package, peer in (
        ("faiss-cpu", faiss_distances),
        ("scikit-learn", sklearn_distances),
        ("scipy", scipy_distances),
    ):
        yield Case(
            quantity="neighbours, data + 1000",
            package=package,
            samples=10_000,
            units=8,
            ours=distances,
            peer=peer,
            offset=1e3,
        )


def test_cases() -> Iterator[Case]:
    """Statistics with their p-values."""
    hz = statistics("henze_zirkler")
    plain: tuple[tuple[str, str, int, int, Function, Function | None], ...] = (
        ("henze_zirkler", "pingouin", 10_000, 8, hz, pingouin_hz),
        ("henze_zirkler", "pingouin", 2000, 32, hz, pingouin_hz),
        ("henze_zirkler", "pingouin", 50_000, 8, hz, None),
        ("shapiro_wilk", "scipy", 5000, 128, statistics("shapiro_wilk"), scipy_shapiro),
        ("dagostino_k2", "scipy", 10_000, 128, statistics("dagostino_k2"), scipy_k2),
        ("jarque_bera", "scipy", 10_000, 128, statistics("jarque_bera"), scipy_jarque_bera),
        ("anderson_darling", "statsmodels", 10_000, 128, statistics("anderson_darling"), statsmodels_ad),
        ("radial_ks", "scipy", 10_000, 128, our_radii, scipy_radii),
    )
    for quantity, package, n, d, ours, peer in plain:
        note = "" if peer else f"not run: each of the peer's matrices of n x n would take {8 * n**2 / 1e9:.0f} GB"
        yield Case(quantity=quantity, package=package, samples=n, units=d, ours=ours, peer=peer, test=True, note=note)


def timed(function: Function, x: np.ndarray, clock: str) -> tuple[float, np.ndarray]:
    """Seconds and result."""
    now = CLOCKS[clock]
    start = now()
    result = function(x)
    return now() - start, np.asarray(result, dtype=float)


def compare(case: Case) -> dict[str, Any]:
    """A case without its memory: both in turn, the least time of each, and by how much their results differ."""
    x = case.x
    if case.peer is None:
        return {"seconds": min(timed(case.ours, x, case.clock)[0] for _ in range(REPEATS))}
    pairs = [(timed(case.ours, x, case.clock), timed(case.peer, x, case.clock)) for _ in range(REPEATS)]
    (ours, first), (peer, second) = (min(runs, key=lambda run: run[0]) for runs in zip(*pairs, strict=True))
    return {
        "seconds": ours,
        "peer_seconds": peer,
        "peer_over_ours": peer / ours,
        **differences(first, second, case.test),
    }


def differences(ours: np.ndarray, peer: np.ndarray, test: bool) -> dict[str, float]:
    """The largest relative one of statistics; of p-values, which may be as small as they like, the largest as it is."""
    first, second = (values[..., 0] if test else values for values in (ours, peer))
    found = {"largest_relative_difference": float((np.abs(second - first) / np.abs(first)).max())}
    return found | ({"largest_p_difference": float(np.abs(peer - ours)[..., 1].max())} if test else {})


def peak(index: int, of_peer: bool) -> float | None:
    """MB that a call holds at most beyond the samples and the imports (a small call), None outside Linux."""
    case = list(cases())[index]
    function = case.peer if of_peer else case.ours
    if function is None or not sys.platform.startswith("linux"):
        return None
    function(case.x[:300])
    x = case.x
    held = megabytes("VmRSS")
    (PROCESS / "clear_refs").write_text("5")  # the peak so far, of the imports, is forgotten
    function(x)
    return megabytes("VmHWM") - held


def megabytes(key: str) -> float:
    """A size of this process that the kernel keeps."""
    lines = (PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def fresh(environment: Mapping[str, str], function: Callable[..., Any], *arguments: Any) -> Any:
    """A call in a process of its own, with these variables set."""
    before = dict(os.environ)
    os.environ |= environment
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(function, *arguments).result()
    finally:
        os.environ.clear()
        os.environ |= before


def row(index: int) -> dict[str, Any]:
    """The row of a case without its memory, in a process of its own."""
    return compare(list(cases())[index])


COLUMNS = (
    "quantity",
    "package",
    "version",
    "samples",
    "units",
    "clock",
    "seconds",
    "peer_seconds",
    "peer_over_ours",
    "megabytes",
    "peer_megabytes",
    "largest_relative_difference",
    "largest_p_difference",
    "note",
)


def described(index: int, case: Case) -> dict[str, Any]:
    """A row: what was compared, with which version, and how it came out."""
    start = {name: getattr(case, name) for name in ("quantity", "package", "samples", "units", "clock", "note")}
    try:
        start["version"] = version(case.package)
    except PackageNotFoundError:
        return {**start, "note": "not installed"}
    ours, peer = (fresh(case.environment, peak, index, of_peer) for of_peer in (False, True))
    measured = fresh(case.environment, row, index)
    return {**start, **measured, "megabytes": ours, "peer_megabytes": peer}


def saved(index: int, case: Case, runs: Path) -> dict[str, Any]:
    """What is known of a case, measured now if it has not been yet: its row, and where and when that was made."""
    file = runs / f"{case.name}.json"
    if file.exists():
        return dict(json.loads(file.read_text()))
    start = time.perf_counter()
    measured = described(index, case)
    found = {"row": measured, **provenance.record(1, time.perf_counter() - start)}
    if measured["note"] != "not installed":  # it may be, the next time
        write_atomically(file, provenance.to_bytes(found))
    return found


def main(folder: Path = HERE, runs: Path = RUNS) -> None:
    """Compare all, write the table."""
    os.environ |= dict.fromkeys(THREADS, "1")  # all is measured in processes started from here
    runs.mkdir(parents=True, exist_ok=True)
    found = {}
    for index, case in enumerate(cases()):
        found[case.name] = saved(index, case, runs)
        print(found[case.name]["row"], file=sys.stderr, flush=True)
    table = pd.DataFrame([each["row"] for each in found.values()], columns=list(COLUMNS))
    write_atomically(folder / "peers.csv", table.to_csv(index=False, lineterminator="\n").encode())
    write_atomically(folder / "provenance.json", provenance.to_bytes(origin(found)))
    print(table.to_string(index=False))


def origin(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Where the table came from; its rows may be of several sessions."""
    rows = {name: {key: each[key] for key in ("commit", "date", "seconds")} for name, each in found.items()}
    return provenance.record(1, sum(each["seconds"] for each in rows.values())) | {"rows": rows}


if __name__ == "__main__":
    sys.exit(guarded(main))
