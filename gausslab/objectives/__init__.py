"""The losses.

    errors          of reconstructions, on the scales in use
    passes          one forward pass, which all terms see
    code_terms      about the codes: entropy, squared norm, divergence, discrepancy, ...
    penalties       about the decoder: kernels, gradients
    composite       error + weighted terms: every autoencoder's loss
    classification  cross entropy

A configuration names one, `build` makes it, the training loop calls it once a step.
"""

from gausslab.config import TrainConfig
from gausslab.objectives.base import Batch, Loss, Objective
from gausslab.objectives.classification import CrossEntropy
from gausslab.objectives.composite import Composite, build_composite
from gausslab.objectives.errors import summed_squared_error

__all__ = ["Batch", "Composite", "CrossEntropy", "Loss", "Objective", "build", "summed_squared_error"]


def build(config: TrainConfig) -> Objective:
    """The objective of a run."""
    if config.model.kind == "classifier":
        return CrossEntropy(config.objective.entropy_weight, config.objective.neighbours)
    return build_composite(config.objective, config.model.width, config.seed)
