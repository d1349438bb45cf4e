"""Do narrower codes of an unregularised autoencoder come closer to a Gaussian? MNIST, five widths, three seeds.

    python studies/width_sweep/study.py

The same command goes on where an interrupted one stopped.
"""

from pathlib import Path

from gausslab.config import DataConfig, ModelConfig, SweepConfig, TrainConfig, TrainingConfig

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

if __name__ == "__main__":
    from gausslab.studies import run_width_study

    run_width_study(STUDY, HERE, runs=Path("runs/width_sweep"))
