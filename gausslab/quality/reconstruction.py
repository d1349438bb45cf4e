"""Errors of reconstructions: two scales that are easily mixed up, so each has its name."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


class ReconstructionError:
    r"""Errors accumulated over batches, in float64.

    With \(e_i = \hat x_i - x_i\) of an image with P elements in [0, 1]:

    - `mse_per_element`: \( \frac{1}{nP} \sum_i \|e_i\|^2 \)
    - `mean_l2`: \( \frac1n \sum_i \|e_i\| \), the mean image norm; not the root of the sum above
    """

    def __init__(self) -> None:
        self._per_image: list[Tensor] = []
        self._elements = 0

    def update(
        self,
        images: Float[Tensor, "samples channels height width"],
        reconstructions: Float[Tensor, "samples channels height width"],
    ) -> None:
        """Add a batch."""
        error = (reconstructions - images).flatten(1).double()
        self._elements = error.shape[1]
        self._per_image.append(error.square().sum(1).cpu())

    def compute(self) -> dict[str, tuple[float, float]]:
        """Statistic -> (value, standard error over images)."""
        squared = torch.cat(self._per_image)
        return {
            "mse_per_element": _mean(squared / self._elements),
            "mean_l2": _mean(squared.sqrt()),
        }

    @property
    def n_samples(self) -> int:
        """Images seen."""
        return sum(len(errors) for errors in self._per_image)


def _mean(values: Float[Tensor, " samples"]) -> tuple[float, float]:
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return values.mean().item(), error
