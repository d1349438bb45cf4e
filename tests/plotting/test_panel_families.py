import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color
from plotting.made_panels import SPREADS, classifier_panels

from gausslab.errors import GausslabError
from gausslab.families import FAMILIES, NEAR, REPRESENTATIVES
from gausslab.plotting import save
from gausslab.plotting.panel_families import panel_families
from gausslab.plotting.theme import NULL_BAND, PAGE

TABLE = classifier_panels()


@pytest.fixture(scope="module")
def figure():
    return panel_families(TABLE)


def lines(axes, gid):
    return [line for line in axes.get_lines() if line.get_gid() == gid]


def caption(figure):
    return figure.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize(
    ("panel", "data", "family"),
    [(i, d, f) for i, (d, f) in enumerate((d, f) for d in ("mnist", "cifar10") for f in FAMILIES)],
)
def test_what_is_drawn_is_what_the_table_says(figure, panel, data, family):
    rows = TABLE[(TABLE.data == data) & (TABLE.statistic == REPRESENTATIVES[family]) & (TABLE.epochs == 5)]
    means = rows.groupby(["depth", "head_depth", "width"])["excess"].mean()
    drawn = np.concatenate([line.get_ydata() for line in lines(figure.axes[panel], "means")])
    assert drawn == pytest.approx(means.to_numpy(), rel=1e-12)


def test_the_null_and_the_limits_are_drawn_in_every_panel(figure):
    for axes, family in zip(figure.axes, FAMILIES * 2, strict=True):
        (band,) = (each for each in axes.collections if isinstance(each, PolyCollection))
        assert same_color(band.get_facecolor()[0], NULL_BAND)
        assert band.get_datalim(axes.transData).y1 == pytest.approx(2 * SPREADS[family], rel=1e-6)
        assert sorted(line.get_ydata()[0] for line in lines(axes, "near")) == [-NEAR[family], NEAR[family]]


def test_untrained_and_long_trained_nets_stand_beside(figure):
    rows = TABLE[(TABLE.data == "mnist") & (TABLE.statistic == "negentropy")]
    wanted = [rows[rows.epochs == epochs]["excess"].mean() for epochs in (0, 15)]
    assert [line.get_ydata()[0] for line in lines(figure.axes[0], "beside")] == pytest.approx(wanted)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [f"depth {d}, head depth {h}" for d in (3, 6) for h in (1, 3)] + [
        "untrained",
        "trained longer (15 epochs)",
    ]


def test_the_caption_says_what_panels_and_band_are(figure):
    text = caption(figure)
    assert "n = 2,000 test images, 5 epochs of training, seeds 0, 1, 2" in text
    assert "95 % t interval over seeds" in text and "± 2 SD of Gaussian samples" in text
    assert figure.get_figwidth() == PAGE


def test_one_data_set_and_a_plain_grid(tmp_path):
    plain = TABLE[(TABLE.epochs == 5) & (TABLE.depth == 3) & (TABLE.head_depth == 1)]
    figure = panel_families(plain, "cifar10")
    assert len(figure.axes) == 4 and not figure.legends
    assert figure.axes[0].get_title(loc="left").endswith("single units")
    assert not lines(figure.axes[0], "beside")


def test_numbers_of_many_sizes_stand_on_a_broken_scale():
    rows = TABLE["width"].eq(64)
    figure = panel_families(TABLE.assign(excess=TABLE["excess"].where(~rows, TABLE["excess"] * 100)))
    assert figure.axes[1].get_yscale() == "symlog"
    assert "logarithmic beyond" in caption(figure) and "logarithmic beyond" not in caption(panel_families(TABLE))


def test_a_family_without_numbers_says_so():
    absent = TABLE.assign(excess=TABLE["excess"].where(TABLE["family"] != "joint"))
    axes = panel_families(absent, "mnist").axes[2]
    assert [text.get_text() for text in axes.texts] == ["not measured"]


def test_tables_that_cannot_be_drawn():
    with pytest.raises(GausslabError, match=r"got one without head_depth$"):
        panel_families(TABLE.drop(columns="head_depth"))
    with pytest.raises(GausslabError, match=r"^the table has no rows about 'celeba'"):
        panel_families(TABLE, "celeba")
    third = pd.concat([TABLE, TABLE[TABLE.data == "mnist"].assign(data="fashion-mnist")])
    with pytest.raises(GausslabError, match=r"^expected at most 2 data sets, got 3: draw one at a time$"):
        panel_families(third)


def test_the_same_table_gives_the_same_bytes(tmp_path):
    small = TABLE[(TABLE.data == "mnist") & (TABLE.width < 32) & (TABLE.depth == 3)]
    written = [[path.read_bytes() for path in save(panel_families(small), tmp_path / name)] for name in ("a", "b")]
    assert written[0] == written[1]


def test_the_script_draws_a_table_of_the_study(tmp_path, monkeypatch, capsys):
    TABLE[(TABLE.data == "mnist") & (TABLE.depth == 3)].to_csv(tmp_path / "results.csv", index=False)
    arguments = [
        "classifier_gaussianity.py",
        str(tmp_path / "results.csv"),
        "--data",
        "mnist",
        "--out",
        str(tmp_path / "drawn"),
    ]
    monkeypatch.setattr("sys.argv", arguments)
    runpy.run_path(str(Path(__file__).parents[2] / "figures" / "classifier_gaussianity.py"), run_name="__main__")
    assert capsys.readouterr().out.split() == [str(tmp_path / f"drawn.{kind}") for kind in ("pdf", "png")]
    assert (tmp_path / "drawn.png").stat().st_size > 1000
