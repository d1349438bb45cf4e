import threading
from dataclasses import dataclass

import numpy as np
import pytest

from gausslab.data import decoded
from gausslab.errors import DataError

CALLS = []


@dataclass(frozen=True)
class Constant:
    """An image whose pixels are the file's length."""

    side: int = 2

    @property
    def image_shape(self):
        return 1, self.side, self.side

    def __call__(self, file):
        CALLS.append(file.name)
        return np.full(self.image_shape, len(file.read_bytes()), dtype=np.uint8)


@pytest.fixture
def files(store, tmp_path, monkeypatch):
    """Seven files in blocks of three: image n is n."""
    monkeypatch.setattr(decoded, "BLOCK", 3)
    CALLS.clear()
    (tmp_path / "mine").mkdir()
    made = [tmp_path / "mine" / str(number) for number in range(7)]
    for number, file in enumerate(made):
        file.write_bytes(b"x" * number)
    return made


def blocks(store):
    return sorted((store / "decoded" / "made").glob("*.npy"))


def levels(images):
    return images[:, 0, 0, 0].tolist()


def test_every_file_is_decoded_once(files, store):
    for _ in range(2):
        images = decoded.read_all("made", files, Constant())
        assert (images.shape, images.dtype) == ((7, 1, 2, 2), np.uint8)
        assert levels(images) == list(range(7))
    assert [file.name for file in files] == CALLS
    assert [np.load(path).shape[0] for path in blocks(store)].count(3) == 2
    assert len(blocks(store)) == 3


def test_no_files_are_no_images(files):
    assert decoded.read_all("made", [], Constant()).shape == (0, 1, 2, 2)


def test_a_larger_part_uses_the_whole_blocks_of_a_smaller_one(files):
    decoded.read_all("made", files[:5], Constant())
    CALLS.clear()
    assert levels(decoded.read_all("made", files, Constant())) == list(range(7))
    assert CALLS == ["3", "4", "5", "6"]


def test_an_interrupted_load_goes_on_after_its_last_whole_block(files, store, monkeypatch):
    def interrupted(self, file):
        if file.name == "4":
            raise KeyboardInterrupt
        return original(self, file)

    original = Constant.__call__
    with monkeypatch.context() as patch:
        patch.setattr(Constant, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            decoded.read_all("made", files, Constant())
    assert len(blocks(store)) == 1
    CALLS.clear()
    assert levels(decoded.read_all("made", files, Constant())) == list(range(7))
    assert CALLS == ["3", "4", "5", "6"]


def test_two_loads_at_once_decode_once(files):
    threads = [threading.Thread(target=decoded.read_all, args=("made", files, Constant())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(CALLS) == [file.name for file in files]


@pytest.mark.parametrize("change", ["content", "order", "reader", "place"])
def test_whatever_the_bytes_depend_on_makes_another_block(files, change, tmp_path):
    decoded.read_all("made", files[:3], Constant())
    CALLS.clear()
    files, reader, expected = files[:3], Constant(), [0, 1, 2]
    if change == "content":
        files[1].write_bytes(b"x" * 9)
        expected = [0, 9, 2]
    if change == "order":
        files, expected = files[::-1], [2, 1, 0]
    if change == "reader":
        reader = Constant(side=3)
    if change == "place":
        files = [file.rename(tmp_path / file.name) for file in files]
    assert levels(decoded.read_all("made", files, reader)) == expected
    assert len(CALLS) == 3


@pytest.mark.parametrize("damage", [lambda content: content[:-3], lambda _content: b"", lambda _content: b"no array"])
def test_a_damaged_block_is_made_again(files, store, damage):
    decoded.read_all("made", files[:3], Constant())
    (block,) = blocks(store)
    content = block.read_bytes()
    block.write_bytes(damage(content))
    assert levels(decoded.read_all("made", files[:3], Constant())) == [0, 1, 2]
    assert block.read_bytes() == content


def test_a_file_that_went_away_is_named(files):
    files[1].unlink()
    with pytest.raises(DataError, match=r"^cannot read image .*/mine/1: No such file or directory$"):
        decoded.read_all("made", files, Constant())


def test_a_cache_that_cannot_be_written_is_one_line(files, store):
    store.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"^cannot write decoded images to .*/decoded/made: Not a directory$"):
        decoded.read_all("made", files, Constant())
