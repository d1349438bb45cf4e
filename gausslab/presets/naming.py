"""Labels of a comparison's rows: the row's name, and behind a blank what its variant sets."""

from gausslab.presets.rows import ROWS


def label_parts(label: str) -> tuple[str, str]:
    """Name and variant.

    >>> label_parts("eae batch 50, neighbours 2"), label_parts("vae")
    (('eae', 'batch 50, neighbours 2'), ('vae', ''))
    """
    base, _, variant = label.partition(" ")
    return base, variant


def base_of(label: str) -> str:
    """The row without what its variant sets."""
    return label_parts(label)[0]


def title_of(base: str) -> str:
    """What a row is called.

    >>> title_of("bn-ae"), title_of("mine")
    ('EAE, no entropy', 'mine')
    """
    return ROWS[base].title if base in ROWS else base
