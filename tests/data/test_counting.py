"""The number of training images that is told without loading them is the number that is loaded."""

import pytest
from made_files import celeba_folder
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


def test_celeba_counts_its_partition_file(tmp_path, store):
    config = DataConfig(name="celeba", path=str(celeba_folder(tmp_path, (7, 1, 2))), images=2)
    assert count_training_images(config) == 7
    assert not store.exists()  # nothing was decoded


def test_the_published_overlap_counts_as_many():
    for name in ("mnist", "cifar10"):
        counts = {count_training_images(DataConfig(name=name, split=rule)) for rule in ("disjoint", "as-released")}
        assert len(counts) == 1


def test_what_cannot_be_counted():
    with pytest.raises(DataError, match="unknown"):
        count_training_images(DataConfig(name="mnits"))
    for name in ("folder", "celeba"):
        with pytest.raises(ConfigError, match="needs a path"):
            count_training_images(DataConfig(name=name))
