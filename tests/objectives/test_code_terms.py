"""Terms about codes against double loops, closed forms and samples."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import digamma, gammaln
from tiny import generator, tiny_net, tiny_pass

from gausslab.errors import ConfigError
from gausslab.objectives import code_terms
from gausslab.objectives.passes import normal_like


def entropy_by_loops(codes, k):
    """Kozachenko and Leonenko, brute force over all pairs; psi(n) - psi(k) + log of the unit ball + d mean log R."""
    rows = codes.tolist()
    n, d = len(rows), len(rows[0])
    logs = []
    for i in range(n):
        radii = sorted(math.dist(rows[i], rows[j]) for j in range(n) if j != i)
        logs.append(math.log(radii[k - 1]))
    ball = d / 2 * math.log(math.pi) - gammaln(d / 2 + 1)
    return d * sum(logs) / n + ball + digamma(n) - digamma(k)


@pytest.mark.parametrize("k", [1, 2])
def test_entropy_by_loops(k):
    """To the machine epsilon that keeps duplicates finite: 1e-10."""
    seen = tiny_pass(images=12)
    assert code_terms.Entropy(k)(seen).item() == pytest.approx(entropy_by_loops(seen.mean, k), rel=1e-10)


def test_entropy_of_a_map_is_that_of_the_mapped_codes():
    seen = tiny_pass(images=12)
    projection = code_terms.orthonormal_map(3, 2, seed=4)
    assert code_terms.Entropy(1, projection)(seen).item() == pytest.approx(
        entropy_by_loops(seen.mean @ projection, 1), rel=1e-10
    )


def test_the_map_has_orthonormal_columns_and_depends_on_the_seed_alone():
    first, again, other = (code_terms.orthonormal_map(7, 3, seed) for seed in (0, 0, 1))
    torch.testing.assert_close(first.T @ first, torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-12)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_squared_code_is_a_mean_over_images_and_units():
    seen = tiny_pass(bottleneck=torch.nn.Identity())
    assert code_terms.squared_code(seen).item() == pytest.approx((seen.mean.detach().numpy() ** 2).mean(), rel=1e-12)


def test_divergence_by_loops():
    seen = tiny_pass(spread="learned")
    total = 0.0
    for means, logs in zip(seen.mean.tolist(), seen.log_sd.tolist(), strict=True):
        for mean, log in zip(means, logs, strict=True):
            total += 0.5 * (math.exp(log) ** 2 + mean**2 - 1 - 2 * log)
    assert code_terms.posterior_divergence(seen).item() == pytest.approx(total / len(seen.mean), rel=1e-12)


def test_divergence_vanishes_at_the_prior():
    seen = tiny_pass(spread="learned")
    nothing = torch.zeros_like(seen.mean)
    assert code_terms.posterior_divergence(replace(seen, mean=nothing, log_sd=nothing)).item() == 0


def test_a_constant_posteriors_divergence_is_half_the_squared_norm_and_a_constant():
    """Two codes of the same posterior sd differ by half the difference of their squared norms."""
    seen = tiny_pass(spread="constant", bottleneck=torch.nn.Identity())
    constant = 3 * 0.5 * (0.7**2 - 1 - 2 * math.log(0.7))
    half_norm = seen.mean.square().sum(1).mean().item() / 2
    assert code_terms.posterior_divergence(seen).item() == pytest.approx(half_norm + constant, rel=1e-12)


def test_divergence_of_a_deterministic_encoder_is_refused():
    with pytest.raises(ConfigError, match="a deterministic encoder has no posterior"):
        code_terms.posterior_divergence(tiny_pass())
    with pytest.raises(ConfigError, match="a deterministic encoder has no posterior; set the model's posterior"):
        model, images = tiny_net()
        model.posterior(images)


def test_codes_of_a_variational_encoder_are_samples_of_its_posterior():
    """Standardised by mean and sd they are the generator's N(0, 1) draws."""
    seen = tiny_pass(spread="learned", images=8)
    drawn = (seen.codes - seen.mean) / seen.log_sd.exp()
    expected = torch.randn(8, 3, generator=generator(1), dtype=torch.float64)
    torch.testing.assert_close(drawn, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(seen.reconstructions, seen.model.decode(seen.codes))


def kernel(a, b, d):
    squared = sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return sum(2 * d * s / (2 * d * s + squared) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))


def test_discrepancy_by_loops():
    """The published WAE-MMD penalty, with the samples of N(0, I) that the generator gives next."""
    seen = tiny_pass(images=5)
    found = code_terms.discrepancy(seen).item()
    z, n, d = seen.codes.tolist(), 5, 3
    p = normal_like(seen.codes, generator(1)).tolist()
    within = sum(kernel(v[i], v[j], d) for v in (z, p) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    between = sum(kernel(a, b, d) for a in z for b in p) / n**2
    assert found == pytest.approx(within - 2 * between, rel=1e-12)


def test_sliced_statistic_draws_its_directions_anew():
    seen = tiny_pass(images=12)
    first, second = code_terms.sliced_statistic(seen).item(), code_terms.sliced_statistic(seen).item()
    assert first != second
    assert math.isclose(first, second, rel_tol=0.2)


def test_free_energy_is_that_of_the_codes():
    """Against the double loop over eigenvalues of Z'Z."""
    seen = tiny_pass(images=12)
    eigenvalues = np.linalg.eigvalsh((seen.mean.T @ seen.mean).detach().numpy())
    d, n = 3, 12
    potential = np.mean(eigenvalues / d - (n / d - 1) * np.log(eigenvalues))
    pairs = [np.log(abs(a - b)) for i, a in enumerate(eigenvalues) for j, b in enumerate(eigenvalues) if i != j]
    assert code_terms.free_energy(seen).item() == pytest.approx(potential - np.mean(pairs), rel=1e-9)
