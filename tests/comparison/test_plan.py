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


VARIED = replace(TINY, rows=("eae",), seeds=(0, 1), variants=(Settings(weight=0.05), Settings(batch=50, neighbours=2)))


def test_every_row_goes_through_every_variant():
    cells = list(VARIED.cells())
    assert [cell.label for cell in cells] == ["eae weight 0.05"] * 2 + ["eae batch 50, neighbours 2"] * 2
    objectives = [cell.config.objective for cell in cells]
    assert [(each.entropy_weight, each.neighbours) for each in objectives] == [(0.05, 1)] * 2 + [(1.0, 2)] * 2
    assert [cell.config.training.batch for cell in cells] == [100, 100, 50, 50]
    assert [cell.config.training.epochs for cell in cells] == [1] * 4
    assert VARIED.varied == ("batch", "neighbours", "weight")


def test_a_variant_stands_above_the_settings_of_all():
    plan = replace(TINY, settings=Settings(width=4), variants=(Settings(width=8), Settings(channels=3)))
    assert {(cell.config.model.width, cell.config.model.channels) for cell in plan.cells()} == {(8, 2), (4, 3)}


def test_the_weight_is_that_of_the_first_term():
    weighed = [replace(TINY, rows=(row,), settings=Settings(weight=7.0)) for row in ("vae", "sigreg", "rae-l2", "wae")]
    objectives = [next(plan.cells()).config.objective for plan in weighed]
    found = [next(each.weight(term) for term in each.terms) for each in objectives]
    assert found == [7.0] * 4
    assert [each.label for each in objectives] == ["vae-7", "sigreg-7", "rae-l2-7", "wae-7"]


def test_there_and_back_and_a_digest_of_every_field():
    for plan in (TINY, VARIED):
        assert from_json(ComparisonConfig, to_json(plan)) == plan
    changes = [
        {"data": "mnist"}, {"path": "x"}, {"size": 32}, {"crop": 8},
        {"resampling": "lanczos"}, {"scale": "laptop"}, {"rows": ("vae",)}, {"seeds": (1,)},
        {"samplers": ("gmm",)}, {"settings": Settings(lr=0.1)}, {"variants": (Settings(lr=0.1),)},
        {"variants": (Settings(lr=0.2),)}, {"quality": QualityConfig(images=50)},
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
        ({"crop": 0}, "crop must be a positive whole number, got 0"),
        ({"variants": (Settings(lr=0.1), Settings(lr=0.1))}, "variants must be values without repetition"),
        (
            {"rows": ("ae",), "settings": Settings(weight=1.0)},
            "model 'ae' has no term beside the error, got weight 1.0",
        ),
        ({"settings": Settings(width=0)}, "width must be a whole number of at least 1, got 0"),
    ],
)
def test_nonsense_is_told_in_a_line_before_anything_runs(change, message):
    with pytest.raises(ConfigError) as caught:
        replace(TINY, **change)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"extractor": "clasifier"}, "unknown extractor 'clasifier'; did you mean 'classifier'? choices: classifier, "),
        ({"weights": "x.pt"}, "extractor 'classifier' is trained here and takes no file, got x.pt"),
        ({"weights": ""}, "weights must be the path of a file, got ''"),
    ],
)
def test_scores_that_cannot_be_made(fields, message):
    with pytest.raises(ConfigError) as caught:
        QualityConfig(**fields)
    assert str(caught.value).startswith(message)


def test_a_score_needs_four_images():
    with pytest.raises(ConfigError, match="images must be a whole number of at least 4, got 3"):
        QualityConfig(images=3)
