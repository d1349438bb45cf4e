import json
from dataclasses import asdict

import pytest
from plotting.made_pictures import PLAN, put_study

from gausslab.comparison import ComparisonConfig, Settings
from gausslab.errors import GausslabError
from gausslab.plotting.study_pictures import picture_of, scale_told, title_of
from gausslab.provenance import to_bytes
from gausslab.studies.comparing import slug


@pytest.fixture
def folder(tmp_path):
    labels = ["eae", "eae-weight-0.5", "eae-k2-weight-1.0", "bn-ae-width-48", "bn-ae-batch-50-width-48", "eae-lr-1e-05"]
    for label in labels:
        (tmp_path / label).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("row", "settings", "label"),
    [
        ("eae", {}, "eae"),
        ("eae", {"weight": 0.5}, "eae-weight-0.5"),
        ("eae-k2", {"weight": 1}, "eae-k2-weight-1.0"),
        ("eae-k2", {}, "eae-k2-weight-1.0"),
        ("eae", {"lr": 1e-5}, "eae-lr-1e-05"),
        ("bn-ae", {"width": 48}, "bn-ae-width-48"),
        ("bn-ae", {"width": 48, "batch": 50}, "bn-ae-batch-50-width-48"),
    ],
)
def test_the_shortest_label_that_says_what_is_asked_for(folder, row, settings, label):
    assert picture_of(folder, row, **settings) == folder / label / "samples-isotropic.png"
    assert picture_of(folder, row, "samples-gmm", **settings) == folder / label / "samples-gmm.png"


@pytest.mark.parametrize("settings", [{"width": 64}, {"width": 4}, {"width": 480}, {"weight": 0.5}])
def test_labels_that_there_are_not(folder, settings):
    with pytest.raises(GausslabError, match=r"no pictures of 'bn-ae \w+ [\d.]+' in .*, which holds eae, eae-lr"):
        picture_of(folder, "bn-ae", **settings)
    with pytest.raises(GausslabError, match=r"no pictures of 'eae' in .*absent, which holds nothing$"):
        picture_of(folder / "absent", "eae")


def test_labels_of_studies_are_understood(tmp_path):
    """Those that a study really writes."""
    plan = ComparisonConfig(rows=("eae",), variants=(Settings(weight=1e-5, width=8), Settings(lr=1e-4, weight=0.07)))
    for cell in plan.cells():
        (tmp_path / slug(cell.label)).mkdir(exist_ok=True)
    assert picture_of(tmp_path, "eae", weight=1e-5).parent.name == "eae-weight-1e-05-width-8"
    assert picture_of(tmp_path, "eae", lr=1e-4, weight=0.07).parent.name == "eae-lr-0.0001-weight-0.07"
    assert title_of(tmp_path / "eae-weight-1e-05-width-8" / "x.png") == "EAE, weight 1e-05, width 8"


def test_titles(folder):
    assert title_of(folder / "eae" / "samples-gmm.png") == "EAE"
    assert (
        title_of(folder / "bn-ae-bottleneck-l1norm-width-48" / "x.png")
        == "EAE, no entropy, bottleneck l1norm, width 48"
    )
    assert title_of(folder / "someone-else" / "x.png") == "someone-else"


def test_the_scale_is_the_plans_settings_over_the_scales_own(tmp_path):
    folder = put_study(tmp_path, "mnist", ["eae"])
    assert scale_told(folder, ["eae"]) == "8 channels, 4,000 training images, 10 epochs, seed 0."


def write(tmp_path, **plans):
    (tmp_path / "provenance.json").write_text(json.dumps({"study": plans}))
    return tmp_path / "images" / "mnist"


def test_the_scale_is_that_of_these_data_and_rows(tmp_path):
    others = {"a": PLAN | {"data": "cifar10"}, "b": PLAN | {"rows": ["ae"], "settings": {"epochs": 99}}}
    folder = write(tmp_path, **others, c=PLAN | {"rows": ["eae", "vae"], "scale": "paper", "seeds": [7]})
    assert scale_told(folder, ["vae"]) == "128 channels, 4,000 training images, the rows' own epochs, seed 7."
    assert scale_told(folder, ["wae"]) == ""


def test_variants_are_in_place_of_settings_and_differing_scales_are_all_told(tmp_path):
    variants = [{"epochs": 5, "images": None}, {"epochs": 6}, {"epochs": 6, "weight": 0.5}]
    folder = write(tmp_path, a=PLAN | {"settings": {"epochs": 4}, "variants": variants})
    told = "8 channels, 10,000 training images, {} epochs, seed 0"
    assert scale_told(folder, ["eae"]) == f"{told.format(5)} or {told.format(6)}."


def test_the_record_that_a_study_writes_is_understood(tmp_path):
    plan = ComparisonConfig(rows=("eae",), scale="smoke", settings=Settings(images=300), variants=(Settings(width=8),))
    (tmp_path / "provenance.json").write_bytes(to_bytes({"study": {"mnist": asdict(plan)}}))
    told = scale_told(tmp_path / "images" / "mnist", ["eae"])
    assert told == "2 channels, 300 training images, 2 epochs, seed 0."


def test_without_a_record_nothing_is_told(tmp_path):
    assert scale_told(tmp_path / "images" / "mnist", ["eae"]) == ""


@pytest.mark.parametrize("text", ["{", "[]", '{"study": {"a": 1}}', '{"study": {"a": {"data": "mnist"}}}', "{}"])
def test_other_records_are_told(text, tmp_path):
    (tmp_path / "provenance.json").write_text(text)
    with pytest.raises(GausslabError, match=r"^cannot read a study of comparisons from .*provenance\.json: [^\n]*$"):
        scale_told(tmp_path / "images" / "mnist", ["eae"])
