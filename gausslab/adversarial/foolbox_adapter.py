"""The attacks that foolbox has, one function wide: its types stay in here, and its traps too.

foolbox counts an attack as successful on its own word, and C&W's failures are black images; it lets an attack change
the running statistics of a network in training mode; it moves the model to a GPU if there is one; it draws from the
global generator; its import fails where there is no git. `attacked` and this module see to each. Its FMN is not
offered: at its defaults it ends far from the minimal norm.
"""

import importlib
import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn

from gausslab.adversarial.balls import REACH
from gausslab.adversarial.guards import Images, guarded, require_images
from gausslab.adversarial.outcomes import AttackBatch, Classes, attacked, logits_of
from gausslab.adversarial.specs import DEFAULT_EFFORT, AttackSpec, Effort
from gausslab.errors import ConfigError, entry, first_line

CW_RATE = 0.02
"""C&W's step, twice foolbox's: within 200 steps, half of it does not bring pixels away from black, and 2.5 times it
steps over near boundaries."""

CW_START = 0.01
"""C&W's first constant; each search without success multiplies it by 10."""


def generate(
    model: nn.Module,
    images: Images,
    labels: Classes,
    spec: AttackSpec,
    *,
    effort: Effort = DEFAULT_EFFORT,
    seed: int = 0,
) -> AttackBatch:
    """Attack one batch.

    The result depends on the batch as a whole: random starts are drawn for all images at once, and C&W stops when the
    loss of the batch does.

    How it can mislead: the norms of minimal attacks are upper bounds: DeepFool's by its overshoot of 2 %, DDN's by its
    steps of 5 % from a norm of 1 (it is some 10 % long where .1 would do), C&W's by its few steps. C&W of kappa 0
    has nothing to gain beyond the boundary: its margins are nearly 0.

    Args:
        model: images in [0, 1] to logits; normalisation belongs inside.
        images: in [0, 1].
        labels: true classes.
        spec: one of `ATTACKS`.
        effort: how long to search.
        seed: of random starts.

    Raises:
        ConfigError: foolbox is not installed, or the attack is not one of its.
        EstimatorError: images outside [0, 1], labels that do not fit, or a model that gives no logits.
        GausslabError: the model's running statistics changed.
    """
    make = entry(spec.name, ATTACKS, "attack of foolbox")
    library = _imported(spec)
    targets = least_likely(model, images) if spec.family == "targeted" else None

    def attack(clean: Images) -> Tensor:
        criterion = _criterion(library, labels.clone(), targets)  # not a tensor of inference mode
        wrapped = library.PyTorchModel(model, bounds=(0, 1), device=clean.device)
        return _run(make(library.attacks, spec, effort), wrapped, clean, criterion, _budget(spec))

    return attacked(model, images, labels, attack, seed=seed, name=f"attack/{spec}", targets=targets)


def require_installed(specs: Iterable[AttackSpec]) -> None:
    """Complain before any attack runs.

    Raises:
        ConfigError: one of the attacks is foolbox's, and that is not installed.
    """
    for spec in specs:
        if spec.name in ATTACKS:
            _imported(spec)


def least_likely(model: nn.Module, images: Images) -> Classes:
    """The class with the smallest logit of each image."""
    require_images(images)
    with guarded(model):
        return logits_of(model, images.detach().clone()).argmin(1)


def _run(method: Any, wrapped: Any, clean: Tensor, criterion: Any, budget: float | None) -> Tensor:
    """What a call of foolbox's attack does but for its judgement, a forward pass that `attacked` makes itself."""
    if budget is None:
        nearest: Tensor = method.run(wrapped, clean, criterion)
        return nearest
    found = method.run(wrapped, clean, criterion, epsilon=budget)
    kept: Tensor = method.distance.clip_perturbation(clean, found, budget)
    return kept


def _ddn(attacks: Any, _spec: AttackSpec, effort: Effort) -> Any:
    return attacks.DDNAttack(steps=effort.ddn_steps)


def _deepfool(attacks: Any, _spec: AttackSpec, effort: Effort) -> Any:
    return attacks.L2DeepFoolAttack(steps=effort.deepfool_steps)


def _cw(attacks: Any, spec: AttackSpec, effort: Effort) -> Any:
    return attacks.L2CarliniWagnerAttack(
        binary_search_steps=effort.cw_searches,
        steps=effort.cw_steps,
        stepsize=CW_RATE,
        initial_const=CW_START,
        confidence=spec.value or 0,
    )


def _fgsm(attacks: Any, _spec: AttackSpec, _effort: Effort) -> Any:
    return attacks.LinfFastGradientAttack()


def _pgd_linf(attacks: Any, _spec: AttackSpec, effort: Effort) -> Any:
    return attacks.LinfProjectedGradientDescentAttack(steps=effort.pgd_steps, rel_stepsize=REACH / effort.pgd_steps)


def _pgd_l2(attacks: Any, _spec: AttackSpec, effort: Effort) -> Any:
    return attacks.L2ProjectedGradientDescentAttack(steps=effort.pgd_steps, rel_stepsize=REACH / effort.pgd_steps)


ATTACKS: dict[str, Callable[[Any, AttackSpec, Effort], Any]] = {
    "ddn": _ddn,
    "deepfool": _deepfool,
    "cw": _cw,
    "fgsm": _fgsm,
    "pgd-linf": _pgd_linf,
    "pgd-l2": _pgd_l2,
    "pgd-l2-targeted": _pgd_l2,
}


def _budget(spec: AttackSpec) -> float | None:
    """None lets a minimal attack end where it will; kappa is no budget."""
    return None if spec.name == "cw" else spec.value


def _criterion(library: Any, labels: Classes, targets: Classes | None) -> Any:
    if targets is None:
        return library.criteria.Misclassification(labels)
    return library.criteria.TargetedMisclassification(targets)


def _imported(spec: AttackSpec) -> Any:
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a git program is looked for on import, and never needed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it imports from where scipy has long moved things
            return importlib.import_module("foolbox")
    except ModuleNotFoundError as error:
        if error.name == "foolbox":
            raise ConfigError(
                f"attack {spec.name!r} needs foolbox, which is not installed: pip install 'gausslab[attacks]'"
            ) from None
        raise ConfigError(
            f"attack {spec.name!r} needs foolbox, which cannot be imported: {first_line(error)}"
        ) from None
