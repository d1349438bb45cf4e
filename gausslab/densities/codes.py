"""The codes that a density is fitted to."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gausslab.errors import EstimatorError


@dataclass(frozen=True, eq=False)
class LatentCodes:
    r"""What an encoder makes of the training images, in evaluation mode; held on the CPU, apart from any graph.

    Attributes:
        mean: the code of every image; of a variational encoder the mean of its Gaussian.
        log_sd: logarithm of that Gaussian's standard deviations; None for a deterministic encoder.

    Raises:
        EstimatorError: no samples or no units, values that are not finite, or shapes that differ.
    """

    mean: Float[Tensor, "samples units"]
    log_sd: Float[Tensor, "samples units"] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", _held("mean", self.mean))
        if self.log_sd is None:
            return
        object.__setattr__(self, "log_sd", _held("log_sd", self.log_sd).to(self.dtype))
        if self.log_sd.shape != self.mean.shape:
            raise EstimatorError(
                f"codes: expected log_sd of the shape of mean, {_size(self.mean)}, got {_size(self.log_sd)}"
            )

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.mean)

    def drawn(self, generator: torch.Generator) -> Float[Tensor, "samples units"]:
        """A code of every image, drawn from its Gaussian; of a deterministic encoder the code itself."""
        if self.log_sd is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, dtype=self.dtype)
        return self.mean + self.log_sd.exp() * noise

    @property
    def units(self) -> int:
        """Units of the bottleneck."""
        return self.mean.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """In which codes come, and samples are given back."""
        return self.mean.dtype


def require_more_samples_than_units(codes: LatentCodes, name: str) -> None:
    """Refuse codes whose covariance is singular whatever law they follow.

    Raises:
        EstimatorError: there are no more samples than units; `name` begins the message.
    """
    if len(codes) <= codes.units:
        raise EstimatorError(f"{name}: expected more samples than units, got {len(codes)} samples of {codes.units}")


def _held(field: str, values: Tensor) -> Tensor:
    if values.ndim != 2 or values.numel() == 0:
        raise EstimatorError(f"codes: expected {field} of shape samples x units, got {_size(values)}")
    if bad := int((~torch.isfinite(values)).any(dim=1).sum()):
        raise EstimatorError(
            f"codes: expected finite values, got NaN or infinity in {field} of {bad} of {len(values)} samples"
        )
    return values.detach().cpu()


def _size(values: Tensor) -> str:
    return " x ".join(map(str, values.shape)) or "a single number"
