"""Fitted flows: densities that agree with their own samples, the same each time, and mass inside a shell."""

import sys

import numpy as np
import pytest
import torch
from scipy import stats

from gausslab.errors import ConfigError, EstimatorError
from gausslab.flows import FlowConfig, density_profile, entropy_gap, fit, fit_in_stages, mass_report, radii
from gausslab.laws import get, relative_shell
from gausslab.seeding import numpy_generator, torch_generator

pytest.importorskip("zuko")

KINDS = pytest.mark.parametrize("kind", ["realnvp", "glow"])
QUICK = {"transforms": 2, "hidden": (16,), "batch": 128, "check_every": 10}


def drawn(law, samples, units, name):
    return torch.from_numpy(law.draw(numpy_generator(0, name), samples, units))


def crescent(samples=600):
    x = torch.randn(samples, 2, generator=torch_generator(0, "crescent"), dtype=torch.float64)
    return torch.stack([x[:, 0], x[:, 1] + x[:, 0] ** 2], 1)


@KINDS
def test_a_flow_is_a_density_and_its_samples_follow_it(kind):
    flow = fit(crescent(), FlowConfig(kind=kind, steps=60, lr=1e-2, **QUICK))
    line = torch.linspace(-12, 24, 361, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).reshape(-1, 2)
    mass = flow.log_density(grid).exp() * 0.01  # cells of .1 by .1
    assert float(mass.sum()) == pytest.approx(1, abs=0.01)
    x = flow.sample(20_000, torch_generator(0, "x"))
    spread = float(x.std(0).max()) / np.sqrt(len(x))
    assert torch.allclose(x.mean(0), mass @ grid, atol=5 * spread + 0.02)
    for edge in (0.0, 1.0):  # a marginal's distribution function against that of the samples, 5 standard errors
        assert float((x[:, 1] < edge).double().mean()) == pytest.approx(
            float(mass[grid[:, 1] < edge].sum()), abs=5 * 0.5 / np.sqrt(len(x)) + 0.02
        )


@KINDS
def test_the_determinant_is_that_of_the_jacobian(kind):
    flow = fit(crescent(), FlowConfig(kind=kind, steps=20, **QUICK))
    x = torch.tensor([0.3, -0.2], dtype=torch.float64)
    forward = lambda at: flow.flow().transform(flow.map(at[None]))[0]  # noqa: E731
    jacobian = torch.autograd.functional.jacobian(forward, x)
    noise = forward(x)
    expected = stats.norm.logpdf(noise.numpy()).sum() + float(torch.linalg.slogdet(jacobian)[1])
    assert float(flow.log_density(x[None])) == pytest.approx(expected, abs=1e-9)


@KINDS
def test_the_same_samples_give_the_same_flow_and_a_stage_is_a_training_of_that_length(kind):
    before, state = torch.get_num_threads(), torch.get_rng_state()
    config = FlowConfig(kind=kind, steps=25, **QUICK)
    steps = []
    stages = list(fit_in_stages(crescent(), config, (13, 25), lambda progress: steps.append(progress.step)))
    again = [fit(crescent(), FlowConfig(kind=kind, steps=n, **QUICK)) for n in (13, 25)]
    for stage, alone in zip(stages, again, strict=True):
        one, two = (each.sample(50, torch_generator(0, "x")) for each in (stage, alone))
        assert torch.equal(one, two)
        assert stage.best_step == alone.best_step
    assert steps == list(range(1, 26))
    assert torch.get_num_threads() == before and torch.equal(torch.get_rng_state(), state)


def test_the_kept_step_is_the_best_on_samples_that_are_held_out():
    overfitted = fit(crescent(60), FlowConfig(steps=120, lr=1e-2, transforms=2, hidden=(64,), batch=32, held_out=0.4))
    assert overfitted.best_step < overfitted.steps == 120


def test_factors_of_a_coupling_stay_within_the_bound():
    flow = fit(drawn(relative_shell("shell", 0.05), 400, 2, "s"), FlowConfig(steps=60, lr=0.1, slope=0.5, **QUICK))
    x = drawn(get("gaussian"), 500, 2, "x")
    logs = flow.log_density(x) - flow.map.log_determinant
    noise = flow.flow().transform(flow.map(x))
    factors = logs - torch.from_numpy(stats.norm.logpdf(noise.detach().numpy()).sum(1))
    assert float(factors.abs().max()) < 2 * np.log(2) + 1e-6  # two couplings of one unit each


def test_a_training_that_diverges_ends_at_the_best_before():
    flow = fit(crescent(), FlowConfig(steps=50, lr=1e30, **QUICK))
    assert flow.steps < 50
    assert torch.isfinite(flow.sample(20, torch_generator(0, "x"))).all()


def test_acceptance_mass_inside_a_shell_and_none_too_much_inside_a_gaussian():
    """Chapter 3, test 8, at 32 units: no flow of this size and length makes a shell of a Gaussian."""
    config = FlowConfig(steps=150, lr=3e-3, transforms=2, hidden=(32,), batch=128)
    report = {}
    for name, law in {"shell": relative_shell("shell", 0.05), "gaussian": get("gaussian")}.items():
        flow = fit(drawn(law, 4000, 32, "given"), config)
        x = flow.sample(4000, torch_generator(0, "x"))
        report[name] = mass_report(radii(drawn(law, 4000, 32, "unseen")), radii(x), (0.05,)).iloc[0]
    assert report["shell"]["ratio_low"] > 3
    assert report["gaussian"]["ratio_low"] <= 1 <= report["gaussian"]["ratio_high"]


def test_the_gap_and_the_profile_of_a_law_that_is_known():
    class Normal:
        def log_density(self, x):
            return torch.from_numpy(stats.norm.logpdf(x.numpy()).sum(1))

    law, units = get("correlated"), 3
    gap = entropy_gap(Normal(), drawn(law, 20_000, units, "x"), law.entropy(units))
    assert gap.value == pytest.approx(law.kl(units), abs=4 * gap.standard_error)  # KL(p || N(0, I)) by its definition
    profile = density_profile(Normal(), [0.0, 1.5], units, torch_generator(0, "directions"))
    expected = -(np.array([0.0, 1.5]) ** 2) / 2 - units / 2 * np.log(2 * np.pi)
    np.testing.assert_allclose(profile["log_density"], expected, atol=1e-12)
    np.testing.assert_allclose(profile["log_density_sd"], 0, atol=1e-12)  # the same in every direction
    assert profile["log_density"].is_monotonic_decreasing  # a Gaussian too is densest at the centre


def test_what_is_refused(monkeypatch):
    x = crescent(100)
    with pytest.raises(EstimatorError, match="at least 2 units, got 1"):
        fit(x[:, :1], FlowConfig(held_out=0.5))
    with pytest.raises(EstimatorError, match="finite samples"):
        fit(x * float("nan"), FlowConfig())
    with pytest.raises(EstimatorError, match="at least 10 samples to train with and as many held out, got 95 and 5"):
        fit(x, FlowConfig(held_out=0.05))
    with pytest.raises(ConfigError, match=r"stages must be ascending numbers of steps, got \(5, 5\)"):
        next(fit_in_stages(x, FlowConfig(), (5, 5)))
    monkeypatch.setitem(sys.modules, "zuko", None)
    with pytest.raises(ConfigError, match="flow 'glow' needs zuko, which is not installed"):
        fit(x, FlowConfig(kind="glow"))
