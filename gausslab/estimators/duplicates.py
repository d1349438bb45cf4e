"""Samples that repeat: nearest-neighbour estimates of them are infinite, and what is done about it is never silent."""

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError, choices
from gausslab.seeding import torch_generator

DUPLICATES = ("error", "drop", "jitter")
JITTER = 1e-10


def require_known(name: str, field: str, given: str, known: tuple[str, ...]) -> None:
    """Reject a word that is not among those known.

    Raises:
        ConfigError: naming the field, the word and the choices.
    """
    if given not in known:
        raise ConfigError(f"{name}: unknown {field}={given!r}; {choices(str(given), known)}")


def without_duplicates(
    x: Float64[Tensor, "samples units"], policy: str, name: str
) -> Float64[Tensor, "distinct units"]:
    """The samples after the duplicate policy.

    `error` refuses rows that equal an earlier one, `drop` keeps the first of each (n falls accordingly), `jitter`
    adds seeded Gaussian noise of 1e-10 of each unit's standard deviation (which leaves an entropy about d * 23 nats
    lower for every duplicated sample, divided by n: a stand-in for a number that does not exist).

    Raises:
        EstimatorError: naming the count.
    """
    if policy == "jitter":
        return _jittered(x)
    first = _first_of_copies(x)
    copies = len(x) - len(first)
    if copies and policy == "error":
        raise EstimatorError(
            f"{name}: {copies} of {len(x)} samples repeat an earlier one, so the entropy is -infinity; "
            "expected distinct samples, or duplicates 'drop' or 'jitter'"
        )
    return x[first] if copies else x


def distinct_samples(
    x: Float64[Tensor, "samples units"], reference: Float64[Tensor, "references units"], policy: str, name: str
) -> tuple[Float64[Tensor, "kept units"], Float64[Tensor, "left units"]]:
    """Two samples after the duplicate policy, taken as one.

    `error` refuses a row of either that equals an earlier row of `x` or of the reference; `drop` keeps the first of
    each, those of `x` before those of the reference, so that samples that are in both stay in `x`; `jitter` adds the
    noise of `without_duplicates` to all.

    Raises:
        EstimatorError: naming the counts.
    """
    pooled, samples = torch.cat([x, reference]), len(x)
    if policy == "jitter":
        noisy = _jittered(pooled)
        return noisy[:samples], noisy[samples:]
    first = _first_of_copies(pooled)
    kept, left = first[first < samples], first[first >= samples]
    copies, others = samples - len(kept), len(reference) - len(left)
    if copies + others and policy == "error":
        raise EstimatorError(
            f"{name}: {copies} of {samples} samples and {others} of {len(reference)} reference samples repeat an "
            "earlier one of either, so that distances vanish; expected distinct samples, or duplicates 'drop' or "
            "'jitter'"
        )
    return pooled[kept], pooled[left]


def _first_of_copies(x: Float64[Tensor, "samples units"]) -> Int64[Tensor, " distinct"]:
    group = torch.unique(x, dim=0, return_inverse=True)[1]
    first = torch.full((int(group.max()) + 1,), len(x)).scatter_reduce(0, group, torch.arange(len(x)), "amin")
    return first.sort().values


def _jittered(x: Float64[Tensor, "samples units"]) -> Float64[Tensor, "samples units"]:
    noise = torch.randn(x.shape, generator=torch_generator(0, "jitter"), dtype=x.dtype)
    return x + JITTER * x.std(0) * noise
