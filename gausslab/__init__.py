"""gausslab measures how Gaussian the activations of a network are, and says why not.

    from gausslab import capture, measure

    with capture(model) as activations:          # every batch-norm layer
        for batch in batches:
            model(batch)
    measure(activations["bottleneck"].samples)   # a table, one number a row

Names are imported when they are first used: `import gausslab` alone loads neither torch nor pandas.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gausslab.activations import Activations
    from gausslab.checkpoints import load_checkpoint
    from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, SweepConfig, TrainConfig, TrainingConfig
    from gausslab.errors import GausslabError
    from gausslab.estimators import measure
    from gausslab.hooks import capture
    from gausslab.probing import probe
    from gausslab.sweeping import sweep
    from gausslab.training import train
    from gausslab.verdicts import verdict

__version__ = "0.1.0"

_HOMES = {
    "Activations": "gausslab.activations",
    "DataConfig": "gausslab.config",
    "GausslabError": "gausslab.errors",
    "ModelConfig": "gausslab.config",
    "ObjectiveConfig": "gausslab.config",
    "SweepConfig": "gausslab.config",
    "TrainConfig": "gausslab.config",
    "TrainingConfig": "gausslab.config",
    "capture": "gausslab.hooks",
    "load_checkpoint": "gausslab.checkpoints",
    "measure": "gausslab.estimators",
    "probe": "gausslab.probing",
    "sweep": "gausslab.sweeping",
    "train": "gausslab.training",
    "verdict": "gausslab.verdicts",
}

__all__ = [
    "Activations",
    "DataConfig",
    "GausslabError",
    "ModelConfig",
    "ObjectiveConfig",
    "SweepConfig",
    "TrainConfig",
    "TrainingConfig",
    "__version__",
    "capture",
    "load_checkpoint",
    "measure",
    "probe",
    "sweep",
    "train",
    "verdict",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'gausslab' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
