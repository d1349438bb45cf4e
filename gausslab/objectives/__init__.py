"""The losses: a configuration names one, `build` makes it, the training loop calls it once a step."""

from gausslab.config import ObjectiveConfig
from gausslab.objectives.entropic import Entropic
from gausslab.objectives.reconstruction import Batch, Loss, Objective, Reconstruction, summed_squared_error

__all__ = ["Batch", "Entropic", "Loss", "Objective", "Reconstruction", "build", "summed_squared_error"]


def build(config: ObjectiveConfig) -> Objective:
    """The objective that `config` names."""
    if config.name == "eae":
        return Entropic(entropy_weight=config.entropy_weight, neighbours=config.neighbours)
    return Reconstruction()
