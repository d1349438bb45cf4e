"""What a trained autoencoder makes images of: codes of images, codes that a density draws, codes between codes.

Images come in batches, in [0, 1]; networks are taken in evaluation mode and not changed.
"""

from collections.abc import Iterable, Iterator

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from gausslab.data import to_float
from gausslab.densities import Density, LatentCodes
from gausslab.models import Autoencoder
from gausslab.quality.interpolation import HALF, Way, path, random_pairs
from gausslab.seeding import torch_generator

BATCH = 250

Images = UInt8[Tensor, "samples channels height width"]


def latent_codes(model: Autoencoder, images: Images) -> LatentCodes:
    """Codes of images; those of a variational encoder with their standard deviations."""
    with torch.no_grad():
        if model.spread is None:
            return LatentCodes(torch.cat([model.encode(batch) for batch in _floats(images)]))
        posteriors = [model.posterior(batch) for batch in _floats(images)]
    return LatentCodes(torch.cat([each.mean for each in posteriors]), torch.cat([each.log_sd for each in posteriors]))


def samples(model: Autoencoder, density: Density, count: int, seed: int) -> Iterator[Tensor]:
    """Images decoded from codes that the density draws; the seed alone decides which."""
    codes = density.sample(count, torch_generator(seed, f"samples/{density.name}"))
    return decoded(model, codes)


def reconstructions(model: Autoencoder, density: Density, images: Images, seed: int) -> Iterator[Tensor]:
    """Images decoded from what the density makes of their codes: the codes themselves, but for second stages."""
    codes = latent_codes(model, images).mean
    return decoded(model, density.reconstruct(codes, torch_generator(seed, f"reconstructions/{density.name}")))


def midpoints(
    model: Autoencoder, density: Density, codes: Float[Tensor, "samples units"], way: Way, count: int, seed: int
) -> Iterator[Tensor]:
    """Images decoded half way between random pairs of codes, in the space in which the density interpolates."""
    first, second = random_pairs(len(codes), count, seed).unbind(1)
    latents = density.encode(codes)
    return decoded(model, density.decode(way(latents[first], latents[second], HALF)))


def paths(
    model: Autoencoder, density: Density, images: Images, way: Way, pairs: int, points: int, seed: int
) -> Iterator[Tensor]:
    """Images on the way between the codes of random pairs of images, both ends among them, pair after pair."""
    chosen = random_pairs(len(images), pairs, seed)
    first, second = (density.encode(latent_codes(model, images[index]).mean) for index in chosen.unbind(1))
    return decoded(model, density.decode(path(first, second, points, way).transpose(0, 1).flatten(0, 1)))


def decoded(model: Autoencoder, codes: Float[Tensor, "samples units"]) -> Iterator[Tensor]:
    """Images of codes, batch by batch."""
    for batch in torch.split(codes, BATCH):
        with torch.no_grad():
            images = model.decode(batch)
        yield images


def _floats(images: Images) -> Iterable[Tensor]:
    return (to_float(batch) for batch in torch.split(images, BATCH))
