"""Attacks by name, as the command line writes them: `ddn`, `fgsm:0.03`, `pgd-l2:1.5`. Free of torch.

Every attack is of one family, and families are never pooled: a nearest adversarial example, one at a fixed distance and
one that a network is confident about differ in what a norm can say of them.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple

from gausslab.errors import ConfigError, entry

FAMILIES = ("minimal", "fixed budget", "confident", "targeted", "adaptive", "radial", "control")


class _Form(NamedTuple):
    """How an attack is written: its family, its name in tables, the norm of its size, what may follow the colon."""

    family: str
    label: str
    norm: str
    number: str = "size"
    optional: bool = False


_FORMS = {
    "ddn": _Form("minimal", "DDN", "l2", ""),
    "deepfool": _Form("minimal", "DeepFool", "l2", ""),
    "cw": _Form("minimal", "C&W", "l2", "kappa", optional=True),
    "fgsm": _Form("fixed budget", "FGSM", "linf"),
    "pgd-linf": _Form("fixed budget", "PGD Linf", "linf"),
    "pgd-l2": _Form("fixed budget", "PGD L2", "l2"),
    "pgd-l2-targeted": _Form("targeted", "PGD L2 to the least likely class", "l2"),
    "adaptive": _Form("adaptive", "norm-keeping PGD L2", "l2"),
    "radial-linf": _Form("radial", "radial Linf", "linf"),
    "radial-l2": _Form("radial", "radial L2", "l2"),
    "noise": _Form("control", "noise", "l2", optional=True),
    "midpoint": _Form("control", "midpoint", "", ""),
}
_WITHOUT = {"cw": "none: kappa 0", "noise": "none: each example's own minimal norm"}
NAMES = tuple(_FORMS)

SUITE = (
    *("ddn", "deepfool", "cw", "fgsm:0.01", "fgsm:0.03", "fgsm:0.1", "pgd-linf:0.01", "pgd-linf:0.03", "pgd-linf:0.1"),
    *("pgd-l2:0.25", "pgd-l2:0.5", "pgd-l2:1", "pgd-l2:1.5", "pgd-l2:2", "pgd-l2:3", "pgd-l2:5", "cw:5", "cw:20"),
    *("pgd-l2-targeted:1.5", "adaptive:1.5", "radial-linf:0.1", "radial-l2:1.5", "noise", "noise:1.5", "midpoint"),
)
"""The attacks that the questions about radii ask for, minimal ones before the noise that takes their norms."""


@dataclass(frozen=True, kw_only=True)
class AttackSpec:
    """One attack.

    Attributes:
        name: one of `NAMES`.
        value: its size in the norm `norm`, or kappa of `cw`, the lead in logits that the wrong class shall have; None
            for attacks that take no number, for `cw` of kappa 0 and for `noise` of each example's own minimal norm.
    """

    name: str
    value: float | None = None

    def __post_init__(self) -> None:
        form = entry(self.name, _FORMS, "attack")
        if self.value is None:
            if form.number and not form.optional:
                raise ConfigError(
                    f"attack {self.name!r} needs a {form.number}, for example {self.name}:{_example(form)}"
                )
            return
        if not form.number:
            raise ConfigError(f"attack {self.name!r} takes no number, got {self.value:g}")
        _require_number(self.name, form, self.value)

    @classmethod
    def parse(cls, text: str) -> "AttackSpec":
        """The attack that the command line's form names.

        >>> AttackSpec.parse("pgd-l2:1.50"), str(AttackSpec.parse("cw:0"))
        (AttackSpec(name='pgd-l2', value=1.5), 'cw')

        Raises:
            ConfigError: there is no such attack, or its number is missing, no number, or out of its range.
        """
        name, colon, number = text.strip().partition(":")
        entry(name, _FORMS, "attack")
        if not colon:
            return cls(name=name)
        try:
            value = float(number)
        except ValueError:
            raise ConfigError(f"attack {text!r}: expected a number after the colon, got {number!r}") from None
        return cls(name=name, value=None if name == "cw" and value == 0 else value)

    @property
    def family(self) -> str:
        """One of `FAMILIES`; numbers of different families are never averaged."""
        return "confident" if self.name == "cw" and self.value is not None else _FORMS[self.name].family

    @property
    def norm(self) -> str:
        """Norm of the attack's size: `l2`, `linf`, or nothing."""
        return _FORMS[self.name].norm

    @property
    def needs_labels(self) -> bool:
        """Whether the attack itself, and not only its judgement, takes the true classes."""
        return self.family not in ("radial", "control")

    @property
    def needs_norms(self) -> bool:
        """Whether it takes the norms that a minimal attack found."""
        return self.name == "noise" and self.value is None

    @property
    def label(self) -> str:
        """Name in tables and figures.

        >>> [AttackSpec.parse(text).label for text in ("ddn", "cw:5", "radial-linf:0.1", "noise")]
        ['DDN', 'C&W kappa 5', 'radial Linf 0.1', 'noise of the minimal norm']
        """
        form = _FORMS[self.name]
        if self.needs_norms:
            return f"{form.label} of the minimal norm"
        word = f"{form.number} " if self.name == "cw" else ""
        return form.label if self.value is None else f"{form.label} {word}{self.value:g}"

    def __str__(self) -> str:
        """The form of the command line; `parse` gives the same attack back."""
        return self.name if self.value is None else f"{self.name}:{self.value:.12g}"


