"""Inception-v3 with the weights of the published Frechet distances, from the user's file."""

import hashlib
from pathlib import Path

from gausslab.labels import PUBLISHED
from gausslab.quality.extractors.base import PretrainedExtractor
from gausslab.quality.extractors.inception_network import FEATURES, InceptionV3
from gausslab.quality.extractors.preprocessing import Preprocessing
from gausslab.quality.extractors.weight_files import with_weights

OTHER = f"{PUBLISHED}-other"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
PREPROCESSING = Preprocessing(channels=3, side=299, mean=(0.5,), sd=(0.5,))  # 2 x - 1


def inception_features(path: Path) -> PretrainedExtractor:
    """The 2048 features of layer `pool_3`, of images brought to 299 x 299 and [-1, 1].

    The file `pt_inception-2015-12-05-6726825d.pth` is PyTorch's port of the network that TensorFlow published in 2015.
    It was not at hand here: key names, shapes, counts and wiring of the network are tested, numbers with the real
    weights are not.

    How it can mislead: even with these weights a score moves with the resizing. The first published scores come from
    TensorFlow, which samples at other places than pixel centres; their ports in PyTorch resize as is done here.

    Args:
        path: that file, told by its hash: the extractor is then named `inception` and its distance FID. Any other
            weights with its keys and shapes are named `inception-other`.

    Raises:
        CheckpointError: the file is absent, damaged, not safe to read, or holds other weights.
    """
    network = with_weights(InceptionV3, path)
    name = PUBLISHED if hashlib.sha256(path.read_bytes()).hexdigest() == SHA256 else OTHER
    return PretrainedExtractor(name=name, network=network, features=FEATURES, preprocessing=PREPROCESSING)
