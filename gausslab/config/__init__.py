"""What a run is: frozen dataclasses that reject nonsense when built, go to JSON and back, and name the run.

The same word is used for the command-line option, the field here and the column of the table (`--widths` -> `width`).
"""

from gausslab.config.data import DataConfig, Resampling, SplitRule
from gausslab.config.model import Bottleneck, Initialisation, Kind, ModelConfig, PosteriorKind
from gausslab.config.objective import TERMS, ErrorScale, GradientPenalty, KernelScope, ObjectiveConfig
from gausslab.config.sweep import SCALES, SweepConfig
from gausslab.config.train import TrainConfig
from gausslab.config.training import Schedule, TrainingConfig

__all__ = [
    "SCALES",
    "TERMS",
    "Bottleneck",
    "DataConfig",
    "ErrorScale",
    "GradientPenalty",
    "Initialisation",
    "KernelScope",
    "Kind",
    "ModelConfig",
    "ObjectiveConfig",
    "PosteriorKind",
    "Resampling",
    "Schedule",
    "SplitRule",
    "SweepConfig",
    "TrainConfig",
    "TrainingConfig",
]
