r"""Logarithms of nearest-neighbour distances: the terms of a Kozachenko-Leonenko estimate, and its jackknife."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float64, Int64
from scipy.special import digamma
from torch import Tensor

from gausslab.estimators.neighbours import nearest_neighbours, norm_named


def constant(samples: int, units: int, k: int, norm: str = "euclidean") -> float:
    r"""$\psi(n) - \psi(k) + \ln V_d$, the unit ball's volume through log-gamma so that no dimension overflows."""
    return float(digamma(samples) - digamma(k)) + norm_named(norm).log_unit_ball(units)


@dataclass(frozen=True)
class LogDistances:
    """Terms of a Kozachenko-Leonenko estimate: its value in nats and what every sample contributes to its error."""

    entropy: float
    influence: Float64[Tensor, " samples"]


def log_distances(x: Float64[Tensor, "samples units"], k: int, norm: str = "euclidean") -> LogDistances:
    """The entropy and its delete-one jackknife influence."""
    return all_log_distances(x, (k,), norm)[k]


def all_log_distances(
    x: Float64[Tensor, "samples units"], several: Sequence[int], norm: str = "euclidean"
) -> dict[int, LogDistances]:
    r"""The entropy and its delete-one jackknife influence for several k, all from one search.

    Removing sample i drops its own term and moves every sample that has i among its k nearest to its (k+1)-th
    neighbour, so all n deleted estimates need no other search. The influence is $(n-1)(\bar\theta - \theta_{(i)})$.
    """
    samples, units = x.shape
    found = nearest_neighbours(x, max(several) + 1, norm)
    terms = {}
    for k in several:
        logs = found.distances[:, k - 1 : k + 1].log() * units
        influence = logs[:, 0] - moved_on(logs, found.indices[:, :k], samples)
        entropy = float(logs[:, 0].numpy().mean()) + constant(samples, units, k, norm)
        terms[k] = LogDistances(entropy, influence - influence.mean())
    return terms


def moved_on(
    logs: Float64[Tensor, "queries 2"], neighbours: Int64[Tensor, "queries k"], count: int
) -> Float64[Tensor, " count"]:
    """By how much the sum of the terms grows without each of the neighbours: k-th distances become (k+1)-th ones."""
    step = (logs[:, 1] - logs[:, 0]).repeat_interleave(neighbours.shape[1])
    return logs.new_zeros(count).index_add(0, neighbours.flatten(), step)


def jackknife_variance(influence: Float64[Tensor, " samples"]) -> float:
    """Variance of an estimate from the influence of every sample on it."""
    return float(influence.numpy().var() / (len(influence) - 1))
