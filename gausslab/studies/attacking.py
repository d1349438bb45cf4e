"""Networks of a study trained and attacked: a table of examples a network, and what is found in it, saved beside it.

    RUN/attacks-DIGEST/examples.csv.gz   the table of examples, nulls among them
    RUN/attacks-DIGEST/findings.csv      H1, H1', H2 and H3 of this network (`adversarial.pooling.to_frame`)
    RUN/attacks-DIGEST/detection.csv     `adversarial.detection`
    RUN/attacks-DIGEST/changes.csv       `adversarial.summaries`; written last, the mark of completion

DIGEST is that of the plan: another plan never mixes with it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jaxtyping import Int64
from torch import Tensor, nn

from gausslab import csv_files, data
from gausslab.adversarial import hypotheses
from gausslab.adversarial.detection import detection
from gausslab.adversarial.examples import ATTACKED, CLEAN
from gausslab.adversarial.findings import Finding
from gausslab.adversarial.generating import AttackSettings, run_attack, unattacked
from gausslab.adversarial.outcomes import AttackBatch
from gausslab.adversarial.pooling import to_frame
from gausslab.adversarial.recording import null_examples, record_examples
from gausslab.adversarial.specs import DEFAULT_EFFORT, AttackSpec, Effort, parse_attacks
from gausslab.adversarial.summaries import change_table
from gausslab.checkpoints import load_checkpoint
from gausslab.config import TrainConfig
from gausslab.config.checks import require, whole
from gausslab.data import Split
from gausslab.errors import ConfigError
from gausslab.experiments import perform
from gausslab.files import write_atomically
from gausslab.runs import Run
from gausslab.serialisation import digest
from gausslab.training import Reporter, threads


@dataclass(frozen=True, kw_only=True)
class AttackPlan:
    """What is done to every network of a study.

    Attributes:
        specs: attacks as the command line writes them; a minimal one before `noise` without a size.
        attacked: test images that are attacked, the first ones.
        clean: test images that are recorded clean, the first ones: controls for the others are found among them.
        null_codes: codes of each null.
        layer: whose codes are recorded, and whose norm the adaptive attack keeps.
        effort: how long attacks search.
    """

    specs: tuple[str, ...]
    attacked: int = 300
    clean: int = 2000
    null_codes: int = 1000
    layer: str = "bottleneck"
    effort: Effort = DEFAULT_EFFORT

    def __post_init__(self) -> None:
        for name in ("attacked", "clean", "null_codes"):
            require(whole(getattr(self, name), 10), name, getattr(self, name), "a whole number of at least 10")
        if self.attacked > self.clean:
            raise ConfigError(f"attacked must be at most clean ({self.clean}), got {self.attacked}")
        parse_attacks(self.specs)

    def folder(self, run: Run) -> Path:
        """Where the tables of a run lie."""
        return run.path / f"attacks-{digest(self)}"


@dataclass(frozen=True)
class TrainAndAttack:
    """A run's work, for `workers.run_all`: train if need be, attack, save.

    Attributes:
        plan: the attacks.
    """

    plan: AttackPlan

    def __call__(self, run: Run, report: Reporter) -> tuple[str, ...]:
        """Bring a run to its end; what is there already is not done again."""
        remarks = perform(run, report)
        if not (self.plan.folder(run) / "changes.csv").exists():
            with threads(run.config.training.threads):
                _save(examples_of(run, self.plan), self.plan.folder(run))
        return remarks


def examples_of(run: Run, plan: AttackPlan) -> pd.DataFrame:
    """The table of examples of a trained classifier, with the nulls of every attack that hypotheses are about.

    Raises:
        ConfigError: an attack needs foolbox and it is missing, or the images have no classes.
    """
    model, test = load_checkpoint(run.checkpoint_file).model, data.load(run.config.data).test
    settings = AttackSettings(seed=run.config.seed, layer=plan.layer, effort=plan.effort)
    clean = unattacked(model, test.images[: plan.clean], _classes(test)[: plan.clean], settings)
    batches: list[tuple[AttackSpec | None, AttackBatch]] = [(None, clean), *attacks_on(model, test, plan, settings)]
    frame = record_examples(model, batches, layers=(plan.layer,))
    judged = frame[frame["family"].isin((CLEAN, *ATTACKED))]
    nulls = null_examples(model, judged, batches, layer=plan.layer, samples=plan.null_codes, seed=run.config.seed)
    return pd.concat([frame, nulls], ignore_index=True)


def attacks_on(
    model: nn.Module, test: Split, plan: AttackPlan, settings: AttackSettings
) -> Iterator[tuple[AttackSpec, AttackBatch]]:
    """Every attack of the plan on the first images, in the plan's order."""
    images, labels = test.images[: plan.attacked], _classes(test)[: plan.attacked]
    norms = None
    for spec in parse_attacks(plan.specs):
        given = norms if spec.needs_norms else None
        batch = run_attack(model, images, labels, spec, norms=given, settings=settings)
        if spec.family == "minimal" and norms is None:
            norms = batch.minimal_norms
        yield spec, batch


def collect(
    configs: Sequence[TrainConfig],
    root: Path,
    plan: AttackPlan,
    name: str,
    columns: Callable[[TrainConfig], dict[str, str | int | float]],
) -> pd.DataFrame:
    """One table of all runs, with columns that tell them apart in front.

    Args:
        configs: the runs.
        root: where they lie.
        plan: of the attacks.
        name: of the table, `findings.csv` for example.
        columns: of a run.
    """
    frames = []
    for config in configs:
        frame = pd.read_csv(
            plan.folder(Run(root / config.run_name, config)) / name, keep_default_na=False, na_values=[""]
        )
        for place, (column, value) in enumerate(columns(config).items()):
            frame.insert(place, column, value)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _save(frame: pd.DataFrame, folder: Path) -> None:
    """The mark of completion last."""
    write_atomically(folder / "examples.csv.gz", csv_files.compressed(frame))
    write_atomically(folder / "findings.csv", csv_files.to_bytes(to_frame(findings_of(frame), frame)))
    write_atomically(folder / "detection.csv", csv_files.to_bytes(detection(frame)))
    write_atomically(folder / "changes.csv", csv_files.to_bytes(change_table(frame)))


def findings_of(frame: pd.DataFrame) -> list[Finding]:
    """H1, H1', H2 and H3 of one network."""
    return [
        *hypotheses.radii_fall(frame, "H1", ("minimal",)),
        *hypotheses.radii_fall(frame, "H1'", ("fixed budget", "confident")),
        *hypotheses.lower_than_matched(frame),
        *hypotheses.beyond_nulls(frame),
    ]


def _classes(test: Split) -> Int64[Tensor, " samples"]:
    if test.labels is None:
        raise ConfigError("a classifier needs images with classes; choose another data set")
    return test.labels
