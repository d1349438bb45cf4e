"""MobileNetV2 with ImageNet weights from the user's file."""

from pathlib import Path

from gausslab.models.mobilenet import mobilenet_v2
from gausslab.quality.extractors.base import PretrainedExtractor
from gausslab.quality.extractors.preprocessing import Preprocessing
from gausslab.quality.extractors.weight_files import with_weights

NAME = "mobilenet_v2"


def mobilenet_features(path: Path) -> PretrainedExtractor:
    """The 1280 features before the classifier, the mean over positions, of images brought to 224 x 224.

    How it can mislead: as `efficientnet_lite0`.

    Args:
        path: torchvision's `mobilenet_v2-b0353104.pth`, or other weights with its keys and shapes.

    Raises:
        CheckpointError: the file is absent, damaged, not safe to read, or holds other weights.
    """
    network = with_weights(mobilenet_v2, path)
    mean, sd = (tuple(each.flatten().tolist()) for each in (network.mean, network.std))
    preprocessing = Preprocessing(channels=3, side=224, mean=mean, sd=sd)
    return PretrainedExtractor(name=NAME, network=network.features, features=1280, preprocessing=preprocessing)
