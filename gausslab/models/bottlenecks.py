r"""Bottlenecks other than batch norm's, whose maximum-entropy law is another than the Gaussian."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.errors import ConfigError


class L1Norm1d(nn.Module):
    r"""Units of mean 0 and mean absolute value 1, as an affine-free batch norm gives units of mean 0 and variance 1.

    $y = \frac{x - m}{s + \epsilon}$ with $m = \frac1n \sum_i x_i$ and $s = \frac1n \sum_i |x_i - m|$ for every unit: of
    the batch while training, with the exact gradient through both; running averages of them in eval mode.

    Of all laws with mean 0 and mean absolute value 1 the one of most entropy is Laplace's with density $e^{-|y|} / 2$,
    so that pushing up the entropy of codes behind this layer pulls them there, as it pulls codes behind batch norm to
    N(0, I) (thesis, section 2.3.3). `gausslab measure --reference laplace` says how near they come.

    The location is the mean, as in batch norm: the thesis names "L1 normalization layers" and no more. A median would
    also have its maximum at Laplace's law, but in a batch a gradient through one or two samples alone. The running
    scale is that of the batches as it is, smaller than the population's by the factor $\sqrt{1 - 1/n}$ for a Gaussian
    and about that for others: no factor mends it for every law, as n / (n - 1) mends batch norm's variance.

    `capture` reads its code at the point `post`. It is no batch-norm layer to gausslab: `normalized` and `kinds =
    "batchnorm"` pass it by, and captures with `statistics="batch"` leave it in eval mode.

    Args:
        units: of the code.
        eps: added to the scale, so that a unit that never varies gives 0 and not NaN; elsewhere the mean absolute value
            falls short of 1 by the share eps / (s + eps).
        momentum: weight of the newest batch in the running averages, as in torch's batch norms; None weighs all batches
            alike.

    Attributes:
        running_mean: mean of every unit.
        running_scale: mean absolute deviation from the mean of every unit.
        num_batches_tracked: batches seen while training.

    Raises:
        ConfigError: units, eps or momentum make no sense.
    """

    running_mean: Tensor
    running_scale: Tensor
    num_batches_tracked: Tensor

    def __init__(self, units: int, eps: float = 1e-5, momentum: float | None = 0.1) -> None:
        super().__init__()
        _require(units >= 1, "units", units, "at least 1")
        _require(eps > 0, "eps", eps, "positive")
        _require(momentum is None or 0 <= momentum <= 1, "momentum", momentum, "from 0 to 1, or None")
        self.units = units
        self.eps = eps
        self.momentum = momentum
        self.register_buffer("running_mean", torch.zeros(units))
        self.register_buffer("running_scale", torch.ones(units))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))

    def forward(self, x: Float[Tensor, "samples units"]) -> Float[Tensor, "samples units"]:
        """Standardise by the batch while training, by the running averages in eval mode.

        Raises:
            ValueError: as of `torch.nn.BatchNorm1d`: not samples x units, or one sample while training.
        """
        self._check(x)
        if not self.training:
            return (x - self.running_mean) / (self.running_scale + self.eps)
        mean = x.mean(0)
        centred = x - mean
        scale = centred.abs().mean(0)
        self._track(mean, scale)
        return centred / (scale + self.eps)

    def reset_running_stats(self) -> None:
        """Forget all batches."""
        self.running_mean.zero_()
        self.running_scale.fill_(1)
        self.num_batches_tracked.zero_()

    def extra_repr(self) -> str:
        """What it was built with."""
        return f"{self.units}, eps={self.eps}, momentum={self.momentum}"

    @torch.no_grad()
    def _track(self, mean: Float[Tensor, " units"], scale: Float[Tensor, " units"]) -> None:
        self.num_batches_tracked.add_(1)
        weight = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean), weight)
        self.running_scale.lerp_(scale.to(self.running_scale), weight)

    def _check(self, x: Tensor) -> None:
        if x.ndim != 2 or x.shape[1] != self.units:
            raise ValueError(f"L1Norm1d: expected samples x {self.units} units, got a tensor of shape {tuple(x.shape)}")
        if self.training and len(x) < 2:
            raise ValueError(f"L1Norm1d: expected more than 1 sample when training, got {len(x)}")


def _require(condition: bool, name: str, value: object, expected: str) -> None:
    if not condition:
        raise ConfigError(f"L1Norm1d: {name} must be {expected}, got {value}")
