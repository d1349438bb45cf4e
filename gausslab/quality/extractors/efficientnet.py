"""EfficientNet-Lite0 with its ImageNet weights, both out of packages: the pretrained features that need no file."""

from gausslab.models.efficientnet import MEAN, NAME, SD, packaged_network
from gausslab.quality.extractors.base import PretrainedExtractor
from gausslab.quality.extractors.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(channels=3, side=224, mean=(MEAN,), sd=(SD,))


def efficientnet_lite0() -> PretrainedExtractor:
    """The 1280 features before the classifier, the mean over positions, of images brought to 224 x 224.

    How it can mislead: it was trained on photographs; what it sees in digits or in faces of 32 x 32 pixels is textures.

    Raises:
        ConfigError: its packages are not installed.
        CheckpointError: the installed weights are damaged.
    """
    network = packaged_network()
    return PretrainedExtractor(name=NAME, network=network.extract_features, features=1280, preprocessing=PREPROCESSING)
