"""What a capture yields: per layer the kept vectors, the streamed moments and the radius of every image."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gausslab.errors import CaptureError
from gausslab.streaming import Moments, moments_of


@dataclass(frozen=True, kw_only=True)
class LayerActivations:
    """One layer's activations, on the CPU. A row is an image; the image is the unit of resampling for standard errors.

    Attributes:
        name: module path, with `#0`, `#1`, ... where the module runs several times in a forward pass.
        kind: class name of the module.
        point: `pre`, `normalized` or `post`; empty for activations that came from a file.
        statistics: `running`, `batch` or `recalibrated`; empty where no batch norm was involved.
        spatial: how a map became a row: `sample`, `pool` or `flatten`; `none` where there was no map.
        map_shape: axes of the map beyond images and units, empty for plain vectors.
        moments: count, mean and scatter of the rows of *all* images seen, float64.
        radii: Euclidean norm per image, float64, comparable with chi(units). For a map read with `sample` it is the RMS
            over the positions of the norm at each position: also of size sqrt(units) for standard normal units, but it
            averages over positions, so its *spread* is far below chi(units)'s; judge that spread by `samples`.
            Of all images, except under `recalibrated`, where it is of the kept images only.
        kept: the kept vectors, or None if only moments were stored.
        images: index, in the order seen, of the image behind each kept row; the same for all layers of a capture
            that saw every image.
    """

    name: str
    kind: str
    point: str
    statistics: str
    spatial: str
    map_shape: tuple[int, ...]
    moments: Moments
    radii: Float[Tensor, " images"] | None
    kept: Float[Tensor, "samples units"] | None
    images: Int[Tensor, " samples"] | None

    @property
    def units(self) -> int:
        """Length of a row: features, channels, or channels times positions with `flatten`."""
        return len(self.moments.mean)

    @property
    def n_seen(self) -> int:
        """Images that went through the layer, kept or not."""
        return self.moments.count

    @property
    def samples(self) -> Float[Tensor, "samples units"]:
        """The kept vectors, float32, in the order of their images.

        Raises:
            CaptureError: the capture stored moments only.
        """
        if self.kept is None:
            raise CaptureError(f"layer {self.name!r} has no samples: captured with store='moments', not 'vectors'")
        return self.kept

    @property
    def mean(self) -> Float[Tensor, " units"]:
        """Mean of all images seen, float64."""
        return self.moments.mean

    @property
    def covariance(self) -> Float[Tensor, "units units"]:
        """Unbiased covariance of all images seen, float64.

        Raises:
            CaptureError: the layer is wider than the streamed covariance goes; use `variance`.
        """
        if self.moments.scatter.ndim == 1:
            raise CaptureError(
                f"layer {self.name!r} has {self.units} units, too many for a streamed covariance; its variance is known"
            )
        return self.moments.covariance

    @property
    def variance(self) -> Float[Tensor, " units"]:
        """Unbiased variance of every unit, float64."""
        spread = self.moments.covariance
        return spread.diagonal() if spread.ndim == 2 else spread

    @property
    def sample_radii(self) -> Float[Tensor, " samples"]:
        """The radii of the kept rows, in their order."""
        if self.radii is None or self.images is None or len(self.radii) == len(self.images):
            return self._known_radii()
        return self.radii[self.images]

    def _known_radii(self) -> Float[Tensor, " images"]:
        if self.radii is None:
            raise CaptureError(f"layer {self.name!r} has no radii: recalibration needs store='vectors' to know them")
        return self.radii

    @classmethod
    def from_samples(cls, name: str, samples: Float[Tensor, "samples units"]) -> "LayerActivations":
        """Activations that someone else captured, for example the array of an `.npz` file."""
        rows = samples.detach().float().cpu()
        return cls(
            name=name,
            kind="",
            point="",
            statistics="",
            spatial="none",
            map_shape=(),
            moments=moments_of(samples.detach().cpu()),
            radii=torch.linalg.vector_norm(samples.detach().cpu().double(), dim=1),
            kept=rows,
            images=torch.arange(len(rows)),
        )


class Activations(Mapping[str, LayerActivations]):
    """Layer name -> `LayerActivations`, in the order in which the layers first ran; filled when the capture ends."""

    def __init__(self, layers: Mapping[str, LayerActivations] | None = None) -> None:
        self._layers = dict(layers) if layers is not None else None

    def fill(self, layers: Mapping[str, LayerActivations]) -> None:
        """Called once, by the capture that ends."""
        self._layers = dict(layers)

    def __getitem__(self, name: str) -> LayerActivations:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        """Layers and their sizes on one line."""
        if self._layers is None:
            return "Activations(still capturing)"
        sizes = (f"{name}: {layer.n_seen} x {layer.units}" for name, layer in self._layers.items())
        return f"Activations({', '.join(sizes)})"

    def _known(self) -> dict[str, LayerActivations]:
        if self._layers is None:
            raise CaptureError("activations are still being captured; read them after the with block")
        return self._layers