@dataclass(frozen=True, kw_only=True)
class GivenImages:
    """Adversarial images that someone else made, in any way: what takes the place of an attack in tables.

    Attributes:
        name: what they are called.
    """

    name: str
    family: ClassVar[str] = "given"

    @property
    def label(self) -> str:
        """Name in tables and figures."""
        return self.name

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long the attacks search.

    A short search overstates minimal norms and understates success rates.

    Attributes:
        ddn_steps: steps of DDN.
        deepfool_steps: most steps of DeepFool.
        cw_steps: steps for each of C&W's constants.
        cw_searches: constants that C&W tries, one after another.
        pgd_steps: steps of every projected gradient descent: PGD, the radial and the adaptive attack.
    """

    ddn_steps: int = 100
    deepfool_steps: int = 50
    cw_steps: int = 200
    cw_searches: int = 6
    pgd_steps: int = 40

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ConfigError(f"{field.name} must be at least 1, got {getattr(self, field.name)}")


DEFAULT_EFFORT = Effort()
EFFORTS = {
    "quick": Effort(ddn_steps=30, deepfool_steps=20, cw_steps=50, cw_searches=3, pgd_steps=10),
    "full": DEFAULT_EFFORT,
}
"""By the name that a command takes."""


def parse_attacks(texts: Iterable[str]) -> tuple[AttackSpec, ...]:
    """Several attacks in the order given.

    Raises:
        ConfigError: one is malformed, or given twice, in whatever spelling.
    """
    specs = tuple(AttackSpec.parse(text) for text in texts)
    for place, spec in enumerate(specs):
        if spec in specs[:place]:
            raise ConfigError(f"attack {str(spec)!r} is given twice")
    return specs


def forms() -> Iterator[tuple[str, str, str]]:
    """Of every attack: how it is written, its family, and what the number after the colon is.

    >>> dict((form[0], form[1:]) for form in forms())["fgsm:0.1"]
    ('fixed budget', 'size in Linf, above 0 and at most 1')
    """
    for name, form in _FORMS.items():
        if form.optional or not form.number:
            yield name, form.family, _WITHOUT.get(name, "none")
        if form.number:
            written = f"{name}:{_example(form)}"
            size = f"size in {form.norm.capitalize()}" if form.number == "size" else form.number
            yield written, AttackSpec.parse(written).family, f"{size}, {_bound(form)}"


def _require_number(name: str, form: _Form, value: float) -> None:
    most = 1 if form.norm == "linf" else math.inf  # images lie in [0, 1]
    if not (0 < value <= most and math.isfinite(value)):
        raise ConfigError(f"attack {name!r}: {form.number} must be {_bound(form)}, got {value:g}")


def _bound(form: _Form) -> str:
    return "above 0 and at most 1" if form.norm == "linf" else "above 0"


def _example(form: _Form) -> str:
    return "0.1" if form.norm == "linf" else "1.5"
