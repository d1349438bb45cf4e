"""What a comparison covers, and what it refuses."""

from dataclasses import replace

import pytest
from tiny_plan import TINY

from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.errors import ConfigError
from gausslab.serialisation import from_json, to_json


def test_cells_are_rows_then_seeds_and_rows_may_share_runs():
    cells = list(TINY.cells())
    assert [(cell.row, cell.config.seed) for cell in cells] == [
        (row, seed) for row in ("vae", "2svae", "eae-l1") for seed in (0, 1)
    ]
    assert len(TINY.configs()) == 4
    assert TINY.samplers_of(cells[0].config) == ("isotropic", "mvg", "gmm", "second-stage")


def test_given_samplers_are_every_rows_but_those_with_a_second_stage():
    plan = replace(TINY, samplers=("mvg",))
    assert [cell.samplers for cell in plan.cells()][::2] == [("mvg",), ("second-stage",), ("mvg",)]


def test_settings_take_the_scales_place():
    config = next(TINY.cells()).config
    assert (config.data.images, config.training.epochs, config.model.width) == (200, 1, 4)
    assert (config.model.channels, config.model.posterior) == (2, "learned")


def test_there_and_back_and_a_digest_of_every_field():
    assert from_json(ComparisonConfig, to_json(TINY)) == TINY
    changes = [
        {"data": "mnist"}, {"path": "x"}, {"size": 32}, {"scale": "laptop"}, {"rows": ("vae",)}, {"seeds": (1,)},
        {"samplers": ("gmm",)}, {"settings": Settings(lr=0.1)}, {"quality": QualityConfig(images=50)},
    ]  # fmt: skip
    digests = {TINY.digest, *(replace(TINY, **change).digest for change in changes)}
    assert len(digests) == len(changes) + 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": ()}, "rows must be at least one value, got ()"),
        ({"rows": ("vae", "vae")}, "rows must be values without repetition"),
        ({"rows": ("vea",)}, "unknown model 'vea'; did you mean 'vae'?"),
        ({"samplers": ("gm",)}, "unknown sampler 'gm'; did you mean 'gmm'?"),
        ({"data": "mnits"}, "unknown data set of the comparison 'mnits'; did you mean 'mnist'?"),
        ({"scale": "small"}, "scale 'small' is unknown"),
        ({"settings": Settings(width=0)}, "width must be a whole number of at least 1, got 0"),
    ],
)
def test_nonsense_is_told_in_a_line_before_anything_runs(change, message):
    with pytest.raises(ConfigError) as caught:
        replace(TINY, **change)
    assert str(caught.value).startswith(message)


def test_a_score_needs_four_images():
    with pytest.raises(ConfigError, match="images must be a whole number of at least 4, got 3"):
        QualityConfig(images=3)
