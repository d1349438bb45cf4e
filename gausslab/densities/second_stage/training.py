"""The one training loop of both second stages, and the pieces in which they differ: batches and learning rates."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

from gausslab.densities.codes import LatentCodes
from gausslab.densities.contract import Progress, Reporter
from gausslab.densities.second_stage.network import SecondVAE
from gausslab.errors import DivergenceError, EstimatorError
from gausslab.seeding import torch_generator

EPS = 1e-7  # of Adam, as in Keras

Rows = Int64[Tensor, " rows"]
Draw = Callable[[Rows, torch.Generator], Float[Tensor, "rows units"]]
"""The codes of some rows, drawn anew at every call where they are random."""
Schedule = Callable[[torch.optim.Optimizer], Callable[[float], None]]
"""Takes an optimiser, and gives what moves its learning rate after every epoch, told the validation loss."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long, how fast, and on how much.

    Attributes:
        sampler: whose training it is.
        seed: root seed.
        samples: rows of codes.
        epochs: passes over those that are not held out.
        batch: rows a step; the last step of an epoch takes what is left.
        lr: Adam's first learning rate.
        validation: share of rows that are held out.
    """

    sampler: str
    seed: int
    samples: int
    epochs: int
    batch: int
    lr: float
    validation: float

    def stream(self, name: str) -> torch.Generator:
        """A generator of this training's own."""
        return torch_generator(self.seed, f"{self.sampler}/{name}")


def train(
    vae: SecondVAE, loss: nn.Module, draw: Draw, schedule: Schedule, plan: Plan, report: Reporter
) -> tuple[Progress, ...]:
    """Train the network in place and keep its last weights, as both published codes do; one `Progress` an epoch.

    Args:
        vae: the network.
        loss: of a batch and its passage; its parameters are learned too.
        draw: the codes.
        schedule: the learning rate's course.
        plan: the rest.
        report: told of every epoch.

    Raises:
        DivergenceError: the loss or a weight is no longer finite.
        EstimatorError: too few samples to hold any out.
    """
    rows, held_out = split(plan)
    shuffle, noise = plan.stream("shuffle"), plan.stream("noise")
    learned = [*vae.parameters(), *loss.parameters()]
    optimiser = torch.optim.Adam(learned, lr=plan.lr, eps=EPS)
    advance = schedule(optimiser)
    history: list[Progress] = []
    for epoch in range(1, plan.epochs + 1):
        lr, total = optimiser.param_groups[0]["lr"], 0.0
        order = rows[torch.randperm(len(rows), generator=shuffle)]
        for batch in order.split(plan.batch):  # type: ignore[no-untyped-call]
            value = _loss(vae, loss, draw, batch, noise)
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += _finite(value.item(), plan, epoch) * len(batch)
        validation_loss = _validate(vae, loss, draw, held_out, plan, epoch)
        _require_finite(learned, plan, epoch)
        history.append(Progress(plan.sampler, epoch, plan.epochs, lr, total / len(rows), validation_loss))
        report(history[-1])
        advance(validation_loss)
    return tuple(history)


def split(plan: Plan) -> tuple[Rows, Int64[Tensor, " held_out"]]:
    """Rows to train on and rows held out, by one shuffle.

    Raises:
        EstimatorError: one of the two has none that should have some.
    """
    held_out = max(round(plan.validation * plan.samples), 1) if plan.validation > 0 else 0
    if plan.samples <= held_out:
        expected = f"expected at least {held_out + 1} samples, {held_out} to hold out"
        raise EstimatorError(f"{plan.sampler}: {expected}, got {plan.samples}")
    order = torch.randperm(plan.samples, generator=plan.stream("split"))
    return order[held_out:], order[:held_out]


def fixed(z: Float[Tensor, "samples units"]) -> Draw:
    """The same codes in every epoch."""
    return lambda rows, generator: z[rows]


def resampled(codes: LatentCodes) -> Draw:
    r"""$z = \mu + \sigma\epsilon$, $\epsilon$ drawn anew for every batch; $\mu$ itself of a deterministic encoder."""
    if codes.log_sd is None:
        return fixed(codes.mean)
    mean, sd = codes.mean, codes.log_sd.exp()

    def draw(rows: Rows, generator: torch.Generator) -> Float[Tensor, "rows units"]:
        noise = torch.randn(len(rows), codes.units, generator=generator, dtype=codes.dtype)
        return mean[rows] + sd[rows] * noise

    return draw


def plateau(patience: int) -> Schedule:
    """Halved after `patience` epochs without a validation loss lower by 1e-4; torch counts one more than Keras."""

    def begin(optimiser: torch.optim.Optimizer) -> Callable[[float], None]:
        course = ReduceLROnPlateau(optimiser, factor=0.5, patience=patience - 1, threshold=1e-4, threshold_mode="abs")
        return course.step

    return begin


def halving(every: int) -> Schedule:
    """Halved every so many epochs, whatever the loss."""

    def begin(optimiser: torch.optim.Optimizer) -> Callable[[float], None]:
        course = StepLR(optimiser, every, gamma=0.5)
        return lambda validation_loss: course.step()

    return begin


def _loss(vae: SecondVAE, loss: nn.Module, draw: Draw, rows: Rows, generator: torch.Generator) -> Float[Tensor, ""]:
    z = draw(rows, generator)
    value: Tensor = loss(z, vae(z, generator))
    return value


@torch.no_grad()
def _validate(vae: SecondVAE, loss: nn.Module, draw: Draw, rows: Rows, plan: Plan, epoch: int) -> float:
    """With the same draws in every epoch, so that epochs can be compared."""
    if len(rows) == 0:
        return math.nan
    return _finite(_loss(vae, loss, draw, rows, plan.stream("validation")).item(), plan, epoch)


def _finite(value: float, plan: Plan, epoch: int) -> float:
    if not math.isfinite(value):
        raise DivergenceError(
            f"{plan.sampler}: the loss is not finite in epoch {epoch} (lr {plan.lr:g}); try a lower lr"
        )
    return value


def _require_finite(learned: list[nn.Parameter], plan: Plan, epoch: int) -> None:
    if not all(bool(torch.isfinite(each).all()) for each in learned):
        raise DivergenceError(
            f"{plan.sampler}: a weight is not finite after epoch {epoch} (lr {plan.lr:g}); try a lower lr"
        )
