"""The extractor of a comparison: one that others trained, or a classifier that is trained here, once a data set."""

from pathlib import Path

from gausslab.checkpoints import load_checkpoint
from gausslab.comparison.plan import CLASSIFIER, ComparisonConfig, QualityConfig
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.data import count_training_images
from gausslab.estimators.null_cache import cache_folder
from gausslab.quality.extractors import Extractor, ModuleExtractor, pretrained
from gausslab.runs import Run
from gausslab.training import Reporter, train

IMAGES = 20_000


def classifier_config(data: DataConfig, scale: str) -> TrainConfig:
    """The classifier that features come from: 64 batch-normed units of a net of 16 base channels, eight epochs.

    At scale `smoke` 8 units, 4 channels, one epoch. Its data are the training images, the first twenty thousand.
    """
    small = scale == "smoke"
    source = DataConfig(name=data.name, path=data.path, size=data.size, crop=data.crop, resampling=data.resampling)
    images = min(400 if small else IMAGES, count_training_images(source))
    return TrainConfig(
        data=DataConfig(**(vars(source) | {"images": images})),
        model=ModelConfig(kind="classifier", width=8 if small else 64, channels=4 if small else 16),
        objective=ObjectiveConfig(name="classifier"),
        training=TrainingConfig(epochs=1 if small else 8),
    )


def classifier_run(data: DataConfig, scale: str) -> Run:
    """Where the classifier of a data set is kept: beside the null laws, in the user's cache."""
    return Run.create(cache_folder().parent / "extractors", classifier_config(data, scale))


def train_extractor(plan: ComparisonConfig, report: Reporter = lambda progress: None) -> None:
    """Train the classifier, unless it is there; other extractors need nothing.

    Raises:
        ConfigError: the data set has no classes.
    """
    if plan.quality.extractor != CLASSIFIER:
        return
    run = classifier_run(plan.configs()[0].data, plan.scale)
    with run.locked():
        if not run.is_done:
            train(run, report)
            run.finish()


def extractor(quality: QualityConfig, data: DataConfig, scale: str) -> Extractor:
    """The extractor, ready.

    Raises:
        ConfigError: it needs a file of weights, or an extra that is not installed.
        CheckpointError: the classifier has not been trained.
    """
    if quality.extractor != CLASSIFIER:
        return pretrained(quality.extractor, None if quality.weights is None else Path(quality.weights))
    checkpoint = load_checkpoint(classifier_run(data, scale).checkpoint_file)
    return ModuleExtractor(name=CLASSIFIER, network=checkpoint.model.encode, features=checkpoint.config.model.width)
