"""What every sampler of the registry promises."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

from gausslab.densities import SAMPLERS, Density, LatentCodes, Sampler, fit, sampler
from gausslab.errors import ConfigError, EstimatorError

TINY = {"hidden": 6, "epochs": 2, "batch": 50, "lr": 1e-2}
OPTIONS = {"gmm": {"components": 3}, "second-stage": TINY, "second-stage-dai-wipf": TINY}
SAMPLES, UNITS = 120, 4
EVERY = pytest.mark.parametrize("name", sorted(SAMPLERS))
ON_CODES = pytest.mark.parametrize("name", ["gmm", "isotropic", "laplace", "mvg"])
TWO_STAGES = pytest.mark.parametrize("name", ["second-stage", "second-stage-dai-wipf"])


def normal(samples=SAMPLES, units=UNITS, seed=1, dtype=torch.float32):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def fitted(name, codes=None, seed=0):
    return fit(name, LatentCodes(normal()) if codes is None else codes, seed, **OPTIONS.get(name, {}))


def drawn(density, count=30, seed=5):
    return density.sample(count, torch.Generator().manual_seed(seed))


@EVERY
def test_names_itself_and_is_frozen(name):
    built = sampler(name)
    assert isinstance(built, Sampler)
    assert built == sampler(name)
    density = fitted(name)
    assert isinstance(density, Density)
    assert built.name == density.name == name
    with pytest.raises((FrozenInstanceError, AttributeError)):
        built.name = "other"


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("count", [1, 37])
def test_samples_have_the_shape_and_precision_of_codes(name, count, dtype):
    found = drawn(fitted(name, LatentCodes(normal(dtype=dtype))), count)
    assert found.shape == (count, UNITS)
    assert found.dtype == dtype
    assert torch.isfinite(found).all()
    assert not found.requires_grad


@EVERY
def test_one_unit(name):
    assert drawn(fitted(name, LatentCodes(normal(units=1)))).shape == (30, 1)


@EVERY
def test_means_alone_suffice_and_standard_deviations_are_no_hindrance(name):
    codes = LatentCodes(normal(), normal(seed=2) * 0.1 - 1)
    assert torch.isfinite(drawn(fitted(name, codes))).all()


@EVERY
def test_same_seed_same_bytes(name):
    first, second = fitted(name), fitted(name)
    assert torch.equal(drawn(first), drawn(second))
    assert not torch.equal(drawn(first), drawn(first, seed=6))


@TWO_STAGES
def test_another_seed_another_training(name):
    assert not torch.equal(drawn(fitted(name)), drawn(fitted(name, seed=1)))


@EVERY
def test_global_randomness_and_codes_are_left_alone(name):
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    codes = LatentCodes(normal(), normal(seed=2))
    copies = codes.mean.clone(), codes.log_sd.clone()
    density, generator = fitted(name, codes), torch.Generator().manual_seed(0)
    density.reconstruct(density.sample(5, generator), generator)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002
    assert torch.equal(codes.mean, copies[0])
    assert torch.equal(codes.log_sd, copies[1])


@EVERY
def test_codes_go_through_and_keep_their_shape(name):
    density, x = fitted(name), normal(11, seed=3)
    for found in (density.reconstruct(x, torch.Generator()), density.encode(x), density.decode(density.encode(x))):
        assert found.shape == x.shape
        assert found.dtype == x.dtype


@ON_CODES
def test_densities_of_the_code_itself_change_nothing_on_the_way_through(name):
    density, x = fitted(name), normal(11, seed=3)
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    assert torch.equal(density.reconstruct(x, generator), x)
    assert torch.equal(generator.get_state(), before)
    assert torch.equal(density.encode(x), x)
    assert torch.equal(density.decode(x), x)


@TWO_STAGES
def test_second_stages_draw_u_when_they_reconstruct_and_take_its_mean_when_they_encode(name):
    density, x = fitted(name), normal(11, seed=3)
    first, second, same = (density.reconstruct(x, torch.Generator().manual_seed(seed)) for seed in (0, 1, 0))
    assert torch.equal(first, same)
    assert not torch.equal(first, second)
    assert torch.equal(density.decode(density.encode(x)), density.decode(density.encode(x)))


@EVERY
def test_only_what_is_trained_reports_epochs(name):
    seen = []
    fit(name, LatentCodes(normal()), 0, seen.append, **OPTIONS.get(name, {}))
    assert [progress.epoch for progress in seen] == ([1, 2] if OPTIONS.get(name) is TINY else [])
    assert all((progress.sampler, progress.epochs) == (name, 2) for progress in seen)


@pytest.mark.parametrize("name", ["gmm", "mvg"])
@pytest.mark.parametrize("samples", [1, UNITS])
def test_no_more_samples_than_units(name, samples):
    with pytest.raises(
        EstimatorError, match=f"^{name}: expected more samples than units, got {samples} samples of {UNITS}$"
    ):
        fitted(name, LatentCodes(normal(samples)))


@TWO_STAGES
def test_one_sample_is_too_few_to_train_on(name):
    with pytest.raises(EstimatorError, match=f"^{name}: expected at least 2 samples, got 1$"):
        fitted(name, LatentCodes(normal(1)))


@pytest.mark.parametrize("name", ["mvg", "second-stage", "second-stage-dai-wipf"])
def test_units_that_never_vary_are_refused(name):
    x = normal()
    x[:, 2] = 0.5
    with pytest.raises(EstimatorError, match=f"^{name}: expected units that vary, got 1 constant of 4: 2$"):
        fitted(name, LatentCodes(x))


def test_unknown_names_list_the_choices():
    with pytest.raises(
        ConfigError, match=r"^unknown sampler 'gm'; did you mean 'gmm'\? choices: isotropic, laplace, mvg"
    ):
        fit("gm", LatentCodes(normal()), 0)


def test_unknown_options_list_the_choices():
    with pytest.raises(
        ConfigError, match=r"has no field 'component'; did you mean 'components'\? choices: components,"
    ):
        sampler("gmm", component=3)


BAD = [
    ("gmm", "components", 0, "a whole number of at least 1"),
    ("gmm", "iterations", 0, "a whole number of at least 1"),
    ("gmm", "tolerance", -1.0, "a finite number of at least 0"),
    ("gmm", "regularisation", float("nan"), "a finite number of at least 0"),
    ("second-stage", "layers", 0, "a whole number of at least 1"),
    ("second-stage", "hidden", 0, "a whole number of at least 1"),
    ("second-stage", "epochs", 0, "a whole number of at least 1"),
    ("second-stage", "batch", 0, "a whole number of at least 1"),
    ("second-stage", "patience", 0, "a whole number of at least 1"),
    ("second-stage", "lr", 0.0, "a positive finite number"),
    ("second-stage", "kl_weight", -1.0, "a finite number of at least 0"),
    ("second-stage", "validation", 0.0, "a share above 0 and below 1"),
    ("second-stage", "validation", 1.0, "a share above 0 and below 1"),
    ("second-stage-dai-wipf", "halve_every", 0, "a whole number of at least 1"),
    ("second-stage-dai-wipf", "lr", float("inf"), "a positive finite number"),
    ("second-stage-dai-wipf", "validation", 1.0, "a share from 0 to below 1"),
]


@pytest.mark.parametrize(("name", "field", "value", "expected"), BAD)
def test_options_are_rejected_when_built(name, field, value, expected):
    with pytest.raises(ConfigError, match=f"^{name}: {field} must be {expected}, got {value}$"):
        sampler(name, **{field: value})
