"""The rows of the comparison: the published weights, networks of the thesis's size, one step of training each."""

import math

import pytest
import torch

from gausslab import models, objectives
from gausslab.config import TrainConfig
from gausslab.errors import ConfigError
from gausslab.models import build, check_network
from gausslab.objectives import Batch
from gausslab.presets import FAMILIES, ROWS, SCALES, WIDTHS, preset, row_named
from gausslab.training import _optimiser

SETS = ("mnist", "cifar10", "celeba")
SHAPES = {"mnist": (1, 32, 32), "cifar10": (3, 32, 32), "celeba": (3, 64, 64)}

WEIGHTS = [
    ("vae", "kl_weight", 0.312, 0.024, 0.09024),
    ("cv-vae", "kl_weight", 0.039, 9e-4, 0.01),
    ("wae", "mmd_weight", 0.03, 0.006, 100),
    ("rae", "code_weight", 5e-4, 1e-2, 1e-4),
    ("rae-l2", "code_weight", 1e-4, 1e-3, 1e-4),
    ("rae-l2", "kernel_weight", 1e-7, 1e-6, 1e-7),
    ("rae-gp", "code_weight", 1e-4, 9e-4, 1e-4),
    ("rae-gp", "gradient_weight", 5e-8, 1e-7, 1e-7),
    ("rae-sn", "code_weight", 9e-3, 3e-2, 2.4e-3),
    ("ae-l2", "kernel_weight", 1e-7, 1e-6, 1e-6),
]


@pytest.mark.parametrize(("row", "field", "mnist", "cifar10", "celeba"), WEIGHTS)
def test_published_weights(row, field, mnist, cifar10, celeba):
    found = tuple(getattr(preset(row, data, scale="paper").objective, field) for data in SETS)
    assert found == (mnist, cifar10, celeba)


def test_published_optimisation():
    """Learning rates, epochs and schedules of the code that came with the RAE."""
    paper = {(row, data): preset(row, data, scale="paper").training for row in ROWS for data in SETS}
    assert {paper["rae", data].lr for data in SETS} == {5e-4, 1e-3}
    assert {paper["vae", data].lr for data in SETS} == {1e-4}
    assert [paper["cv-vae", data].epochs for data in SETS] == [100, 70, 70]
    assert [paper["rae-gp", data].epochs for data in SETS] == [100, 70, 70]
    assert [paper["ae-l2", data].epochs for data in SETS] == [100, 100, 100]
    assert paper["rae-sn", "celeba"].schedule == "plateau"
    assert (paper["eae", "cifar10"].schedule, paper["eae", "cifar10"].decay) == ("exponential", 0.98)
    assert paper["2svae-dai-wipf", "mnist"].batch == 64


@pytest.mark.parametrize(("data", "millions"), [("mnist", 22.69), ("cifar10", 30.50), ("celeba", 39.74)])
def test_paper_scale_is_the_thesiss_network(data, millions):
    """Numbers of parameters, counted once by hand from the layers of the thesis (AE row, no variational head)."""
    config = preset("ae", data, scale="paper")
    with torch.device("meta"):
        network = models.build_autoencoder(config.model, SHAPES[data])
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.006)
    assert config.model.width == WIDTHS[data]


@pytest.mark.parametrize("data", SETS)
@pytest.mark.parametrize("row", list(ROWS))
@pytest.mark.parametrize("scale", ["paper", "laptop"])
def test_every_row_has_a_network_at_every_scale(row, data, scale):
    config = preset(row, data, scale=scale)
    check_network(config.model, SHAPES[data])
    assert config.data.size == SHAPES[data][1]
    assert config.model.init == ("keras" if scale == "paper" else "torch")


@pytest.mark.parametrize("row", list(ROWS))
@pytest.mark.parametrize("data", SETS)
def test_one_step_of_every_row(row, data):
    """The paper's preset, with few channels: loss and gradients are finite, Adam's step changes every weight's tensor.

    The code's batch norm has no weight.
    """
    config = preset(row, data, scale="paper", channels=4)
    model = build(config.model, SHAPES[data], seed=0).train()
    images = torch.rand(8, *SHAPES[data], generator=torch.Generator().manual_seed(0))
    optimiser = _optimiser(config, model)
    before = [p.detach().clone() for p in model.parameters()]
    loss = objectives.build(config)(model, Batch(images), torch.Generator().manual_seed(1))
    loss.total.backward()
    assert loss.total.shape == ()
    assert loss.total.dtype == torch.float32
    assert math.isfinite(loss.total.item())
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    optimiser.step()
    assert all(p.isfinite().all() for p in model.parameters())
    assert not any(torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True) if p.grad.any())


def test_rows_that_differ_in_their_sampler_alone_share_their_runs():
    assert preset("2svae", "mnist") == preset("vae", "mnist")
    assert row_named("2svae").own_sampler == "second-stage"
    assert row_named("vae").own_sampler is None


def test_all_other_rows_are_different_runs_at_paper_scale():
    rows = [row for row in ROWS if row != "2svae"]
    assert len({preset(row, "celeba", scale="paper").digest for row in rows}) == len(rows)


def test_as_released_keeps_the_published_mistakes():
    assert preset("rae-gp", "cifar10", as_released=True).objective.gradient_weight == 0
    assert preset("rae-gp", "mnist", as_released=True).objective.gradient_weight == 5e-8
    assert preset("ae", "mnist", as_released=True).data.split == "as-released"
    assert preset("ae", "mnist").data.split == "disjoint"


def test_how_pictures_are_cut_and_resized():
    plain, other = preset("ae", "celeba"), preset("ae", "celeba", crop=108, resampling="lanczos")
    assert (plain.data.crop, plain.data.resampling) == (None, "bilinear")
    assert (other.data.crop, other.data.resampling) == (108, "lanczos")


def test_changes_take_the_place_of_the_scales():
    config = preset("eae", "mnist", scale="smoke", channels=3, epochs=5, images=100, width=None, lr=0.1, threads=2)
    assert (config.model.channels, config.training.epochs, config.data.images) == (3, 5, 100)
    assert (config.model.width, config.training.lr, config.training.threads) == (16, 0.1, 2)


def test_a_folder_takes_the_weights_of_its_size():
    assert preset("ae-l2", "folder", path="x").objective == preset("ae-l2", "cifar10").objective
    assert preset("ae-l2", "folder", path="x", size=64).objective == preset("ae-l2", "celeba").objective
    assert preset("ae-l2", "folder", path="x").data.size == 32


@pytest.mark.parametrize(
    ("arguments", "changes", "message"),
    [
        (("vea", "mnist"), {}, "unknown model 'vea'; did you mean 'vae'"),
        (("vae", "minst"), {}, "unknown data set of the comparison 'minst'; did you mean 'mnist'"),
        (("vae", "mnist"), {"scale": "huge"}, "scale 'huge' is unknown; choices: smoke, laptop, paper"),
        (("vae", "mnist"), {"chanels": 3}, "preset has no setting 'chanels'; did you mean 'channels'"),
    ],
)
def test_mistakes_are_one_line(arguments, changes, message):
    with pytest.raises(ConfigError) as caught:
        preset(*arguments, **changes)
    assert str(caught.value).startswith(message)


def test_every_data_set_of_a_family_is_known():
    from gausslab.data import DATASETS

    assert set(FAMILIES) | {"folder"} == set(DATASETS)
    assert set(SCALES) == {"smoke", "laptop", "paper"}
    assert isinstance(preset("vae", "digits", scale="smoke"), TrainConfig)
