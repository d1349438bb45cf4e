"""Paired radii against scipy on made activations."""

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.adversarial import paired_radii
from gausslab.errors import EstimatorError
from gausslab.probing import Identity, blank

DESCRIBED = blank(Identity(run="made.npz", data="", model=""))


def _pairs(shrink: float, n: int = 400, d: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    clean = torch.randn(n, d, generator=generator)
    return clean, clean * shrink + 0.1 * torch.randn(n, d, generator=generator)


def _values(clean: torch.Tensor, adversarial: torch.Tensor, **options) -> dict:
    return paired_radii(clean, adversarial, DESCRIBED, **options).set_index("statistic").to_dict("index")


def test_agrees_with_numpy_and_scipy():
    clean, adversarial = _pairs(0.9)
    before, after = (np.linalg.norm(x.double().numpy(), axis=1) for x in (clean, adversarial))
    found = _values(clean, adversarial)
    change = after - before
    assert found["mean_difference"]["value"] == pytest.approx(change.mean(), rel=1e-12)
    error = 4 / np.sqrt(2 * 2000)  # four standard errors of a standard deviation from 2000 resamples
    assert found["mean_difference"]["standard_error"] == pytest.approx(stats.sem(change), rel=error)
    assert found["mean_difference"]["p_value"] == pytest.approx(stats.wilcoxon(change).pvalue, abs=1e-3)
    assert found["standardised_effect"]["value"] == pytest.approx(change.mean() / change.std(ddof=1), rel=1e-12)
    assert found["share_lower"]["value"] == pytest.approx((change < 0).mean(), rel=1e-12)
    below = stats.mannwhitneyu(-after, -before).statistic / len(after) ** 2
    assert found["auroc"]["value"] == pytest.approx(below, rel=1e-12)
    assert (found["clean_mean"]["value"], found["adversarial_mean"]["value"]) == pytest.approx(
        (before.mean(), after.mean()), rel=1e-12
    )


def test_tells_inwards_from_outwards():
    assert _values(*_pairs(0.9))["mean_difference"]["value"] < 0 < _values(*_pairs(1.1))["mean_difference"]["value"]


def test_p_values_keep_their_size_when_nothing_happens():
    """Two independent Gaussian clouds: 5 % rejections of 400, within 4 binomial standard errors (4 * 1.1 %)."""
    generator = torch.Generator().manual_seed(1)
    clouds = [torch.randn(60, 8, generator=generator) for _ in range(800)]
    found = [_values(a, b, draws=100) for a, b in zip(clouds[::2], clouds[1::2], strict=True)]
    p = np.array([values["mean_difference"]["p_value"] for values in found])
    assert abs((p < 0.05).mean() - 0.05) < 0.044


def test_identical_arrays_are_no_evidence():
    clean, _ = _pairs(1.0)
    found = _values(clean, clean.clone())
    assert found["mean_difference"]["p_value"] == found["share_lower"]["p_value"] == 1.0


@pytest.mark.parametrize(
    ("clean", "adversarial", "text"),
    [
        (torch.zeros(5, 3), torch.zeros(5, 4), r"one shape, got \(5, 3\) clean and \(5, 4\)"),
        (torch.zeros(1, 3), torch.zeros(1, 3), "at least 2 pairs, got 1"),
        (torch.zeros(2, 3), torch.full((2, 3), torch.nan), "finite"),
    ],
)
def test_what_cannot_be_paired_is_refused(clean, adversarial, text):
    with pytest.raises(EstimatorError, match=text):
        paired_radii(clean, adversarial, DESCRIBED)
