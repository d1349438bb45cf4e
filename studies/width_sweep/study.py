"""Do narrower codes of an unregularised autoencoder come closer to a Gaussian? MNIST, five widths, three seeds.

    python studies/width_sweep/study.py

The same command goes on where an interrupted one stopped.
"""

import sys
from pathlib import Path

from gausslab.cli import guarded
from gausslab.cli.progress import live
from gausslab.cli.report import print_sweep
from gausslab.config import DataConfig, ModelConfig, SweepConfig, TrainConfig, TrainingConfig
from gausslab.grids import default_jobs
from gausslab.studies import publish_width_study
from gausslab.sweeping import sweep

HERE = Path(__file__).parent
STUDY = SweepConfig(
    base=TrainConfig(
        data=DataConfig(name="mnist", images=12_000),
        model=ModelConfig(channels=16),
        training=TrainingConfig(epochs=12),
    ),
    widths=(4, 8, 16, 32, 64),
    channels=(16,),
    seeds=(0, 1, 2),
)


def main() -> None:
    """Train what is not trained yet, measure, publish."""
    with live(STUDY.configs()) as display:
        result = sweep(STUDY, Path("runs/width_sweep"), default_jobs(STUDY), display.report, display.ended)
    publish_width_study(STUDY, result, HERE)
    print_sweep(result.table)


if __name__ == "__main__":
    sys.exit(guarded(main))
