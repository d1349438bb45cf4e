import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gausslab.config import DataConfig
from gausslab.data import DATASETS, load
from gausslab.data.pools import Pool, TrainTest
from gausslab.data.splits import Split, split_pool, split_train_test, to_float
from gausslab.errors import ConfigError


def numbered(samples, first=0):
    """A pool whose images spell their own number in four pixels."""
    numbers = np.arange(first, first + samples, dtype="<u4")
    return Pool(numbers.view(np.uint8).reshape(-1, 1, 2, 2), (numbers % 10).astype(np.int64))


def numbers(split):
    return split.images.numpy().reshape(-1, 4).copy().view("<u4").ravel().tolist()


@given(st.integers(3, 200), st.data())
def test_splits_of_a_pool_are_disjoint_and_together_all(samples, data):
    validation = data.draw(st.integers(1, samples - 2))
    test = data.draw(st.integers(1, samples - 1 - validation))
    drawn = split_pool(DataConfig(), numbered(samples), validation, test)
    assert (len(drawn.validation), len(drawn.test)) == (validation, test)
    assert sorted(numbers(drawn.train) + numbers(drawn.validation) + numbers(drawn.test)) == list(range(samples))


@given(st.integers(2, 50), st.integers(2, 50))
def test_fewer_images_are_the_first_of_more_and_leave_the_held_out_alone(fewer, more):
    fewer, more = sorted((fewer, more))
    small, large = (split_pool(DataConfig(images=n), numbered(70), 10, 10) for n in (fewer, more))
    assert numbers(small.train) == numbers(large.train)[:fewer]
    assert numbers(small.validation) == numbers(large.validation)
    assert numbers(small.test) == numbers(large.test)


def test_benchmark_files_keep_their_last_images_for_validation():
    arrays = TrainTest(numbered(60_000), numbered(10_000, first=60_000))
    drawn = split_train_test(DataConfig(name="mnist"), arrays, 10_000)
    assert sorted(numbers(drawn.train)) == list(range(50_000))
    assert numbers(drawn.validation) == list(range(50_000, 60_000))
    assert numbers(drawn.test) == list(range(60_000, 70_000))
    assert numbers(drawn.train)[:100] != list(range(100))


@pytest.mark.parametrize(
    ("name", "training_file", "validation", "overlap"),
    [("mnist", 60_000, 50_000, 40_000), ("cifar10", 50_000, 40_000, 30_000)],
)
def test_as_released_validates_on_all_but_the_first_10_000(name, training_file, validation, overlap):
    arrays = TrainTest(numbered(training_file), numbered(10_000, first=training_file))
    released = split_train_test(DataConfig(name=name, split="as-released"), arrays, 10_000)
    proper = split_train_test(DataConfig(name=name), arrays, 10_000)
    assert numbers(released.validation) == list(range(10_000, training_file))
    assert len(released.validation) == validation
    assert len(set(numbers(released.validation)) & set(numbers(released.train))) == overlap
    assert numbers(released.train) == numbers(proper.train)
    assert numbers(released.test) == numbers(proper.test)


@pytest.mark.parametrize("name", [name for name in DATASETS if name not in ("mnist", "cifar10")])
def test_as_released_is_refused_where_nothing_was_released(name):
    with pytest.raises(ConfigError, match=rf"^split 'as-released' is for data mnist and cifar10, got data '{name}'$"):
        load(DataConfig(name=name, split="as-released"))


def test_labels_follow_their_images():
    drawn = split_pool(DataConfig(images=20), numbered(50), 10, 10)
    for split in (drawn.train, drawn.validation, drawn.test):
        assert [n % 10 for n in numbers(split)] == split.labels.tolist()


def test_more_images_than_there_are_name_how_many_there_are():
    with pytest.raises(ConfigError, match=r"^images must be at most 30, the training images of mnist-5k, got 31$"):
        split_pool(DataConfig(images=31), numbered(50), 10, 10)


def test_scaling_is_division_by_255_and_leaves_the_bytes_alone():
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    scaled = to_float(images)
    assert scaled.dtype == torch.float32
    assert (scaled.min(), scaled.max()) == (0, 1)
    assert torch.equal((scaled * 255).round().to(torch.uint8), images)
    assert images.dtype == torch.uint8


def test_a_split_has_as_many_labels_as_images():
    with pytest.raises(Exception, match="labels"):
        Split(torch.zeros(3, 1, 4, 4, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64))


def test_the_digest_is_of_the_held_out_images_alone():
    few, more = (split_pool(DataConfig(images=n), numbered(70), 10, 10) for n in (5, 50))
    other = split_pool(DataConfig(images=5), numbered(70, first=1), 10, 10)
    assert few.held_out_digest == more.held_out_digest != other.held_out_digest
    assert len(few.held_out_digest) == 16
