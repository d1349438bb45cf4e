"""Networks attacked without labels, by the angle of their latents, beside PGD and noise of the same size."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Int64
from statsmodels.stats.proportion import proportion_confint
from torch import Tensor, nn

from gausslab import data
from gausslab.adversarial.generating import AttackSettings, DataSet, run_attack
from gausslab.adversarial.guards import guarded
from gausslab.adversarial.latents import watched
from gausslab.adversarial.outcomes import AttackBatch
from gausslab.adversarial.radial_attack import mean_cosines
from gausslab.adversarial.specs import AttackSpec, Effort
from gausslab.checkpoints import load_checkpoint
from gausslab.config.checks import require, whole
from gausslab.runs import Run

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
CODE = "bottleneck"
COLUMNS = (
    *("layers", "attack", "spec", "budget_norm", "budget", "attempted", "success_rate", "low", "high"),
    *("d_l2", "mean_cosine"),
)


@dataclass(frozen=True, kw_only=True)
class TurningPlan:
    """What is done to every network.

    Attributes:
        linf: radii of the balls in the maximum norm.
        l2: radii of the balls in the Euclidean norm.
        images: attacked, the first of the test images.
        steps: of the radial attack and of PGD.
        batch: images attacked together.
    """

    linf: tuple[float, ...] = (0.01, 0.03, 0.1, 0.2)
    l2: tuple[float, ...] = (0.5, 1.5, 3.0)
    images: int = 500
    steps: int = 20
    batch: int = 250

    def __post_init__(self) -> None:
        for name in ("images", "steps", "batch"):
            require(whole(getattr(self, name), 1), name, getattr(self, name), "a whole number of at least 1")

    @property
    def balls(self) -> tuple[tuple[str, float], ...]:
        """Norm and radius of each."""
        return *(("linf", size) for size in self.linf), *(("l2", size) for size in self.l2)


def turned_of(run: Run, plan: TurningPlan) -> pd.DataFrame:
    """The table of a trained classifier, with the arms `all` (`turnable`) and `code`."""
    model, test = load_checkpoint(run.checkpoint_file).model, data.load(run.config.data).test
    assert test.labels is not None  # else the network could not have been trained
    arms = {"all": turnable(model), "code": (CODE,)}
    return turned_table(model, test.images, test.labels, arms, plan, run.config.seed)


def turnable(model: nn.Module) -> tuple[str, ...]:
    """Paths of the normalising layers; of a network without any, its convolutions and its code."""
    named = dict(model.named_modules())
    norms = tuple(path for path, module in named.items() if isinstance(module, NORMS))
    return norms or (*(path for path, module in named.items() if isinstance(module, nn.Conv2d)), CODE)


def turned_table(
    model: nn.Module,
    images: DataSet,
    labels: Int64[Tensor, " samples"],
    arms: dict[str, tuple[str, ...]],
    plan: TurningPlan,
    seed: int,
) -> pd.DataFrame:
    """A row an attack, with `COLUMNS`: the radial attack on every arm's layers, noise as long as its changes, and PGD.

    `success_rate` is of the images that the network has right, `low` and `high` Wilson's 95 %; `mean_cosine` is that of
    the arm's latents before and after, over the same images, for PGD of the first arm's.

    Args:
        model: images in [0, 1] to logits.
        images: in [0, 1], or bytes; the first ones are taken.
        labels: their classes.
        arms: name -> layers that are turned together.
        plan: balls, images, steps.
        seed: root seed.
    """
    shown, classes = images[: plan.images], labels[: plan.images]
    effort, first = Effort(pgd_steps=plan.steps), next(iter(arms))
    rows = []
    for norm, size in plan.balls:
        settings = AttackSettings(seed=seed, batch=plan.batch, effort=effort)
        known = AttackSpec(name=f"pgd-{norm}", value=size)
        rows.append(
            _row(
                model, run_attack(model, shown, classes, known, settings=settings), known, (norm, size), "", arms[first]
            )
        )
        for arm, layers in arms.items():
            rows += _arm(model, shown, classes, (norm, size), arm, layers, settings)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _arm(
    model: nn.Module,
    images: DataSet,
    labels: Int64[Tensor, " samples"],
    ball: tuple[str, float],
    arm: str,
    layers: tuple[str, ...],
    settings: AttackSettings,
) -> Iterator[dict[str, object]]:
    radial, noise = AttackSpec(name=f"radial-{ball[0]}", value=ball[1]), AttackSpec(name="noise")
    chosen = AttackSettings(seed=settings.seed, batch=settings.batch, effort=settings.effort, layers=layers)
    turned = run_attack(model, images, labels, radial, settings=chosen)
    yield _row(model, turned, radial, ball, arm, layers)
    as_long = run_attack(model, images, labels, noise, norms=turned.d_l2, settings=chosen)
    yield _row(model, as_long, noise, ball, arm, layers)


def _row(
    model: nn.Module,
    batch: AttackBatch,
    spec: AttackSpec,
    ball: tuple[str, float],
    arm: str,
    layers: tuple[str, ...],
) -> dict[str, object]:
    attempted, reached = int(batch.attempted.sum()), int(batch.success.sum())
    low, high = proportion_confint(reached, max(attempted, 1), method="wilson")
    return {
        **{"layers": arm, "attack": spec.name, "spec": str(spec), "budget_norm": ball[0], "budget": ball[1]},
        **{"attempted": attempted, "success_rate": batch.success_rate, "low": low, "high": high},
        "d_l2": float(batch.d_l2[batch.attempted].mean()),
        "mean_cosine": _cosine(model, batch, layers),
    }


@torch.no_grad()
def _cosine(model: nn.Module, batch: AttackBatch, layers: tuple[str, ...], size: int = 250) -> float:
    found = []
    with guarded(model), watched(model, layers) as watch:
        for clean, adversarial in zip(_pieces(batch.clean, size), _pieces(batch.adversarial, size), strict=True):
            found.append(mean_cosines(watch(adversarial)[1], watch(clean)[1]))
    return float(torch.cat(found)[batch.attempted].mean())


def _pieces(images: Tensor, size: int) -> list[Tensor]:
    return [images[start : start + size] for start in range(0, len(images), size)]
