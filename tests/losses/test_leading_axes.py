"""Losses of several codes at once, along leading axes: those of each by itself, gradients too."""

import pytest
import torch

from gausslab.errors import EstimatorError
from gausslab.losses import biased_mmd, kozachenko_leonenko, mmd, sigreg, sliced_epps_pulley, two_sample_mmd

OTHERS = torch.randn(9, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LOSSES = {
    "kozachenko_leonenko": lambda z: kozachenko_leonenko(z, 2),
    "mmd": mmd,
    "biased_mmd": biased_mmd,
    "two_sample_mmd": lambda z: two_sample_mmd(z, OTHERS),
    "sigreg": lambda z: sigreg(z, 0, directions=8),
    "sliced_epps_pulley": lambda z: sliced_epps_pulley(z, torch.eye(3)),
}
EVERY = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@pytest.fixture
def codes():
    return torch.randn(2, 3, 10, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@EVERY
def test_each_code_has_its_own_value(loss, codes):
    expected = torch.stack([loss(code) for code in codes.flatten(0, 1)]).view(2, 3)
    torch.testing.assert_close(loss(codes), expected, rtol=1e-12, atol=0)
    assert loss(codes[0, 0]).shape == ()


@EVERY
def test_and_its_own_gradient(loss, codes):
    together, alone = codes.clone().requires_grad_(), codes[1, 2].clone().requires_grad_()
    loss(together)[1, 2].backward()
    loss(alone).backward()
    torch.testing.assert_close(together.grad[1, 2], alone.grad, rtol=1e-10, atol=1e-14)
    together.grad[1, 2] = 0
    assert not together.grad.any()


def test_two_samples_may_both_have_leading_axes(codes):
    found = two_sample_mmd(codes, codes[0] + 1)
    assert found.shape == (2, 3)
    torch.testing.assert_close(found[1, 2], two_sample_mmd(codes[1, 2], codes[0, 2] + 1), rtol=1e-12, atol=0)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["kozachenko_leonenko", "mmd", "biased_mmd", "two_sample_mmd", "sigreg"])
def test_a_vector_is_refused_in_a_line(name):
    with pytest.raises(EstimatorError, match=rf"{name}: expected \(\.\.\., samples, units\), got shape \(5,\)"):
        LOSSES[name](torch.zeros(5, dtype=torch.float64))
