r"""The rung of a normalising flow: neural rational-quadratic splines, by zuko, which is only imported here.

Source: Durkan et al. (2019), NeurIPS 32, Neural Spline Flows.
"""

import importlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float64
from torch import Tensor, nn

from gausslab.errors import ConfigError
from gausslab.estimators.ladder.base import Affine, Others, Samples, while_better
from gausslab.estimators.ladder.gaussian import Gaussian
from gausslab.seeding import derive, torch_generator

TRANSFORMS = 3
HIDDEN = (64, 64)
BATCH = 256
RATE = 2e-3
EPOCHS = 60
PATIENCE = 5


@dataclass(frozen=True, eq=False)
class FlowDensity:
    """A flow behind an affine map."""

    map: Affine
    flow: nn.Module

    def log_density(self, x: Samples) -> Float64[Tensor, " samples"]:
        """In nats."""
        with torch.no_grad():
            logs: Tensor = self.flow().log_prob(self.map(x))
        return logs + self.map.log_determinant


@dataclass(frozen=True)
class Flow:
    """Trained epoch by epoch for as long as the check samples become likelier. Slow: minutes for 10,000 samples."""

    name: ClassVar[str] = "flow"

    def needs(self, units: int) -> int:
        """Its networks have thousands of weights."""
        return 20 * units + 200

    def fit(self, x: Samples, check: Others) -> FlowDensity:
        """In coordinates in which the Gaussian rung is N(0, I).

        Raises:
            ConfigError: zuko is not installed.
        """
        flow = untrained("rung 'flow'", 0, lambda zuko: _splines(zuko, x.shape[1])).double()
        whiten = Gaussian().fit(x, check).whiten
        return while_better(_epochs(whiten, flow, whiten(x)), check, PATIENCE)


def untrained(wanted_by: str, seed: int, build: Callable[[Any], nn.Module]) -> nn.Module:
    """What `build` makes of the module zuko.

    The first weights come from torch's global generator, which is left as it was.

    Args:
        wanted_by: begins the message if zuko is missing.
        seed: of the weights.
        build: zuko to a flow.

    Raises:
        ConfigError: zuko is not installed.
    """
    try:
        zuko = importlib.import_module("zuko")
    except ImportError:
        raise ConfigError(f"{wanted_by} needs zuko, which is not installed: pip install zuko") from None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "flow"))
        return build(zuko)


def _splines(zuko: Any, units: int) -> nn.Module:
    flow: nn.Module = zuko.flows.NSF(units, transforms=TRANSFORMS, hidden_features=HIDDEN)
    return flow


def _epochs(whiten: Affine, flow: nn.Module, z: Samples) -> Iterator[FlowDensity]:
    optimiser = torch.optim.Adam(flow.parameters(), lr=RATE)
    generator = torch_generator(0, "flow batches")
    for _ in range(EPOCHS):
        for batch in z[torch.randperm(len(z), generator=generator)].tensor_split(-(-len(z) // BATCH)):
            loss = -flow().log_prob(batch).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        yield FlowDensity(whiten, deepcopy(flow))
