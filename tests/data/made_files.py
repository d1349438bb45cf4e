"""Made files in the formats of the real sets: small, and told apart by their pixels."""

import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
from PIL import Image

TINY = (12, 6)
"""Training and test images of the made MNIST."""


def idx_bytes(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def tiny_files(seed=0):
    """Four idx files with MNIST's names: name -> content."""
    rng = np.random.default_rng(seed)
    files = {}
    for stem, samples in zip(("train", "t10k"), TINY, strict=True):
        files[f"{stem}-images-idx3-ubyte"] = idx_bytes(rng.integers(0, 256, (samples, 28, 28), dtype=np.uint8))
        files[f"{stem}-labels-idx1-ubyte"] = idx_bytes(rng.integers(0, 10, samples, dtype=np.uint8))
    return files


def write_folder(folder, files, *, zipped=False, dots=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        name = name.replace("-idx", ".idx") if dots else name
        (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


def npm_tarball(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def celeba_folder(root, splits=(6, 2, 2), size=(178, 218)):
    """CelebA's layout: `img_align_celeba/000001.jpg` ..., image n of grey level 10 n, and the partition file."""
    folder = root / "img_align_celeba"
    folder.mkdir(parents=True, exist_ok=True)
    parts = [part for part, samples in enumerate(splits) for _ in range(samples)]
    lines = []
    for number, part in enumerate(parts, 1):
        lines.append(f"{number:06}.jpg {part}\n")
        Image.new("RGB", size, (10 * number,) * 3).save(folder / f"{number:06}.jpg")
    (root / "list_eval_partition.txt").write_text("".join(lines))
    return root


def wheel_bytes(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
