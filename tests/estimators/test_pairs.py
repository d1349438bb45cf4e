"""Sums over tiles against all pairs at once."""

import pytest
import torch

from gausslab.estimators.pairs import TILE, kernel_sum, product_sum


@pytest.mark.parametrize("samples", [1, 5, TILE, TILE + 1, 2 * TILE + 37])
def test_every_pair_is_counted_once(samples):
    x = torch.randn(samples, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    distances = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    assert kernel_sum(x, torch.Tensor.sqrt_) == pytest.approx(distances.sum().item(), rel=1e-12)
    off_diagonal = (-distances.square()).exp().sum().item() - samples
    assert kernel_sum(x, lambda squares: squares.neg_().exp_()) == pytest.approx(off_diagonal, rel=1e-12, abs=1e-12)
    assert product_sum(x, lambda products: products**3) == pytest.approx(((x @ x.T) ** 3).sum().item(), rel=1e-12)


def test_copies_are_at_no_distance():
    x = 5 * torch.randn(1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).repeat(50, 1)
    assert kernel_sum(x, torch.Tensor.sqrt_) < 50 * 49 * 1e-6  # not NaN; a square lost in rounding has a root of 1e-7
