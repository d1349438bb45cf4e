"""The real downloads; run with `pytest -m network`."""

import numpy as np
import pytest

from gausslab.config import DataConfig
from gausslab.data import fetch, load

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
