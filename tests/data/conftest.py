"""A cache, a MNIST and clients of one's own, so that no test touches the real ones."""

import hashlib
from pathlib import Path

import pytest
from made_files import TINY, npm_tarball, tiny_files

from gausslab.data import fetching, mnist


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty cache of one's own, on a system without installed data sets."""
    folder = tmp_path / "store"
    monkeypatch.setenv("GAUSSLAB_DATA", str(folder))
    monkeypatch.setattr(mnist, "SYSTEM_FOLDER", tmp_path / "no-such-folder")
    return folder


@pytest.fixture
def tiny(monkeypatch, store):
    """MNIST and Fashion-MNIST of 12 + 6 images: files of mnist; the checks expect these instead of the real ones."""
    sets = {"mnist": tiny_files(0), "fashion-mnist": tiny_files(1)}
    for name, files in sets.items():
        digests = mnist.Digests(
            train_images=hashlib.sha256(files["train-images-idx3-ubyte"]).hexdigest(),
            train_labels=hashlib.sha256(files["train-labels-idx1-ubyte"]).hexdigest(),
            test_images=hashlib.sha256(files["t10k-images-idx3-ubyte"]).hexdigest(),
            test_labels=hashlib.sha256(files["t10k-labels-idx1-ubyte"]).hexdigest(),
        )
        monkeypatch.setitem(mnist.DIGESTS, name, digests)
        monkeypatch.setitem(fetching.SHAPES, name, (mnist.IMAGE_SHAPE, TINY))
    monkeypatch.setattr(mnist, "SAMPLES", TINY)
    monkeypatch.setattr(mnist, "VALIDATION", 3)
    return sets


@pytest.fixture
def tarball(tiny, monkeypatch):
    """The made MNIST as the npm package, and the checksum of it pinned."""
    content = npm_tarball({f"package/data/{name}": data for name, data in tiny["mnist"].items()})
    monkeypatch.setattr(mnist, "NPM_SHA256", hashlib.sha256(content).hexdigest())
    return content


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts made programs where the real clients would be found; without any, there are none."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(name: str, script: str) -> Path:
        program = folder / name
        program.write_text("#!/bin/sh\nPATH=/usr/bin:/bin\n" + script)
        program.chmod(0o755)
        return program

    return add
