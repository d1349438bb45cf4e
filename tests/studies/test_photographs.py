import sys

import pytest
import torch

from gausslab.errors import ConfigError
from gausslab.studies import photographs as module
from gausslab.studies.photographs import crops, photographs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two made photographs in place of foolbox's: the red value grows to the right, the green one downwards."""
    from PIL import Image

    for number, (width, height) in enumerate([(64, 48), (40, 60)]):
        picture = Image.new("RGB", (width, height))
        picture.putdata([(3 * x, 3 * y, 0) for y in range(height) for x in range(width)])
        picture.save(tmp_path / f"imagenet_0{number}_{7 + number}.jpg", quality=100, subsampling=0)
    monkeypatch.setattr(module, "_folder", lambda: tmp_path)
    return tmp_path


def test_photographs_are_squeezed_whole_and_have_their_classes(folder):
    images, classes = photographs(16)
    assert images.shape == (2, 3, 16, 16) and images.dtype is torch.uint8
    assert classes.tolist() == [7, 8]
    assert images[0, 0, :, -1].float().mean() > 170 and images[0, 1, -1].float().mean() > 120


def test_crops_are_squares_of_the_photograph_some_of_them_mirrored(folder):
    found = crops(24, 20, seed=0)
    assert found.shape == (40, 3, 24, 24)
    assert torch.equal(found, crops(24, 20, seed=0)) and not torch.equal(found, crops(24, 20, seed=1))
    across = (found[:, 0, :, -1].float() - found[:, 0, :, 0].float()).mean(1)
    down = (found[:, 1, -1].float() - found[:, 1, 0].float()).mean(1)
    mirrored = int((across < 0).sum())
    assert 8 <= mirrored <= 32  # of 40: within 3.8 standard deviations of half
    assert (down > 0).all()
    shorter = torch.tensor([48.0] * 20 + [40.0] * 20)
    sides = across.abs() / 3
    torch.testing.assert_close(sides, down / 3, rtol=0.05, atol=1.0)  # squares
    assert (sides <= shorter).all() and (sides >= 0.5 * shorter - 3).all()  # less a pixel of the 24 at either end


def test_without_foolbox_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "foolbox", None)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"foolbox, which is not installed: pip install 'gausslab\[attacks\]'"):
        photographs(8)
