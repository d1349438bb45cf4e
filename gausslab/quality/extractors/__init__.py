"""Networks that make features of images, behind one interface.

base           the interface; any network as an extractor
preprocessing  what a network expects of its images
weight_files   weights from a file, strictly
efficientnet   EfficientNet-Lite0, out of packages
mobilenet      MobileNetV2, from a file
inception      Inception-v3, from a file: the published Frechet distance; `inception_network` is its layers

`pretrained` makes the one that is named.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from gausslab.errors import ConfigError, choices
from gausslab.quality.extractors.base import Extractor, ModuleExtractor, weights_digest
from gausslab.quality.extractors.efficientnet import efficientnet_lite0
from gausslab.quality.extractors.inception import inception_features
from gausslab.quality.extractors.mobilenet import mobilenet_features
from gausslab.quality.extractors.preprocessing import Preprocessing

__all__ = [
    "PRETRAINED",
    "Extractor",
    "ModuleExtractor",
    "Preprocessing",
    "efficientnet_lite0",
    "inception_features",
    "mobilenet_features",
    "pretrained",
    "weights_digest",
]

_PACKAGED: Mapping[str, Callable[[], Extractor]] = {"efficientnet-lite0": efficientnet_lite0}
_FILES: Mapping[str, tuple[Callable[[Path], Extractor], str]] = {
    "mobilenet_v2": (mobilenet_features, "mobilenet_v2-b0353104.pth"),
    "inception": (inception_features, "pt_inception-2015-12-05-6726825d.pth"),
}
PRETRAINED = (*_PACKAGED, *_FILES)


def pretrained(name: str, weights: Path | None = None) -> Extractor:
    """A network that others trained, by its name.

    Args:
        name: one of `PRETRAINED`.
        weights: its file of weights; None for `efficientnet-lite0`, whose weights are in a package.

    Raises:
        ConfigError: no such name, packages are not installed, or weights are missing or not wanted.
        CheckpointError: the file is not its weights.
    """
    if name in _PACKAGED:
        if weights is not None:
            raise ConfigError(f"extractor {name!r} has its weights in a package and takes no file, got {weights}")
        return _PACKAGED[name]()
    if name not in _FILES:
        raise ConfigError(f"unknown extractor {name!r}; {choices(name, PRETRAINED)}")
    make, file = _FILES[name]
    if weights is None:
        raise ConfigError(f"extractor {name!r} needs a file of weights, {file}; {', '.join(_PACKAGED)} needs none")
    return make(weights)
