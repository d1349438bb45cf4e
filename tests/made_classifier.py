"""A classifier of digits that was never trained, and is right more often than not."""

from pathlib import Path

import torch
from torch import nn

from gausslab import data
from gausslab.checkpoints import save_checkpoint
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig
from gausslab.data import to_float
from gausslab.models import build

CONFIG = TrainConfig(
    data=DataConfig(name="digits", images=200),
    model=ModelConfig(kind="classifier", width=16, channels=2),
    objective=ObjectiveConfig(name="classifier"),
)


def write_classifier(path: Path) -> Path:
    """A checkpoint: random features of digits before a head that least squares fits to their classes."""
    images = data.load(CONFIG.data)
    model, train = build(CONFIG.model, images.image_shape, 0), images.train
    with torch.no_grad():
        codes = model.encode(to_float(train.images))  # in training mode: the running statistics come near these
        for _ in range(50):
            model.encode(to_float(train.images))
        targets = nn.functional.one_hot(train.labels, 10).float() - 0.1
        model.head.weight.copy_(torch.linalg.lstsq(codes, targets).solution.T)
        model.head.bias.zero_()
    save_checkpoint(path, CONFIG, images.image_shape, 1, 0.0, model.state_dict(), images.held_out_digest)
    return path
