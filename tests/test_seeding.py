"""Named streams: reproducible, unrelated, and none of them the global one."""

import hashlib

import numpy as np
import pytest
import torch

from gausslab.seeding import derive, numpy_generator, torch_generator


def test_derive_is_the_documented_hash():
    digest = hashlib.sha256(b"3/shuffle/7").digest()
    expected = sum(byte << (8 * place) for place, byte in enumerate(digest[:8])) // 2
    assert derive(3, "shuffle/7") == expected


def test_streams_are_pinned():
    """Numbers of this writing: a change of them changes every run ever made."""
    assert derive(0, "init") == int.from_bytes(hashlib.sha256(b"0/init").digest()[:8], "little") >> 1
    assert torch.randperm(6, generator=torch_generator(0, "shuffle/0")).tolist() == [4, 5, 0, 1, 3, 2]
    assert numpy_generator(0, "trend").integers(0, 1000, 4).tolist() == [718, 441, 204, 969]


def test_all_seeds_fit_a_signed_word_and_differ():
    seeds = {derive(root, name) for root in range(50) for name in ("init", "shuffle/0", "shuffle/1", "samples")}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_streams_are_uncorrelated():
    """20,000 normals each: the correlation has a standard error of 0.007; four of them."""
    draws = [numpy_generator(0, name).standard_normal(20_000) for name in ("a", "b")]
    draws.append(numpy_generator(1, "a").standard_normal(20_000))
    correlations = np.corrcoef(draws)[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 4 / np.sqrt(20_000)


@pytest.mark.parametrize("make", [torch_generator, numpy_generator])
def test_global_randomness_is_untouched(make):
    torch.manual_seed(5)
    state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    make(0, "init")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
