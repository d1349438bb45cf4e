"""How every figure looks, and how it is written: the same bytes for the same numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.files import write_atomically

COLUMN = 3.25  # inches, one column of a two-column page
PAGE = 6.75  # inches, both columns

# Okabe and Ito (2008): told apart with every common colour blindness.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
INK, QUIET, NULL_BAND = "#222222", "#6B6B6B", "#DCDCDC"

THEME: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.2,
    "legend.borderaxespad": 0.2,
    "legend.labelspacing": 0.25,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # TrueType: text stays text
}

_NO_METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


@contextmanager
def themed() -> Iterator[None]:
    """Draw in gausslab's theme, whatever the user's settings are, and leave those as they were."""
    with matplotlib.style.context(THEME, after_reset=True):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that belongs to no window and no global list; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write `stem`.pdf and `stem`.png; a figure drawn again from the same numbers gives the same bytes.

    Returns:
        The two paths, PDF first.

    Raises:
        GausslabError: the files cannot be written; what stood there before is untouched.
    """
    _settle(figure)
    pdf, png = (_write(figure, stem, kind) for kind in ("pdf", "png"))
    return pdf, png


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all: a second layout would start from the first and move things a little."""
    with themed():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def _write(figure: Figure, stem: Path, kind: str) -> Path:
    path = stem.with_name(f"{stem.name}.{kind}")
    try:
        write_atomically(path, _rendered(figure, kind))
    except OSError as error:
        raise GausslabError(f"cannot write the figure {path}: {error.strerror or error}") from None
    return path


def _rendered(figure: Figure, kind: str) -> bytes:
    buffer = BytesIO()
    with themed():
        figure.savefig(buffer, format=kind, metadata=_NO_METADATA[kind])
    return buffer.getvalue()
