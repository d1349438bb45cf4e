import subprocess
import sys

import pytest

import gausslab.data
from gausslab.config import DataConfig
from gausslab.data import DATASETS, describe, load
from gausslab.data.fetching import RECIPES, SHAPES
from gausslab.data.loading import COUNTERS, LOADERS
from gausslab.errors import DataError


def test_every_described_set_can_be_loaded_and_those_with_a_download_fetched():
    assert list(LOADERS) == list(DATASETS)
    assert set(RECIPES) == set(SHAPES) == {name for name, d in DATASETS.items() if d.is_fetchable}
    assert set(COUNTERS) == {name for name, d in DATASETS.items() if d.training is None}


def test_an_unknown_set_names_the_near_match_and_the_choices():
    with pytest.raises(
        DataError, match=r"data set 'mnits' is unknown; did you mean 'mnist'\? choices: mnist-5k, digits"
    ):
        load(DataConfig(name="mnits"))


def test_descriptions_need_no_torch():
    code = (
        "import sys, gausslab.data as d; d.DATASETS, d.describe('mnist').files, d.is_cached('mnist');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names_are_there_and_no_others():
    assert all(getattr(gausslab.data, name) is not None for name in gausslab.data.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        gausslab.data.nothing  # noqa: B018


def test_synthetic_faces_are_always_called_so():
    d = describe("faces-synthetic")
    assert "synthetic" in d.name
    assert "SYNTHETIC" in d.content


def test_texts_are_single_lines():
    for name in DATASETS:
        d = describe(name)
        assert not any("\n" in text for text in (d.content, d.source, d.files, d.origin))
