"""Features of real images: computed once, found again, and computed again when anything that they depend on changes."""

import numpy as np
import pytest
import torch
from torch import nn

from gausslab.data import to_float
from gausslab.errors import EstimatorError
from gausslab.quality import feature_cache, real_features
from gausslab.quality.extractors import ModuleExtractor

IMAGES = torch.randint(256, (20, 1, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


class Counting(nn.Module):
    """Linear features, and how many images they were made of."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(16, 3, generator=torch.Generator().manual_seed(0)))
        self.seen = 0

    def forward(self, images):
        self.seen += len(images)
        return images.flatten(1) @ self.weight


@pytest.fixture
def network():
    return Counting()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))
    return tmp_path / "features"


def found(network, images=IMAGES, data="made", split="test", name="linear"):
    extractor = ModuleExtractor(name=name, network=network, features=3)
    return real_features(extractor, images, data=data, split=split)


def test_computed_once(network, folder):
    first, second = found(network), found(network)
    assert network.seen == 20
    assert [path.suffix for path in folder.iterdir()] == [".npz"]
    assert torch.equal(first.features, second.features) and first.features.dtype == torch.float32
    for field in ("n", "mean", "covariance"):
        one, other = (torch.as_tensor(getattr(each.statistics, field)) for each in (first, second))
        assert torch.equal(one, other)
    assert (first.extractor, first.data, first.split) == ("linear", "made", "test")


def test_values(network):
    with torch.no_grad():
        expected = network(to_float(IMAGES)).numpy()
    reference = found(network)
    np.testing.assert_array_equal(reference.features, expected)
    np.testing.assert_allclose(
        reference.statistics.covariance, np.cov(expected.astype(float), rowvar=False), rtol=1e-12
    )


def test_chunks_do_not_matter(network, monkeypatch):
    whole = found(network).features
    monkeypatch.setattr("gausslab.quality.reference.CHUNK", 7)
    # single precision, in other blocks
    torch.testing.assert_close(found(network, split="again").features, whole, rtol=1e-5, atol=1e-6)


def test_whatever_changes_is_computed_again(network):
    found(network)
    for change in (
        {"data": "other"},
        {"split": "train"},
        {"images": IMAGES[:10]},
        {"images": IMAGES.flip(0)},
        {"images": IMAGES.view(20, 1, 2, 8)},
    ):
        before = network.seen
        found(network, **change)
        assert network.seen > before, change
    before = network.seen
    with torch.no_grad():
        network.weight[0, 0] += 1
    found(network)
    assert network.seen == before + 20


def test_the_digest_and_not_the_name_of_the_extractor_matters(network):
    found(network)
    assert found(network, name="renamed").extractor == "renamed"
    assert network.seen == 20


def rewritten(path, **changes):
    with np.load(path) as arrays:
        content = dict(arrays) | changes
    np.savez(path, **{name: value for name, value in content.items() if value is not None})


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "flipped": lambda path: path.write_bytes(path.read_bytes().replace(b"\x93NUMPY", b"\x92NUMPY")),
    "foreign": lambda path: path.write_bytes(b"something else"),
    "another key": lambda path: rewritten(path, key=np.array("another")),
    "another format": lambda path: rewritten(path, format=np.array(0)),
    "a field less": lambda path: rewritten(path, mean=None),
    "another n": lambda path: rewritten(path, n=np.array(19)),
    "another shape": lambda path: rewritten(path, covariance=np.eye(2)),
    "single precision": lambda path: rewritten(path, mean=np.zeros(3, dtype=np.float32)),
    "no numbers": lambda path: rewritten(path, mean=np.full(3, np.nan)),
    "features without numbers": lambda path: rewritten(path, features=np.full((20, 3), np.nan)),
    "one axis": lambda path: rewritten(path, features=np.zeros(60)),
    "whole numbers": lambda path: rewritten(path, features=np.zeros((20, 3), dtype=np.int64)),
    "objects": lambda path: rewritten(path, features=np.array([None])),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_entries_are_computed_again(network, folder, damage):
    expected = found(network)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    damage(path)
    again = found(network)
    assert network.seen == 40
    assert torch.equal(again.features, expected.features)
    assert path.read_bytes() == whole  # and mended: the same images, the same bytes


def test_a_flipped_byte_anywhere_is_seen(network, folder):
    found(network)
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    with np.load(path) as arrays:
        at = content.index(arrays["features"].tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    found(network)
    assert network.seen == 40


def test_a_folder_that_cannot_be_written_costs_only_time(network, tmp_path):
    (tmp_path / "features").write_text("a file in its place")
    found(network)
    assert found(network).features.shape == (20, 3)
    assert network.seen == 40


def test_too_few_images_are_not_kept(network, folder):
    with pytest.raises(EstimatorError, match="expected at least 2 samples, got 1"):
        found(network, images=IMAGES[:1])
    assert not folder.exists()


def test_the_folder_is_beside_the_null_laws(monkeypatch, tmp_path):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path / "mine"))
    assert feature_cache.cache_folder() == tmp_path / "mine" / "features"
