"""The real downloads; run with `pytest -m network`."""

import numpy as np
import pytest

from gausslab.config import DataConfig
from gausslab.data import fetch, fetching, load, synthetic_faces

MEANS = (0.38554, 0.31669, 0.27439)
"""Of red, green and blue of the first 300 faces, when they were drawn first and looked at."""

pytestmark = pytest.mark.network


@pytest.mark.parametrize(("name", "mean", "sd"), [("mnist", 0.1307, 0.3081), ("fashion-mnist", 0.2860, 0.3530)])
def test_fetched_sets_are_the_published_ones(tmp_path, monkeypatch, name, mean, sd):
    monkeypatch.setenv("GAUSSLAB_DATA", str(tmp_path))
    folder = fetch(name)
    images = np.load(folder / "train_images.npy") / np.float32(255)
    assert images.shape == (60_000, 1, 28, 28)
    assert images.mean(dtype=np.float64) == pytest.approx(mean, abs=5e-5)  # published to four decimals
    assert images.std(dtype=np.float64) == pytest.approx(sd, abs=5e-5)
    data = load(DataConfig(name=name))
    assert (len(data.train), len(data.validation), len(data.test)) == (50_000, 10_000, 10_000)
    assert data.image_shape == (1, 32, 32)


def test_synthetic_faces_are_those_that_were_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_DATA", str(tmp_path))
    monkeypatch.setattr(synthetic_faces, "SAMPLES", (300, 100))
    monkeypatch.setattr(synthetic_faces, "VALIDATION", 100)
    monkeypatch.setitem(fetching.SHAPES, "faces-synthetic", (synthetic_faces.IMAGE_SHAPE, (300, 100)))
    fetch("faces-synthetic")
    data = load(DataConfig(name="faces-synthetic", size=64))
    assert (len(data.train), len(data.validation), len(data.test)) == (200, 100, 100)
    pixels = np.load(tmp_path / "faces-synthetic" / "train_images.npy") / np.float64(255)
    assert pixels.mean(axis=(0, 2, 3)) == pytest.approx(MEANS, abs=2e-5)  # far more than float32 can move it
