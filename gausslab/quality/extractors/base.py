"""What turns images into the features that distances are made of: any network, told by name and digest."""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.errors import ConfigError, EstimatorError
from gausslab.modes import as_it_was
from gausslab.quality.extractors.preprocessing import Preprocessing

AS_THEY_ARE = Preprocessing()
RESERVED = ("efficientnet-lite0", "mobilenet_v2", "inception", "inception-other")
"""Names of the networks that others trained; no network of the user's can have one."""


@runtime_checkable
class Extractor(Protocol):
    """Images to features; scores under two extractors, or two digests, are never comparable."""

    @property
    def name(self) -> str:
        """Name in tables, from which `labels` makes what a distance is called."""

    @property
    def digest(self) -> str:
        """Sixteen hex digits that change with the weights and with what is done to the images before."""

    @property
    def features(self) -> int:
        """How many."""

    def __call__(self, images: Float[Tensor, "samples channels height width"]) -> Float[Tensor, "samples features"]:
        """Features, on the CPU, of images in [0, 1]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModuleExtractor:
    """The features that a module, a method of one, or any other function makes of images.

    Attributes:
        name: in tables; not one of the pretrained networks' own names.
        network: a module, a method of a module such as `classifier.encode`, or a function: images to features, or to
            maps, of which the mean over positions is taken. Modules run in evaluation mode and are left as they were.
        features: how many it makes.
        preprocessing: what the network expects of its images.
        weights: any text that tells a function's weights from others. A module's need none: its state dict and the
            classes of its layers are in the digest. What else its forward pass does is not; a text here tells that.
        batch: images that go through at a time.
    """

    name: str
    network: Callable[[Tensor], Tensor]
    features: int
    preprocessing: Preprocessing = AS_THEY_ARE
    weights: str = ""
    batch: int = 50

    reserved: ClassVar[tuple[str, ...]] = RESERVED

    def __post_init__(self) -> None:
        if not self.name or self.name in self.reserved:
            raise ConfigError(
                f"extractor name must be other than {', '.join(self.reserved)}, and not empty, got {self.name!r}"
            )
        if self._module is None and not self.weights:
            raise ConfigError(f"extractor {self.name!r} is a function: say with `weights` which weights it has")
        for field in ("features", "batch"):
            if getattr(self, field) < 1:
                raise ConfigError(f"extractor {self.name!r}: {field} must be at least 1, got {getattr(self, field)}")

    @property
    def digest(self) -> str:
        """Of weights, method and preprocessing."""
        weights = self.weights if self._module is None else weights_digest(self._module) + self.weights
        method = getattr(self.network, "__name__", "forward")
        text = f"{weights}/{method}/{self.features}/{self.preprocessing!r}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @torch.no_grad()
    def __call__(self, images: Float[Tensor, "samples channels height width"]) -> Float[Tensor, "samples features"]:
        """Features of images in [0, 1], batch by batch.

        Raises:
            EstimatorError: the images are not in [0, 1] or of other channels, or the network does not make `features`.
        """
        module = self._module
        with contextlib.nullcontext() if module is None else as_it_was(module, "running"):
            return torch.cat([self._of_batch(batch) for batch in torch.split(images, self.batch)])

    def _of_batch(self, images: Float[Tensor, "samples channels height width"]) -> Float[Tensor, "samples features"]:
        if not ((images >= 0) & (images <= 1)).all():
            lowest, highest = (float(end) for end in images.aminmax())
            raise EstimatorError(f"{self.name}: expected images in [0, 1], got values from {lowest:g} to {highest:g}")
        found = self.network(self.preprocessing(images).to(self._device()))
        vectors = found.mean((2, 3)) if found.ndim == 4 else found
        if vectors.shape != (len(images), self.features):
            raise EstimatorError(
                f"{self.name}: expected {self.features} features an image, got shape {tuple(found.shape)} "
                f"for {len(images)} images"
            )
        return vectors.cpu()

    @property
    def _module(self) -> nn.Module | None:
        """The network, or the module whose method it is."""
        owner = self.network if isinstance(self.network, nn.Module) else getattr(self.network, "__self__", None)
        return owner if isinstance(owner, nn.Module) else None

    def _device(self) -> torch.device | None:
        weights = None if self._module is None else next(self._module.parameters(), None)
        return None if weights is None else weights.device


@dataclass(frozen=True, kw_only=True, eq=False)
class PretrainedExtractor(ModuleExtractor):
    """One of the networks that others trained, made by its own module here."""

    reserved: ClassVar[tuple[str, ...]] = ()


def weights_digest(module: nn.Module) -> str:
    """Hash of a state dict's names and values, but counts of batches seen, and of the classes of all layers."""
    digest = hashlib.sha256()
    for name, layer in module.named_modules():
        digest.update(f"{name}:{type(layer).__name__} ".encode())
    for name, value in sorted(module.state_dict().items()):
        if isinstance(value, Tensor) and not name.endswith("num_batches_tracked"):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)} ".encode())
            digest.update(value.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()
