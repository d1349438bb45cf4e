"""What a trained second stage does with codes: scales, noise, and laws of samples."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.densities import LatentCodes, fit
from gausslab.densities.second_stage.density import standardising, unscaled

STAGES = pytest.mark.parametrize("name", ["second-stage", "second-stage-dai-wipf"])
COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.3], [0.0, 0.3, 0.5]])
SHIFT = np.array([0.3, -0.2, 0.1])


def correlated(samples, seed=0):
    """Near enough to N(0, I) for the stage that does not standardise, as the codes of variational encoders are."""
    x = np.random.default_rng(seed).multivariate_normal(SHIFT, COVARIANCE, samples)
    return torch.from_numpy(x).float()


@pytest.fixture(scope="module")
def trained():
    """Both stages after a short training; a third of a second each."""
    codes = LatentCodes(correlated(1000))
    options = {"hidden": 32, "epochs": 20, "batch": 50, "lr": 5e-3}
    return {
        "second-stage": fit("second-stage", codes, 0, kl_weight=0.02, **options),  # in 20 epochs u is near N(0, I)
        "second-stage-dai-wipf": fit("second-stage-dai-wipf", codes, 0, **options),
    }


def drawn(density, count=20_000, seed=1):
    return density.sample(count, torch.Generator().manual_seed(seed))


def test_standardising_is_scipys_and_there_is_a_way_back():
    codes = correlated(50).double() * 40 - 7
    scaling = standardising(codes)
    z = scaling.apply(codes)
    np.testing.assert_allclose(z, stats.zscore(codes), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(scaling.undo(z), codes, rtol=1e-12)
    assert torch.equal(unscaled(codes).apply(codes), codes)
    assert torch.equal(unscaled(codes).undo(codes), codes)


def test_single_precision_keeps_the_scale_of_codes_far_from_0():
    # moments in float32 would be off by 1e-3 of the standard deviation here
    codes = (correlated(4000) * 0.01 + 50).float()
    exact = codes.double().std(0, correction=0)
    np.testing.assert_allclose(standardising(codes).sd.double(), exact, rtol=1e-6)


def test_each_stage_sees_codes_as_its_authors_show_them(trained):
    assert torch.equal(trained["second-stage-dai-wipf"].scaling.mean, torch.zeros(3))
    assert torch.equal(trained["second-stage-dai-wipf"].scaling.sd, torch.ones(3))
    np.testing.assert_allclose(trained["second-stage"].scaling.mean, correlated(1000).mean(0), atol=1e-6)
    np.testing.assert_allclose(trained["second-stage"].scaling.sd, correlated(1000).std(0, correction=0), rtol=1e-5)


@STAGES
def test_samples_have_nearly_the_covariance_of_codes(name, trained):
    """Half as far as that of N(0, I); so short a training leaves more than the samples' noise of a hundredth."""
    found = np.cov(drawn(trained[name]).T)
    distance, of_normal = np.linalg.norm(found - COVARIANCE), np.linalg.norm(np.eye(3) - COVARIANCE)
    assert distance < of_normal / 2
    assert np.linalg.norm(drawn(trained[name]).mean(0).numpy() - SHIFT) < np.linalg.norm(SHIFT)


@STAGES
def test_a_sample_is_a_decoded_u_and_noise_of_gamma_if_there_is_one(name, trained):
    density = trained[name]
    u = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(1))
    noise = (drawn(density) - density.decode(u)).double().flatten()
    if name == "second-stage":
        assert density.noise == 0
        assert torch.equal(drawn(density), density.decode(u))
    else:
        assert 0 < density.noise < 1
        error = 4 / math.sqrt(len(noise))  # four standard errors
        assert noise.mean().item() == pytest.approx(0, abs=density.noise * error)
        assert noise.std().item() == pytest.approx(density.noise, rel=error / math.sqrt(2))
        assert np.corrcoef(noise.reshape(-1, 3)[:, 0], u[:, 0])[0, 1] == pytest.approx(0, abs=4 / math.sqrt(20_000))


def test_gamma_is_the_size_of_what_is_not_reconstructed(trained):
    """Learned to a few percent: it follows the root mean squared error, which the last steps still move."""
    density, codes = trained["second-stage-dai-wipf"], correlated(20_000, seed=4)
    error = density.reconstruct(codes, torch.Generator().manual_seed(0)) - codes
    assert density.noise == pytest.approx(error.square().mean().sqrt().item(), rel=0.1)


@STAGES
def test_reconstructions_are_drawn_from_the_gaussians_of_u(name, trained):
    density, codes = trained[name], correlated(6, seed=3)
    mean, log_sd = density.vae.encode((codes - density.scaling.mean) / density.scaling.sd)
    noise = torch.randn(6, 3, generator=torch.Generator().manual_seed(7))
    found = density.reconstruct(codes, torch.Generator().manual_seed(7))
    torch.testing.assert_close(found, density.decode(mean + log_sd.exp() * noise), rtol=1e-5, atol=1e-6)
    assert torch.equal(density.encode(codes), mean)


@STAGES
def test_codes_survive_the_way_there_and_back(name, trained):
    """Interpolation ends near where it should: means of u are decoded to something close to the code."""
    density, codes = trained[name], correlated(2000, seed=3)
    back = density.decode(density.encode(codes))
    # at least nine tenths of the variance along the leading direction, which a trained stage keeps
    leading = torch.from_numpy(np.linalg.eigh(COVARIANCE)[1][:, -1]).float()
    assert np.corrcoef(codes @ leading, back @ leading)[0, 1] > 0.95


@STAGES
def test_history_is_kept_and_shows_progress(name, trained):
    history = trained[name].history
    assert [each.epoch for each in history] == list(range(1, 21))
    assert history[-1].loss < history[0].loss
    assert math.isnan(history[0].validation_loss) == (name == "second-stage-dai-wipf")


def test_the_kl_weight_trades_errors_for_the_prior():
    """Without it u is free, and samples of N(0, I) decode to anything; with much of it u says nothing of the code."""
    codes = LatentCodes(correlated(400))
    deaf = fit("second-stage", codes, 0, hidden=16, epochs=10, batch=50, lr=5e-3, kl_weight=100.0)
    keen = fit("second-stage", codes, 0, hidden=16, epochs=10, batch=50, lr=5e-3, kl_weight=1e-4)
    spread = [each.encode(codes.mean).std(0).mean().item() for each in (deaf, keen)]
    assert spread[0] < 0.1 < spread[1]
