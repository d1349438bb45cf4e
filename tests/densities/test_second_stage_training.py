"""The loop: its pieces against the rules that they copy, one step by hand, and what stops it."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from gausslab.densities import KL_WEIGHTS, LatentCodes, fit, sampler
from gausslab.densities.second_stage.losses import GaussianLikelihood, SquaredError
from gausslab.densities.second_stage.network import plain
from gausslab.densities.second_stage.training import Plan, fixed, halving, plateau, resampled, split, train
from gausslab.errors import DivergenceError, EstimatorError
from gausslab.seeding import torch_generator

PLAN = Plan(sampler="tried", seed=0, samples=40, epochs=3, batch=16, lr=1e-3, validation=0.25)
STAGES = pytest.mark.parametrize("name", ["second-stage", "second-stage-dai-wipf"])


def normal(samples, units, seed=0):
    return torch.randn(samples, units, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def changed(**values):
    return Plan(**{**vars(PLAN), **values})


def untrained():
    return plain(2, 1, 4, torch.Generator().manual_seed(0)).double()


def rates(schedule, losses):
    """The learning rate after every epoch, from 1."""
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    advance, found = schedule(optimiser), []
    for loss in losses:
        optimiser.step()
        advance(loss)
        found.append(optimiser.param_groups[0]["lr"])
    return found


def kerass_rates(patience, losses):
    """ReduceLROnPlateau of Keras, as its documentation tells it: waits, then cuts and waits anew."""
    best, wait, rate, found = math.inf, 0, 1.0, []
    for loss in losses:
        best, wait = (loss, 0) if loss < best - 1e-4 else (best, wait + 1)
        if wait >= patience:
            rate, wait = rate / 2, 0
        found.append(rate)
    return found


@pytest.mark.parametrize("patience", [1, 3])
def test_the_plateau_is_kerass(patience):
    # improvements that are too small, steps back, a run long enough for several cuts
    losses = [1.0, 0.5, 0.49995, 0.5, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.39, 0.38995, 0.38992, 0.38989, 0.3]
    expected = kerass_rates(patience, losses)
    assert rates(plateau(patience), losses) == expected
    assert expected[-1] < 0.5


def test_halving_ignores_the_loss():
    assert rates(halving(3), [1.0, math.nan, 2.0, 0.0, 0.0, 0.0, 0.0]) == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_the_published_course_of_dai_and_wipf():
    found = rates(halving(300), [0.0] * 800)
    # that of epoch e (from 0) is 0.5 ** (e // 300); the rate after it is that of epoch e + 1
    assert found == [0.5 ** ((epoch + 1) // 300) for epoch in range(800)]


def test_rows_are_dealt_out_once():
    rows, held_out = split(changed(samples=41))
    assert len(held_out) == 10
    assert sorted([*rows.tolist(), *held_out.tolist()]) == list(range(41))
    assert rows.tolist() != sorted(rows.tolist())
    assert len(split(changed(samples=2, validation=0.1))[1]) == 1
    assert len(split(changed(validation=0.0))[1]) == 0


def test_too_few_rows_to_hold_any_out():
    with pytest.raises(EstimatorError, match=r"^tried: expected at least 3 samples, 2 to hold out, got 2$"):
        split(changed(samples=2, validation=0.9))


def test_codes_are_drawn_anew_for_every_batch():
    codes = LatentCodes(normal(30, 3), normal(30, 3, 1) * 0.2 - 2)
    draw, generator, rows = resampled(codes), torch.Generator().manual_seed(0), torch.tensor([5, 2, 29])
    first, second = draw(rows, generator), draw(rows, generator)
    assert (first != second).all()
    many = torch.stack([draw(rows, generator) for _ in range(2000)])
    noise = ((many - codes.mean[rows]) / codes.log_sd[rows].exp()).flatten().numpy()
    # moments of 18,000 standard normal numbers, four standard errors
    assert abs(noise.mean()) < 4 / math.sqrt(18_000)
    assert abs(noise.var() - 1) < 4 * math.sqrt(2 / 18_000)


def test_codes_of_a_deterministic_encoder_are_what_they_are():
    codes = LatentCodes(normal(30, 3))
    rows = torch.tensor([5, 2, 29])
    assert torch.equal(resampled(codes)(rows, torch.Generator()), codes.mean[rows])


@STAGES
def test_what_a_training_sees(name, monkeypatch):
    """Codes far apart and spread little, so that each is known by its first unit: fresh draws only with Dai & Wipf."""
    seen = []
    kind = {"second-stage": SquaredError, "second-stage-dai-wipf": GaussianLikelihood}[name]
    forward = kind.forward

    def spy(self, z, passage):
        if torch.is_grad_enabled():
            seen.append(z)
        return forward(self, z, passage)

    monkeypatch.setattr(kind, "forward", spy)
    mean = torch.arange(40.0, dtype=torch.float64).unsqueeze(1) + torch.tensor([0.0, 100.0], dtype=torch.float64)
    codes = LatentCodes(mean, torch.full_like(mean, math.log(0.01)))
    fit(name, codes, 0, layers=1, hidden=4, epochs=2, batch=10)
    epochs = [torch.cat(part) for part in (seen[: len(seen) // 2], seen[len(seen) // 2 :])]
    first, second = (epoch[epoch[:, 0].argsort()] for epoch in epochs)
    if name == "second-stage":
        assert len(first) == 36  # a tenth is held out
        assert torch.equal(first, second)
        standard = (mean - mean.mean(0)) / mean.std(0, correction=0)
        assert torch.isclose(first[:, :1], standard[:, :1].T, rtol=0, atol=1e-12).any(1).all()
    else:
        assert first.shape == second.shape == (40, 2)
        assert (first != second).all()
        assert not torch.equal(epochs[0].round(), epochs[1].round())  # another order
        # 80 deviations of sd .01: their root mean square within four standard errors, 1 / sqrt(160) of it
        assert (first - mean).square().mean().sqrt().item() == pytest.approx(0.01, rel=4 / math.sqrt(160))


def test_one_step_is_adams():
    """Adam's first step moves every weight by lr g / (|g| + eps), whatever the size of the gradient."""
    z, plan = normal(40, 2), changed(epochs=1, batch=40, validation=0.0)
    vae, before, loss = untrained(), untrained(), SquaredError(0.1)
    train(vae, loss, fixed(z), plateau(3), plan, lambda progress: None)
    shuffle, noise = (torch_generator(0, f"tried/{name}") for name in ("shuffle", "noise"))
    batch = z[split(plan)[0][torch.randperm(40, generator=shuffle)]]
    gradients = torch.autograd.grad(loss(batch, before(batch, noise)), list(before.parameters()))
    for after, start, g in zip(vae.parameters(), before.parameters(), gradients, strict=True):
        torch.testing.assert_close(after, start - 1e-3 * g / (g.abs() + 1e-7), rtol=1e-9, atol=1e-12)


