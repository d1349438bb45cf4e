"""CelebA from the user's own folder: the aligned faces in the official partition, cropped and resized.

Source: Liu, Luo, Wang and Tang, "Deep learning face attributes in the wild" (2015). The crop of 140 pixels is that of
the published code of the Two-Stage VAE (Dai and Wipf, 2019), whose offsets it shares: rows 39 to 178, columns 19 to 158
of the 178x218 picture, counted from 0. No source fixes the filter of the resize: that code uses the bilinear one, the
WAE's (Tolstikhin et al., 2018) Pillow's antialiased Lanczos one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from gausslab.config import DataConfig, Resampling
from gausslab.data import decoded
from gausslab.data.catalogue import describe
from gausslab.data.pictures import centre_square, read_picture
from gausslab.data.splits import ImageData, Split, training_rows
from gausslab.errors import ConfigError, DataError

WIDTH, HEIGHT = 178, 218
CROP = 140
IMAGE_FOLDER = "img_align_celeba"
PARTITION = ("list_eval_partition.txt", "list_eval_partition.csv")
CSV_HEADER = ["image_id", "partition"]
SPLITS = ("train", "validation", "test")
"""In the partition file's numbers: 0, 1, 2."""


@dataclass(frozen=True, kw_only=True)
class Faces:
    """The files of the three splits, each in the order of the partition file."""

    train: Sequence[Path]
    validation: Sequence[Path]
    test: Sequence[Path]


@dataclass(frozen=True, kw_only=True)
class FaceReader:
    """An aligned picture of 178x218 pixels -> its centre square, resized; RGB.

    Attributes:
        side: side of the image in pixels.
        crop: side of the centre square, at most 178; 140 keeps the face and drops most of the background.
        resampling: filter of the resize, antialiased.
    """

    side: int
    crop: int = CROP
    resampling: Resampling = "bilinear"

    def __post_init__(self) -> None:
        if self.crop > WIDTH:
            raise ConfigError(f"crop of celeba must be at most {WIDTH}, the width of its pictures, got {self.crop}")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every image."""
        return 3, self.side, self.side

    def __call__(self, file: Path) -> UInt8[np.ndarray, "channels height width"]:
        """The image in one file.

        Raises:
            DataError: the file is no whole image, or not of 178x218 pixels.
        """
        picture = read_picture(file, channels=3)
        if picture.size != (WIDTH, HEIGHT):
            size = f"{picture.width}x{picture.height}"
            raise DataError(f"image {file} is {size}, expected {WIDTH}x{HEIGHT}, the aligned pictures of CelebA")
        return centre_square(picture, self.crop, self.side, self.resampling)


def load_celeba(config: DataConfig) -> ImageData:
    """CelebA in its official partition: 162,770 / 19,867 / 19,962 faces, RGB, without labels.

    `config.path` is the folder that holds `img_align_celeba` and the partition file, or `img_align_celeba` itself;
    Kaggle's layout is read too. `config.images` are the first of a seeded shuffle of the training split; no image
    changes its split. The thesis's images have `config.size` 64; any other size, such as the 32 that is every set's
    default, is one resize from the same crop.

    Each picture that is used is decoded once and kept in the cache at the size asked for; see `decoded`. Whether the
    files are CelebA's own is not checked, only that files and partition name the same images and that each has the size
    of CelebA's: a part of the set, with a partition file of its own, is loaded under the same name.

    Raises:
        ConfigError: there is no path, the crop is wider than the pictures, or more training images are asked for than
            there are.
        DataError: the folder or its partition file is absent, one names what the other lacks, a line of the partition
            is no file name and number, or a picture is broken or has another size; the file is named.
    """
    reader = FaceReader(side=config.size, crop=config.crop or CROP, resampling=config.resampling)
    faces = find_faces(_root(config))
    chosen = [faces.train[row] for row in training_rows(config, np.arange(len(faces.train)))]
    splits = [_read(files, reader) for files in (chosen, faces.validation, faces.test)]
    return ImageData(config.name, *splits)


def count_training_faces(config: DataConfig) -> int:
    """Files of the training split, by the partition file."""
    return len(find_faces(_root(config)).train)


def find_faces(root: Path) -> Faces:
    """The files of each split under `root`, which must be those that the partition file names.

    Raises:
        DataError: as for `load_celeba`, but for the content of pictures.
    """
    folder = _image_folder(root)
    partition = _partition_file(folder)
    numbers = read_partition(partition)
    _require_same(partition, set(numbers), folder, _pictures(folder))
    found = [[folder / name for name, number in numbers.items() if number == part] for part in range(len(SPLITS))]
    for split, files in zip(SPLITS, found, strict=True):
        if not files:
            raise DataError(f"{partition} puts no image into the {split} split")
    return Faces(**dict(zip(SPLITS, found, strict=True)))


def read_partition(path: Path) -> dict[str, int]:
    """File name -> 0 (training), 1 (validation) or 2 (test), in the file's order.

    A line is a name and a number with a blank (the authors' .txt) or a comma (Kaggle's .csv) between them.

    Raises:
        DataError: the file cannot be read, or a line is something else or names a file again.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    numbers: dict[str, int] = {}
    for row, line in enumerate(lines, 1):
        words = line.replace(",", " ").split()
        if not words or words == CSV_HEADER:
            continue
        if len(words) != 2 or words[1] not in ("0", "1", "2"):
            raise DataError(f"{path} line {row}: expected a file name and 0, 1 or 2, got {line[:60]!r}")
        if words[0] in numbers:
            raise DataError(f"{path} line {row}: {words[0]} is there a second time")
        numbers[words[0]] = int(words[1])
    return numbers


def _root(config: DataConfig) -> Path:
    if config.path is None:
        raise ConfigError(f"data 'celeba' needs a path: {describe('celeba').files}")
    return Path(config.path).resolve()


def _image_folder(root: Path) -> Path:
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; for celeba, {describe('celeba').files}")
    for folder in (root / IMAGE_FOLDER / IMAGE_FOLDER, root / IMAGE_FOLDER, root):
        if folder.is_dir() and any(_is_picture(entry) for entry in folder.iterdir()):
            return folder
    raise DataError(f"{root} has no pictures {IMAGE_FOLDER}/*.jpg; for celeba, {describe('celeba').files}")


def _partition_file(folder: Path) -> Path:
    for place in (folder, *folder.parents[:3]):
        for name in PARTITION:
            if (place / name).is_file():
                return place / name
    raise DataError(f"no {PARTITION[0]} (nor .csv) in {folder} or above it; for celeba, {describe('celeba').files}")


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() == ".jpg" and not path.name.startswith(".")


def _pictures(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if _is_picture(entry)}


def _require_same(partition: Path, named: set[str], folder: Path, there: set[str]) -> None:
    """Two lists of the same images: a picture without a split, or a split's image that is not there, is an error."""
    if absent := sorted(named - there):
        raise DataError(f"{partition} names {_first(absent)}, not in {folder}")
    if unnamed := sorted(there - named):
        raise DataError(f"{folder} has {_first(unnamed)}, not in {partition}")


def _first(names: Sequence[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _read(files: Sequence[Path], reader: FaceReader) -> Split:
    return Split(images=torch.from_numpy(decoded.read_all("celeba", files, reader)), labels=None)
