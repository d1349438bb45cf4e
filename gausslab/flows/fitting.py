"""A flow fitted to samples: the step of a training that held-out samples like best."""

import math
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.ladder.flow import FlowDensity
from gausslab.estimators.ladder.gaussian import Gaussian
from gausslab.flows.building import untrained_flow
from gausslab.flows.config import FlowConfig
from gausslab.seeding import torch_generator

FEWEST = 10  # samples to train with, and held out


@dataclass(frozen=True)
class FlowProgress:
    """One step of a training.

    Attributes:
        step: steps done.
        steps: steps in all.
        loss: negative log-likelihood of the batch before the step, in nats, in whitened coordinates.
    """

    step: int
    steps: int
    loss: float


Reporter = Callable[[FlowProgress], None]


@dataclass(frozen=True, eq=False)
class Flow(FlowDensity):
    """A fitted flow behind the map that whitens the samples; double precision.

    Attributes:
        best_step: the step that was kept; 0 is the untrained flow, a Gaussian bent a little at random.
        steps: steps that were taken: fewer than asked for if the loss was no longer finite.
    """

    best_step: int
    steps: int

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Float64[Tensor, "n units"]:
        """Independent samples; all randomness is the generator's."""
        noise = torch.randn(n, len(self.map.mean), generator=generator, dtype=torch.float64)
        whitened: Tensor = self.flow().transform.inv(noise)
        samples: Tensor = torch.linalg.solve(self.map.matrix, whitened.mT).mT + self.map.mean
        return samples


def fit(samples: Float[Tensor, "samples units"], config: FlowConfig, on_step: Reporter = lambda progress: None) -> Flow:
    """A flow trained on samples, the best of its steps on those of them that are held out.

    The same samples, configuration and number of threads give the same bytes; the global generator and the number of
    threads stay as they are.

    How it can mislead: likelihood is what is trained and what chooses; a flow can be likely and have much of its mass
    where there are no data (`mass_report`).

    Args:
        samples: of the data.
        config: kind of flow and course of the training.
        on_step: told of every step.

    Raises:
        ConfigError: zuko is not installed.
        EstimatorError: fewer than 2 units, too few samples, or values that are not finite.
    """
    return next(fit_in_stages(samples, config, (config.steps,), on_step))


def fit_in_stages(
    samples: Float[Tensor, "samples units"],
    config: FlowConfig,
    stages: Sequence[int],
    on_step: Reporter = lambda progress: None,
) -> Iterator[Flow]:
    """One training, its flow yielded at several lengths: each what `fit` gives with so many steps.

    Args:
        samples: of the data.
        config: its `steps` give way to the stages.
        stages: ascending numbers of steps.
        on_step: told of every step.

    Raises:
        ConfigError: as for `fit`, or stages that do not ascend from 1 or more.
        EstimatorError: as for `fit`.
    """
    if not stages or list(stages) != sorted(set(stages)) or stages[0] < 1:
        raise ConfigError(f"stages must be ascending numbers of steps, got {tuple(stages)!r}")
    training = _Training(samples, config)
    for stage in stages:
        while training.step < stage and training.finite:
            loss = training.advance()
            on_step(FlowProgress(training.step, stages[-1], loss))
        yield training.best()


class _Candidate(NamedTuple):
    """A flow at one step, by its loss on the samples that are held out."""

    loss: float
    step: int
    flow: nn.Module


class _Training:
    """Steps of Adam over shuffled samples, and the best of them so far."""

    def __init__(self, samples: Float[Tensor, "samples units"], config: FlowConfig) -> None:
        x, check = _parted(samples, config)
        self.config, self.step, self.finite = config, 0, True
        self.flow = untrained_flow(x.shape[1], config)
        self.whiten = Gaussian().fit(x, check).whiten
        self.x, self.check = self.whiten(x).float(), self.whiten(check).float()
        self.optimiser = torch.optim.Adam(self.flow.parameters(), lr=config.lr)
        self.batches = self._shuffled()
        self.kept = self._newest()

    def advance(self) -> float:
        """One step; a loss that is not finite ends the training."""
        loss = -self.flow().log_prob(next(self.batches)).mean()
        self.optimiser.zero_grad()
        loss.backward()
        length = nn.utils.clip_grad_norm_(self.flow.parameters(), self.config.clip)
        self.finite = bool(torch.isfinite(loss) & torch.isfinite(length))
        if self.finite:
            self.optimiser.step()
            self.step += 1
            if self.step % self.config.check_every == 0:
                self._look()
        return float(loss.detach())

    def best(self) -> Flow:
        """Up to now, the newest step included; further steps do not change it."""
        chosen = min(self.kept, self._newest(), key=lambda candidate: candidate.loss)
        return Flow(self.whiten, deepcopy(chosen.flow).double().requires_grad_(False), chosen.step, self.step)

    def _look(self) -> None:
        newest = self._newest()
        if newest.loss < self.kept.loss:
            self.kept = newest

    def _newest(self) -> _Candidate:
        return _Candidate(self._held_out_loss(), self.step, deepcopy(self.flow))

    @torch.no_grad()
    def _held_out_loss(self) -> float:
        """Infinite if it is no number."""
        loss = float(-self.flow().log_prob(self.check).mean())
        return math.inf if math.isnan(loss) else loss

    def _shuffled(self) -> Iterator[Tensor]:
        """Batches of all samples in a new order, over and over; all of about one size."""
        generator = torch_generator(self.config.seed, "flow batches")
        parts = -(-len(self.x) // self.config.batch)
        while True:
            yield from self.x[torch.randperm(len(self.x), generator=generator)].tensor_split(parts)


def _parted(
    samples: Float[Tensor, "samples units"], config: FlowConfig
) -> tuple[Float64[Tensor, "kept units"], Float64[Tensor, "others units"]]:
    """Those to train with and those held out, in double precision."""
    x = samples.detach().to("cpu", torch.float64)
    if not torch.isfinite(x).all():
        raise EstimatorError("a flow needs finite samples, got NaN or infinity")
    held_out = round(config.held_out * len(x))
    if min(held_out, len(x) - held_out) < max(FEWEST, x.shape[1] + 1):
        raise EstimatorError(
            f"a flow of {x.shape[1]} units needs at least {max(FEWEST, x.shape[1] + 1)} samples to train with and as "
            f"many held out, got {len(x) - held_out} and {held_out}"
        )
    order = torch.randperm(len(x), generator=torch_generator(config.seed, "flow held out"))
    return x[order[held_out:]], x[order[:held_out]]
