"""Real images as scores see them: their features under one extractor, made once a data set and kept on disk."""

import hashlib
import json
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from gausslab.data import to_float
from gausslab.quality import feature_cache
from gausslab.quality.extractors.base import Extractor
from gausslab.quality.frechet import FeatureStatistics

CHUNK = 1000  # images scaled to floats at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Features of real images, and whose they are.

    Attributes:
        extractor: name of the extractor.
        digest: its digest.
        data: name of the data set.
        split: which of its splits.
        features: one row an image.
        statistics: of these rows.
    """

    extractor: str
    digest: str
    data: str
    split: str
    features: Float[Tensor, "samples features"]
    statistics: FeatureStatistics


def real_features(
    extractor: Extractor, images: UInt8[Tensor, "samples channels height width"], *, data: str, split: str
) -> Reference:
    """The features of real images: from the cache, or made and put there.

    The cache's key is made of all that they depend on: the extractor's digest, the data set, the split, and number,
    shape and bytes of the images.

    Args:
        extractor: makes the features.
        images: as a split holds them.
        data: name of the data set.
        split: name of the split.

    Raises:
        EstimatorError: fewer than two images, or the extractor makes no finite features of them.
    """
    digest = extractor.digest
    key = json.dumps([digest, data, split, list(images.shape), _bytes_digest(images)])
    entry = feature_cache.read(key)
    if entry is None:
        entry = _made(extractor, images)
        feature_cache.write(key, entry)
    return Reference(extractor=extractor.name, digest=digest, data=data, split=split, **entry._asdict())


def _made(extractor: Extractor, images: UInt8[Tensor, "samples channels height width"]) -> feature_cache.Entry:
    features = torch.cat([extractor(to_float(chunk)) for chunk in torch.split(images, CHUNK)])
    return feature_cache.Entry(features, FeatureStatistics.of(features))


def _bytes_digest(images: UInt8[Tensor, "samples channels height width"]) -> str:
    return hashlib.sha256(images.contiguous().numpy().data).hexdigest()
