"""The chart of the radial attack: its success beside that of an attack that knows the labels, and of noise."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gausslab.errors import GausslabError
from gausslab.plotting.adversarial.grids import draw_line, handle, head, leave_empty, panels_of, shifts, title_row
from gausslab.plotting.adversarial.rows import Block, blocks, checked, counted, one_each
from gausslab.plotting.panels import interval_told, seeds_told, write_caption
from gausslab.plotting.placing import Placing, draw_factor_axis
from gausslab.plotting.selection import varying
from gausslab.plotting.series import STYLES
from gausslab.plotting.theme import themed

KINDS = {"radial": "radial", "pgd": "PGD with labels", "noise": "noise"}
"""First part of an attack's name -> what its line is called."""

NORMS = {"linf": "Linf", "l2": "L2"}
_NEEDED = ("data", "net", "bottleneck", "norm", "seed", "layers", "spec", "budget_norm", "budget")
_NUMBERS = ("attempted", "success_rate", "low", "high")
_KEYS = ("data", "net", "seed", "layers", "spec", "budget_norm", "budget")


def radial_success(results: pd.DataFrame) -> Figure:
    """Share of successful attacks against the budget: a panel a network, a row of panels a data set and norm.

    How it can mislead: networks differ in how easily any attack succeeds, so that the radial attack's success is to be
    read beside the line of PGD of the same panel, not across panels alone.

    Args:
        results: a row a network, attack and budget.

    Raises:
        GausslabError: columns are missing, the table has no radial attack, or two rows of one network and attack.
    """
    table = _with_kind(checked(results, [*_NEEDED, *_NUMBERS], "the table of radial attacks"))
    rows, nets = blocks(table, ("data", "budget_norm")), [str(net) for net in table["net"].unique()]
    lines = _lines(table)
    with themed():
        figure, grid = panels_of(len(rows), len(nets), 1.35, "all")
        for line, block in zip(grid, rows, strict=True):
            title_row(line, _named(block.label), nets)
            _draw_row(line, block, nets, lines)
        handles = [handle(name, *style) for name, style in zip(lines, STYLES, strict=False)]
        head(figure, "Success of attacks with and without labels", handles)
        write_caption(figure, _caption(table))
    return figure


def _with_kind(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that have a budget, with the name of their line: kind of attack, and layers where these vary."""
    kind = table["spec"].str.partition("-")[0].str.partition(":")[0]
    targeted = table["spec"].str.contains("targeted", regex=False)
    rows = table.assign(kind=kind, layers=table["layers"].astype(object).fillna("").astype(str))[
        kind.isin(list(KINDS)) & ~targeted & table["budget"].notna()
    ]
    radial = rows[rows["kind"] == "radial"]
    if radial.empty:
        raise GausslabError(f"the table has no radial attack, only {', '.join(map(str, table['spec'].unique()))}")
    names, several = rows["kind"].map(KINDS), bool(varying(radial, ["layers"]))
    told = (rows["kind"] != "pgd") & (rows["layers"] != "") & several
    return rows.assign(line=names.where(~told, names + " (" + rows["layers"] + ")"))


def _lines(table: pd.DataFrame) -> list[str]:
    """Names of the lines, radial ones first."""
    names = list(dict.fromkeys(table.sort_values("kind", key=lambda kind: kind.map(list(KINDS).index))["line"]))
    if len(names) > len(STYLES):
        raise GausslabError(f"expected at most {len(STYLES)} lines, got {len(names)}")
    return names


def _named(label: str) -> str:
    for name, said in NORMS.items():
        label = label.replace(name, said)
    return label


def _draw_row(panels: Sequence[Axes], block: Block, nets: Sequence[str], lines: Sequence[str]) -> None:
    placing = Placing(tuple(sorted(set(block.rows["budget"].astype(float)))), True)
    norm = ", ".join(NORMS.get(str(each), str(each)) for each in block.rows["budget_norm"].unique())
    for axes, net in zip(panels, nets, strict=True):
        rows = block.rows[block.rows["net"] == net]
        if rows.empty:
            leave_empty(axes)
            continue
        _draw(axes, one_each(rows.assign(value=rows["success_rate"].astype(float)), _KEYS), placing, lines)
        axes.set_xlabel(f"budget ({norm})")
    panels[0].set_ylabel("success rate")


def _draw(axes: Axes, rows: pd.DataFrame, placing: Placing, lines: Sequence[str]) -> None:
    draw_factor_axis(axes, placing, "budget")
    axes.set_ylim(-0.02, 1.03)
    for line, shift, style in zip(lines, shifts(len(lines), placing), STYLES, strict=False):
        part = rows[(rows["line"] == line) & rows["value"].notna()]
        if len(part):
            draw_line(axes, part, placing, shift, style, line)


def _caption(table: pd.DataFrame) -> list[str]:
    several = varying(table, ["seed"])
    return [
        f"{', '.join(map(str, table['data'].unique()))}; {seeds_told(table)}; {counted(table['attempted'])} images "
        "attempted a network, those that it has right.",
        "; ".join(_built(*built) for built in table[["net", "bottleneck", "norm"]].drop_duplicates().to_numpy()) + ".",
        *_lines_told(table),
        interval_told(table) if several else "Bars: 95 % interval over the images of the one seed.",
    ]


def _lines_told(table: pd.DataFrame) -> list[str]:
    """Whether layers tell lines apart, and what noise without a size of its own is."""
    layers = varying(table[table["kind"] == "radial"], ["layers"])
    return [
        *(["In brackets: the layers whose latents are turned."] if layers else []),
        *(["Noise: as long as what the radial attack adds."] if "noise" in set(table["spec"]) else []),
    ]


def _built(net: str, bottleneck: str, norm: str) -> str:
    return f"{net}: bottleneck {bottleneck}, hidden layers {norm}"
