"""What the metrics have in common: the samples they take, states that stay in double precision, merging."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import Module
from torchmetrics import Metric

from gausslab.errors import ConfigError, EstimatorError


class StreamingMetric(Metric):
    """A metric of samples x units whose states merge exactly.

    Attributes:
        units: of the code.
    """

    is_differentiable = False
    full_state_update = False

    def __init__(self, units: int, **given: Any) -> None:
        super().__init__(**given)
        if units < 1:
            raise ConfigError(f"{self.name}: units must be at least 1, got {units}")
        self.units = units

    @property
    def name(self) -> str:
        """What messages call it."""
        return type(self).__name__

    @property
    @abstractmethod
    def parameters_that_matter(self) -> dict[str, Any]:
        """What must agree for states to be merged."""

    def merge_state(self, incoming_state: dict[str, Any] | Metric) -> None:
        """Take in what another metric has seen.

        Raises:
            ConfigError: the other one has other parameters.
        """
        if isinstance(incoming_state, StreamingMetric) and isinstance(incoming_state, type(self)):
            own, others = self.parameters_that_matter, incoming_state.parameters_that_matter
            if own != others:
                raise ConfigError(f"{self.name}: expected to merge with {_shown(own)}, got {_shown(others)}")
            self._update_count += incoming_state.update_count
        super().merge_state(incoming_state)
        self._computed = None

    def samples(self, x: Float[Tensor, "..."]) -> Float64[Tensor, "samples units"]:
        """The samples in double precision, where the states are.

        Raises:
            EstimatorError: they are not samples x units, or not finite.
        """
        if x.ndim != 2 or x.shape[1] != self.units:
            raise EstimatorError(f"{self.name}: expected samples x {self.units} units, got shape {tuple(x.shape)}")
        if not torch.isfinite(x).all():
            bad = int((~torch.isfinite(x)).any(dim=1).sum())
            raise EstimatorError(f"{self.name}: expected finite values, got NaN or infinity in {bad} samples")
        return x.detach().to(self.device, torch.float64)

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> Module:
        """Move the states with the module they belong to; double precision stays, whatever that is cast to."""

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(fn(torch.empty(0, device=tensor.device)).device)

        return super()._apply(moved, exclude_state)


def _shown(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in parameters.items())