def test_history_and_reports():
    seen = []
    history = train(untrained(), SquaredError(0.1), fixed(normal(40, 2)), halving(1), PLAN, seen.append)
    assert list(history) == seen
    assert [(each.sampler, each.epoch, each.epochs) for each in seen] == [("tried", epoch, 3) for epoch in (1, 2, 3)]
    assert [each.lr for each in seen] == pytest.approx([1e-3, 5e-4, 2.5e-4])
    assert all(math.isfinite(each.loss) and math.isfinite(each.validation_loss) for each in seen)


def test_without_validation_there_is_no_validation_loss():
    plan = changed(validation=0.0)
    history = train(untrained(), SquaredError(0.1), fixed(normal(40, 2)), halving(1), plan, lambda progress: None)
    assert all(math.isnan(each.validation_loss) for each in history)


def test_the_loss_of_an_epoch_is_a_mean_over_samples():
    """Batches of 16 and 14: with a rate too small to move anything, the mean over all rows, in two parts."""
    z, plan, loss = normal(40, 2), changed(epochs=1, lr=1e-12), SquaredError(0.1)
    (history,) = train(untrained(), loss, fixed(z), halving(1), plan, lambda progress: None)
    rows, held_out = split(plan)
    shuffle, noise = (torch_generator(0, f"tried/{name}") for name in ("shuffle", "noise"))
    order = rows[torch.randperm(30, generator=shuffle)]
    values = [loss(z[part], untrained()(z[part], noise)).item() for part in (order[:16], order[16:])]
    assert history.loss == pytest.approx((16 * values[0] + 14 * values[1]) / 30, rel=1e-9)
    alone = loss(z[held_out], untrained()(z[held_out], torch_generator(0, "tried/validation"))).item()
    assert history.validation_loss == pytest.approx(alone, rel=1e-9)


def test_the_last_weights_are_kept_not_the_best():
    """A rate at which the validation loss goes up and down."""
    z, plan, vae, loss = normal(40, 2), changed(epochs=12, lr=0.3), untrained(), SquaredError(0.1)
    history = train(vae, loss, fixed(z), halving(100), plan, lambda progress: None)
    losses = [each.validation_loss for each in history]
    held_out = split(plan)[1]
    last = loss(z[held_out], vae(z[held_out], torch_generator(0, "tried/validation"))).item()
    assert last == pytest.approx(losses[-1], rel=1e-12)
    assert min(losses) < losses[-1]


@STAGES
def test_divergence_is_told_in_one_line(name):
    with pytest.raises(
        DivergenceError, match=rf"^{name}: the loss is not finite in epoch 1 \(lr 1e\+25\); try a lower lr$"
    ):
        fit(name, LatentCodes(normal(200, 3).float()), 0, hidden=4, epochs=2, batch=20, lr=1e25)


class Cornered(nn.Module):
    """The value 0, and at it a gradient that is no number."""

    def forward(self, z, passage):
        return (passage.back * 0).sum().sqrt()


def test_weights_that_are_not_finite_are_noticed_where_no_loss_follows():
    plan = changed(epochs=1, batch=40, validation=0.0)
    with pytest.raises(DivergenceError, match=r"^tried: a weight is not finite after epoch 1 \(lr 0\.001\)"):
        train(untrained(), Cornered(), fixed(normal(40, 2)), halving(1), plan, lambda progress: None)


@STAGES
def test_defaults_are_the_published_ones(name):
    found = sampler(name)
    shared = (found.hidden, found.batch, found.lr)
    assert shared == (1024, 64, 1e-4)
    if name == "second-stage":
        assert (found.layers, found.epochs, found.validation, found.patience) == (2, 100, 0.1, 3)
        assert dict(KL_WEIGHTS) == {"mnist": 1.5e-3, "cifar10": 1e-3, "celeba": 2e-3}
        assert found.kl_weight == 1.5e-3
    else:
        assert (found.layers, found.epochs, found.validation, found.halve_every) == (3, 800, 0.0, 300)


def test_numbers_of_steps_cover_every_row():
    """36 rows in batches of 10: the last batch has 6, and is trained on."""
    sizes = []

    def draw(rows, generator):
        sizes.append(len(rows))
        return normal(40, 2)[rows]

    train(untrained(), SquaredError(0.1), draw, halving(1), changed(epochs=1, batch=10, validation=0.1), print)
    assert sizes == [10, 10, 10, 6, 4]
    assert np.sum(sizes) == 40
