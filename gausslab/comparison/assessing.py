"""One run's images and codes in numbers: what a worker does after training.

    quality/codes-KEY.csv      codes, reconstructions, midpoints
    quality/posterior-KEY.csv  of a variational encoder: codes drawn from the posteriors
    quality/SAMPLER-KEY.csv    samples; of a second stage its reconstructions and midpoints too
    quality/SAMPLER.png, interpolations.png

KEY changes with the extractor, the number of images and the sampler's options. Each file is written whole when its
numbers are there, so an interrupted comparison goes on with what is missing.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd
import torch
from torch import Tensor

from gausslab import data, generation, tables
from gausslab.checkpoints import load_checkpoint
from gausslab.comparison.extracting import extractor
from gausslab.comparison.plan import ComparisonConfig
from gausslab.config import TrainConfig
from gausslab.densities import Density, LatentCodes, fit
from gausslab.errors import ConfigError, EstimatorError
from gausslab.estimators.registry import PROBE_ESTIMATORS
from gausslab.experiments import perform
from gausslab.models import Autoencoder
from gausslab.presets import DAI_WIPF, ISOTROPIC, SECOND_STAGE, sampler_options
from gausslab.probing import blank, identify, measure_samples
from gausslab.quality import Reference, Score, quantise, real_features, real_floor, score
from gausslab.quality.extractors import Extractor
from gausslab.quality.interpolation import WAYS, linear
from gausslab.runs import Run
from gausslab.sampling import GRID_SIDE, write_grid
from gausslab.seeding import torch_generator
from gausslab.tables import POSTERIOR, Measurement
from gausslab.training import Reporter, threads

LATENT_ESTIMATORS = ("participation_ratio", "mardia_kurtosis")
"""What is measured of a row's code beside what every run's is."""

CODES = "codes"
PICTURED = 0
"""Seed of the pairs of test images that are shown."""


@dataclass(frozen=True)
class PerformAndAssess:
    """A worker's task: bring a run to its end, then score what it makes.

    Attributes:
        plan: the comparison.
    """

    plan: ComparisonConfig

    def __call__(self, run: Run, report: Reporter) -> tuple[str, ...]:
        """The remarks of both."""
        remarks = perform(run, report)
        with run.locked(), threads(run.config.training.threads):
            return remarks + tuple(Assessment(self.plan, run).complete())


class Assessment:
    """What is scored of one run, and where the numbers lie.

    Attributes:
        plan: the comparison.
        run: a finished run.
        folder: of its tables and pictures.
    """

    def __init__(self, plan: ComparisonConfig, run: Run) -> None:
        self.plan = plan
        self.run = run
        self.folder = run.path / "quality"

    def files(self) -> dict[str, Path]:
        """Task -> its table; the first task is `codes`, perhaps `posterior`, the others are samplers."""
        posterior = () if self.run.config.model.posterior == "none" else (POSTERIOR,)
        tasks = (CODES, *posterior, *self.plan.samplers_of(self.run.config))
        return {task: self.folder / f"{task}-{self._key(task)}.csv" for task in tasks}

    def complete(self) -> Iterator[str]:
        """Do what is missing; yields what could not be done."""
        missing = {task: file for task, file in self.files().items() if not file.exists()}
        if not missing:
            return
        self.folder.mkdir(exist_ok=True)
        scene = Scene.of(self.plan, self.run)
        for task, file in missing.items():
            try:
                frame = scene.table(task, self.folder)
            except EstimatorError as error:
                yield f"{self.run.config.run_name}: {task}: {error}"
                frame = scene.empty()
            tables.write(frame, file)

    def _key(self, task: str) -> str:
        options = sampler_options(task, self.plan.family, self.plan.scale)
        parts = [
            self.plan.quality.extractor,
            self.plan.quality.weights,
            self.plan.quality.images,
            self.plan.scale,
            options,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Everything that the scores of one run share.

    Attributes:
        plan: the comparison.
        config: the run's.
        model: its best checkpoint's network.
        images: its data.
        extractor: makes features.
        reference: test images.
        floor: what validation images score.
        training_codes: what densities are fitted to.
    """

    plan: ComparisonConfig
    config: TrainConfig
    model: Autoencoder
    images: data.ImageData
    extractor: Extractor
    reference: Reference
    floor: Score
    training_codes: LatentCodes

    @classmethod
    def of(cls, plan: ComparisonConfig, run: Run) -> "Scene":
        """The scene of a finished run.

        Raises:
            ConfigError: it is no autoencoder.
        """
        model, images = load_checkpoint(run.checkpoint_file).model, data.load(run.config.data)
        if not isinstance(model, Autoencoder):
            raise ConfigError(f"{run.config.run_name} is no autoencoder")
        extracting = extractor(plan.quality, run.config.data, plan.scale)
        reference, floor = real_scores(plan, images, extracting)
        return cls(
            plan=plan,
            config=run.config,
            model=model,
            images=images,
            extractor=extracting,
            reference=reference,
            floor=floor,
            training_codes=generation.latent_codes(model, images.train.images),
        )

    @property
    def number(self) -> int:
        """Images a score is of."""
        return self.floor.n

    def table(self, task: str, folder: Path) -> pd.DataFrame:
        """The numbers of a task: `codes`, `posterior` or a sampler."""
        if task == POSTERIOR:
            return self.posterior()
        return self.codes(folder) if task == CODES else self.sampled(task, folder)

    def posterior(self) -> pd.DataFrame:
        """The law of codes drawn from the test images' posteriors: what a variational objective brings near N(0, I)."""
        codes = generation.latent_codes(self.model, self.images.test.images)
        drawn = codes.drawn(torch_generator(self.config.seed, POSTERIOR))
        return self._measured(drawn, (*PROBE_ESTIMATORS, *LATENT_ESTIMATORS), POSTERIOR)

    def codes(self, folder: Path) -> pd.DataFrame:
        """The test codes' law, reconstructions, midpoints; a picture of ways between codes."""
        plain = self._density(ISOTROPIC)
        test = generation.latent_codes(self.model, self.images.test.images).mean
        self._draw_paths(plain, folder / "interpolations.png")
        return tables.concat([self._latent(test), self._reconstructed(plain, ""), self._between(plain, "")])

    def sampled(self, sampler: str, folder: Path) -> pd.DataFrame:
        """Samples, and for a second stage its reconstructions and midpoints; a picture of samples."""
        density, seed = self._density(sampler), self.config.seed
        drawn = generation.samples(self.model, density, self.number, seed)
        frames = [self._scored("samples", sampler, drawn)]
        shown = torch.cat(list(generation.samples(self.model, density, GRID_SIDE**2, seed)))
        write_grid(shown, folder / f"{sampler}.png")
        if sampler in (SECOND_STAGE, DAI_WIPF):
            frames += [self._reconstructed(density, sampler), self._between(density, sampler)]
        return tables.concat(frames)

    def _draw_paths(self, density: Density, file: Path) -> None:
        """Eight pairs of test images, what lies between them on a line, a row a pair; the same pairs for every row."""
        between = generation.paths(self.model, density, self.images.test.images, linear, GRID_SIDE, GRID_SIDE, PICTURED)
        write_grid(torch.cat(list(between)), file)

    def empty(self) -> pd.DataFrame:
        """No rows, with all columns."""
        return tables.to_frame([]).assign(sampler="", extractor="")

    def _density(self, sampler: str) -> Density:
        options = sampler_options(sampler, self.plan.family, self.plan.scale)
        return fit(sampler, self.training_codes, self.config.seed, **options)

    def _latent(self, codes: Tensor) -> pd.DataFrame:
        """The code's law, against Laplace's if that is what its bottleneck makes; `perform` has measured the rest."""
        laplace = self.config.model.bottleneck == "l1norm"
        names = (*PROBE_ESTIMATORS, *LATENT_ESTIMATORS) if laplace else LATENT_ESTIMATORS
        return self._measured(codes, names, "bottleneck", "laplace" if laplace else "normal")

    def _measured(
        self, codes: Tensor, names: Iterable[str], layer: str, reference: Literal["normal", "laplace"] = "normal"
    ) -> pd.DataFrame:
        described = replace(blank(identify(self.config)), layer=layer)
        frame, _ = measure_samples(codes, described, names, reference=reference)
        return frame.assign(sampler="", extractor="")

    def _reconstructed(self, density: Density, sampler: str) -> pd.DataFrame:
        images = self.images.validation.images[: self.number]
        made = generation.reconstructions(self.model, density, images, self.config.seed)
        return self._scored("reconstructions", sampler, made)

    def _between(self, density: Density, sampler: str) -> pd.DataFrame:
        codes, seed = generation.latent_codes(self.model, self.images.validation.images).mean, self.config.seed
        return tables.concat(
            self._scored(name, sampler, generation.midpoints(self.model, density, codes, way, self.number, seed))
            for name, way in WAYS.items()
        )

    def _scored(self, statistic: str, sampler: str, images: Iterable[Tensor]) -> pd.DataFrame:
        features = torch.cat([self.extractor(quantise(batch)) for batch in images])
        rows = _rows(score(features, self.reference), self.floor, self.config, statistic)
        return tables.to_frame(rows).assign(sampler=sampler, extractor=self.extractor.name)


def real_scores(plan: ComparisonConfig, images: data.ImageData, extracting: Extractor) -> tuple[Reference, Score]:
    """The test images' features, and the score of as many validation images as the plan scores."""
    reference, held_out = (
        real_features(extracting, getattr(images, split).images, data=images.name, split=split)
        for split in ("test", "validation")
    )
    number = len(held_out.features) if plan.quality.images is None else plan.quality.images
    return reference, real_floor(held_out, reference, number)


def _rows(found: Score, floor: Score, config: TrainConfig, statistic: str) -> list[Measurement]:
    described = replace(blank(identify(config)), statistic=statistic, n_samples=found.n)
    return [
        replace(described, estimator="frechet_distance", value=found.frechet, null_mean=floor.frechet),
        replace(
            described,
            estimator="kernel_distance",
            value=found.kernel,
            standard_error=found.kernel_error,
            null_mean=floor.kernel,
        ),
    ]
