"""What a flow is made of, and how it is trained."""

from dataclasses import dataclass
from typing import Literal, get_args

from gausslab.config.checks import finite, require, require_choice, whole

Kind = Literal["realnvp", "glow"]


@dataclass(frozen=True, kw_only=True)
class FlowConfig:
    r"""A flow of affine couplings, in coordinates in which the samples have mean 0 and covariance I.

    Attributes:
        kind: `realnvp`: couplings alone, the two halves taking turns (Dinh et al. 2017, ICLR); `glow`: before each
            coupling a full matrix, learned by its LU factors (Kingma & Dhariwal 2018, NeurIPS 31).
        transforms: couplings.
        hidden: units of the hidden layers of each coupling's network.
        steps: of Adam; the best of them on held-out samples is kept.
        batch: samples a step.
        lr: learning rate, constant.
        slope: s, the least factor by which a coupling may scale a unit; the largest is 1 / s, since zuko bounds the
            logarithm softly, $a / (1 + |a / \ln s|)$. zuko's default is .001; at .5 a coupling halves or doubles.
        clip: longest gradient.
        held_out: share of the samples by which the best step is chosen.
        check_every: steps between two looks at them.
        seed: of weights, batches and the choice of held-out samples.
    """

    kind: Kind = "realnvp"
    transforms: int = 6
    hidden: tuple[int, ...] = (64, 64)
    steps: int = 2000
    batch: int = 256
    lr: float = 1e-3
    slope: float = 1e-3
    clip: float = 5.0
    held_out: float = 0.1
    check_every: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        require_choice("kind", self.kind, get_args(Kind))
        for name in ("transforms", "steps", "batch", "check_every"):
            require(whole(getattr(self, name), 1), name, getattr(self, name), "a whole number of at least 1")
        layers = isinstance(self.hidden, tuple) and all(whole(units, 1) for units in self.hidden)
        require(layers and len(self.hidden) > 0, "hidden", self.hidden, "positive whole numbers")
        for name in ("lr", "clip"):
            value = getattr(self, name)
            require(finite(value) and value > 0, name, value, "a number above 0")
        for name in ("slope", "held_out"):
            value = getattr(self, name)
            require(finite(value) and 0 < value < 1, name, value, "a number between 0 and 1")
        require(whole(self.seed, 0), "seed", self.seed, "a whole number of at least 0")
