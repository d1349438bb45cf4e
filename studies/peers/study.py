"""Agreement and speed against other libraries, side by side: `python studies/peers/study.py` (extra `peers`).

Each pair runs in turn in one process, one thread, CPU seconds, the least of three; each peak of memory in a process of
its own. A peer that is not installed leaves a row that says so.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
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
Function = Callable[[np.ndarray], Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One quantity that gausslab and a peer both compute, at one size."""

    quantity: str
    package: str
    samples: int
    units: int
    ours: Function
    peer: Function
    offset: float = 0.0

    @property
    def x(self) -> np.ndarray:
        """The samples, the same in every process."""
        generator = numpy_generator(0, f"peers/{self.samples}/{self.units}")
        return generator.standard_normal((self.samples, self.units)) + self.offset


def distances(x: np.ndarray) -> np.ndarray:
    """Ours."""
    return nearest_neighbours(torch.from_numpy(x), K).distances.numpy()


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
    sizes = ((10_000, 32), (10_000, 128), (50_000, 8), (50_000, 32), (50_000, 128))
    for package, peer in (("faiss-cpu", faiss_distances), ("scikit-learn", sklearn_distances)):
        for n, d in sizes:
            yield Case(quantity="neighbours", package=package, samples=n, units=d, ours=distances, peer=peer)
    for n, d in ((10_000, 8), (10_000, 32), (50_000, 8)):
        yield Case(quantity="neighbours", package="scipy", samples=n, units=d, ours=distances, peer=scipy_distances)
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
    plain: tuple[tuple[str, str, int, int, Function, Function], ...] = (
        ("entropy, max norm", "npeet-plus", 10_000, 8, our_entropy, npeet_entropy),
        ("two-sample kNN-KL", "universal-divergence", 9000, 8, our_kl, universal_kl),
        ("henze_zirkler", "pingouin", 10_000, 8, statistics("henze_zirkler"), pingouin_hz),
        ("henze_zirkler", "pingouin", 2000, 32, statistics("henze_zirkler"), pingouin_hz),
        ("shapiro_wilk", "scipy", 5000, 128, statistics("shapiro_wilk"), scipy_shapiro),
        ("dagostino_k2", "scipy", 10_000, 128, statistics("dagostino_k2"), scipy_k2),
        ("jarque_bera", "scipy", 10_000, 128, statistics("jarque_bera"), scipy_jarque_bera),
        ("anderson_darling", "statsmodels", 10_000, 128, statistics("anderson_darling"), statsmodels_ad),
        ("radial_ks", "scipy", 10_000, 128, our_radii, scipy_radii),
    )
    for quantity, package, n, d, ours, peer in plain:
        yield Case(quantity=quantity, package=package, samples=n, units=d, ours=ours, peer=peer)


def timed(function: Function, x: np.ndarray) -> tuple[float, Any]:
    """CPU seconds and result."""
    start = time.process_time()
    result = function(x)
    return time.process_time() - start, result


def compare(case: Case) -> dict[str, Any]:
    """A case without its memory: both in turn, the least CPU time of each, the largest relative difference."""
    x = case.x
    pairs = [(timed(case.ours, x), timed(case.peer, x)) for _ in range(REPEATS)]
    (ours, first), (peer, second) = (min(runs, key=lambda run: run[0]) for runs in zip(*pairs, strict=True))
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return {
        "seconds": ours,
        "peer_seconds": peer,
        "peer_over_ours": peer / ours,
        "largest_relative_difference": float((np.abs(second - first) / np.abs(first)).max()),
    }


def peak(index: int, of_peer: bool) -> float:
    """MB that a call adds to the peak of a process that has just made the samples and the imports (a small call)."""
    case = list(cases())[index]
    function = case.peer if of_peer else case.ours
    function(case.x[:300])
    x = case.x
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    function(x)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def fresh(function: Callable[..., Any], *arguments: Any) -> Any:
    """A call in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def row(index: int) -> dict[str, Any]:
    """The whole row of a case, in a process of its own."""
    case = list(cases())[index]
    return compare(case)


def described(index: int, case: Case) -> dict[str, Any]:
    """A row: what was compared, with which version, and how it came out."""
    start = {"quantity": case.quantity, "package": case.package, "samples": case.samples, "units": case.units}
    try:
        start["version"] = version(case.package)
    except PackageNotFoundError:
        return {**start, "version": "not installed"}
    memory = {"megabytes": fresh(peak, index, False), "peer_megabytes": fresh(peak, index, True)}
    return {**start, **fresh(row, index), **memory}


def main() -> None:
    """Compare all, write the table."""
    os.environ |= dict.fromkeys(THREADS, "1")  # all is measured in processes started from here
    start, rows = time.perf_counter(), []
    for index, case in enumerate(cases()):
        rows.append(described(index, case))
        print(rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    write_atomically(HERE / "peers.csv", table.to_csv(index=False, lineterminator="\n").encode())
    write_atomically(HERE / "provenance.json", provenance.to_bytes(provenance.record(1, time.perf_counter() - start)))
    print(table.to_string(index=False))


if __name__ == "__main__":
    sys.exit(guarded(main))
