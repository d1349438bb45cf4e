"""Which kind of method a row of a comparison is, and how points of a kind are drawn."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from gausslab.plotting.theme import BLUE, GREEN, ORANGE, PURPLE, QUIET, VERMILION
from gausslab.presets import base_of


@dataclass(frozen=True)
class Kind:
    """Rows that are drawn alike.

    Attributes:
        label: in the legend.
        rows: patterns of their names, `*` for anything.
        color: of marks.
        marker: of marks, so that colours are never needed to tell the kinds apart.
    """

    label: str
    rows: tuple[str, ...]
    color: str
    marker: str


OTHER = Kind("other", ("*",), QUIET, "X")
KINDS = (
    Kind("variational", ("vae", "cv-vae", "beta-vae", "info-vae", "2svae", "2svae-*"), BLUE, "o"),
    Kind("WAE", ("wae", "wae-*"), GREEN, "^"),
    Kind("RAE and AE", ("rae", "rae-*", "ae", "ae-*"), PURPLE, "s"),
    Kind("EAE", ("eae", "eae-*", "bn-ae"), VERMILION, "D"),
    Kind("other Gaussian regularisers", ("sigreg", "free-energy"), ORANGE, "v"),
    OTHER,
)
"""In the legend's order; a name belongs to the first kind with a pattern of it."""


def kind_of(row: str) -> Kind:
    """By the first word of a row's label: the others say what its variant sets.

    >>> kind_of("eae weight 0.05").label, kind_of("2svae-dai-wipf").label, kind_of("mine").label
    ('EAE', 'variational', 'other')
    """
    name = base_of(row)
    return next(kind for kind in KINDS if any(fnmatchcase(name, pattern) for pattern in kind.rows))
