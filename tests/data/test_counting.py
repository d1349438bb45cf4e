"""The number of training images that is told without loading them is the number that is loaded."""

import pytest
from PIL import Image

from gausslab.config import DataConfig
from gausslab.data import count_training_images, load
from gausslab.errors import ConfigError, DataError


@pytest.mark.parametrize("name", ["digits", "mnist-5k"])
def test_installed_sets(name):
    assert count_training_images(DataConfig(name=name)) == len(load(DataConfig(name=name)).train)


@pytest.mark.parametrize("files", [4, 9, 31])
def test_a_folder(files, tmp_path):
    for number in range(files):
        Image.new("L", (8, 8), number).save(tmp_path / f"{number}.png")
    config = DataConfig(name="folder", path=str(tmp_path))
    assert count_training_images(config) == len(load(config).train)


def test_what_cannot_be_counted():
    with pytest.raises(DataError, match="unknown"):
        count_training_images(DataConfig(name="mnits"))
    with pytest.raises(ConfigError, match="needs a path"):
        count_training_images(DataConfig(name="folder"))
