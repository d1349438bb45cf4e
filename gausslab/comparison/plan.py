"""What a comparison covers: rows of the tables, seeds, samplers, and how images are scored."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any, NamedTuple

from gausslab.config import Bottleneck, Resampling, TrainConfig
from gausslab.config.checks import require, text, whole
from gausslab.densities import SAMPLERS
from gausslab.errors import ConfigError, choices
from gausslab.presets import Family, family, preset, row_named
from gausslab.quality.extractors import PRETRAINED
from gausslab.serialisation import digest

CLASSIFIER = "classifier"
EXTRACTORS = (CLASSIFIER, *PRETRAINED)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is set in place of the scale's and the rows' own; None is not.

    Attributes:
        batch: images a step.
        bottleneck: what the code goes through.
        channels: channels of the first layer.
        depth: hidden convolutions of the encoder.
        device: of the training.
        epochs: passes over the training images.
        images: training images.
        lr: Adam's learning rate.
        neighbours: k of the entropy's estimator.
        threads: CPU threads of one run.
        weight: of the objective's first term, the one in its label: the entropy of an EAE, the divergence of a VAE.
        width: units of the code.
    """

    batch: int | None = None
    bottleneck: Bottleneck | None = None
    channels: int | None = None
    depth: int | None = None
    device: str | None = None
    epochs: int | None = None
    images: int | None = None
    lr: float | None = None
    neighbours: int | None = None
    threads: int | None = None
    weight: float | None = None
    width: int | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What is set.

        >>> Settings(width=8, weight=0.5).given
        {'weight': 0.5, 'width': 8}
        """
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def label(self) -> str:
        """What is set, in words.

        >>> Settings(width=8, weight=0.5).label
        'weight 0.5, width 8'
        """
        return ", ".join(f"{name} {value}" for name, value in self.given.items())


@dataclass(frozen=True, kw_only=True)
class QualityConfig:
    """How images are scored.

    Attributes:
        extractor: whose features: `classifier` (one that is trained here on the data set's classes), or one of
            `gausslab.quality.extractors.PRETRAINED`.
        weights: file of the extractor's weights, where it needs one.
        images: how many a score is of; None is as many as there are validation images.
    """

    extractor: str = CLASSIFIER
    weights: str | None = None
    images: int | None = None

    def __post_init__(self) -> None:
        if self.extractor not in EXTRACTORS:
            raise ConfigError(f"unknown extractor {self.extractor!r}; {choices(str(self.extractor), EXTRACTORS)}")
        require(self.weights is None or text(self.weights), "weights", self.weights, "the path of a file")
        if self.extractor == CLASSIFIER and self.weights is not None:
            raise ConfigError(f"extractor {CLASSIFIER!r} is trained here and takes no file, got {self.weights}")
        require(self.images is None or whole(self.images, 4), "images", self.images, "a whole number of at least 4")


class Cell(NamedTuple):
    """One row under one seed, in one variant.

    Attributes:
        row: name of the row.
        variant: what the variant sets.
        config: the run that it is a row of; rows that differ in their sampler alone share it.
        samplers: what its codes are sampled by.
    """

    row: str
    variant: Settings
    config: TrainConfig
    samplers: tuple[str, ...]

    @property
    def label(self) -> str:
        """In the table: the row's name, and what the variant sets."""
        return " ".join(filter(None, (self.row, self.variant.label)))


@dataclass(frozen=True, kw_only=True)
class ComparisonConfig:
    """A comparison.

    Attributes:
        data: a data set of `gausslab.presets.FAMILIES`, or `folder`.
        path: folder of the user's own files.
        size: side of the images; None is that of the thesis's data set.
        crop: side of a centre crop taken before resizing, of image folders and celeba.
        resampling: filter of that resize.
        scale: `smoke`, `laptop` or `paper`.
        rows: names of `gausslab.presets.ROWS`.
        samplers: of every row; empty is each row's own. Rows with a second stage keep to that.
        seeds: root seeds.
        as_released: whether the published code's mistakes are kept, for audits.
        settings: in place of the scale's.
        variants: in place of `settings` in turn, every row once with each; empty is every row once.
        quality: how images are scored.
    """

    data: str = "mnist"
    path: str | None = None
    size: int | None = None
    crop: int | None = None
    resampling: Resampling = "bilinear"
    scale: str = "laptop"
    rows: tuple[str, ...] = ("vae", "rae", "eae")
    samplers: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2)
    as_released: bool = False
    settings: Settings = field(default_factory=Settings)
    variants: tuple[Settings, ...] = ()
    quality: QualityConfig = field(default_factory=QualityConfig)

    def __post_init__(self) -> None:
        for name in ("rows", "seeds", "samplers", "variants"):
            values = getattr(self, name)
            require(name not in ("rows", "seeds") or len(values) > 0, name, values, "at least one value")
            require(len(set(values)) == len(values), name, values, "values without repetition")
        for name in self.samplers:
            if name not in SAMPLERS:
                raise ConfigError(f"unknown sampler {name!r}; {choices(name, tuple(SAMPLERS))}")
        for _ in self.cells():  # every run is checked now, not when its turn comes
            pass

    @property
    def digest(self) -> str:
        """Eight hex digits that change with any field that differs from its default."""
        return digest(self)

    @property
    def family(self) -> Family:
        """Whose weights and widths the data set takes."""
        return family(self.data, self.size)

    def cells(self) -> Iterator[Cell]:
        """Rows, then variants, then seeds."""
        for name, variant, seed in product(self.rows, self.variants or (Settings(),), self.seeds):
            row = row_named(name)
            samplers = row.samplers if row.own_sampler or not self.samplers else self.samplers
            yield Cell(name, variant, self._config(name, variant, seed), samplers)

    @property
    def varied(self) -> tuple[str, ...]:
        """The settings that variants differ in."""
        return tuple(sorted({name for variant in self.variants for name in variant.given}))

    def configs(self) -> tuple[TrainConfig, ...]:
        """The runs, each once."""
        return tuple(dict.fromkeys(cell.config for cell in self.cells()))

    def samplers_of(self, config: TrainConfig) -> tuple[str, ...]:
        """The samplers of all rows that share a run."""
        return tuple(dict.fromkeys(name for cell in self.cells() if cell.config == config for name in cell.samplers))

    def _config(self, row: str, variant: Settings, seed: int) -> TrainConfig:
        return preset(
            row,
            self.data,
            scale=self.scale,
            seed=seed,
            path=self.path,
            size=self.size,
            crop=self.crop,
            resampling=self.resampling,
            as_released=self.as_released,
            **self.settings.given | variant.given,
        )
