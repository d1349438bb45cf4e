"""The Pareto plot from a made table: points where the table says, and the front that nothing beats."""

import numpy as np
import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.plotting import save
from gausslab.plotting.kinds import KINDS
from gausslab.plotting.pareto import pareto
from gausslab.plotting.theme import INK, PAGE
from gausslab.presets import ROWS

SHARED = {
    "data": "mnist", "width": 16, "channels": 8, "depth": 4, "estimator": "frechet_distance", "extractor": "classifier",
    "null_mean": 0.5, "n_samples": 1000,
}  # fmt: skip


def made(values, seeds=(0, 1)):
    """values: row -> (reconstruction, {sampler: samples})."""
    rows = []
    for row, (reconstruction, samples) in values.items():
        for seed in seeds:
            own = SHARED | {"row": row, "seed": seed}
            rows.append(own | {"statistic": "reconstructions", "sampler": "", "value": reconstruction + 0.1 * seed})
            rows += [own | {"statistic": "samples", "sampler": name, "value": v} for name, v in samples.items()]
    return pd.DataFrame(rows)


TABLE = made({
    "vae": (4.0, {"isotropic": 9.0, "gmm": 8.0}),
    "rae": (2.0, {"isotropic": 50.0, "gmm": 6.0}),
    "eae": (1.0, {"isotropic": 7.0, "gmm": 7.0}),
})  # fmt: skip
COMMON = [name for name in ROWS if name not in ("2svae", "2svae-dai-wipf", "eae-l1")]


def many(seed=0):
    """As a real comparison: three samplers that most rows have, three that one row each has."""
    generator = np.random.default_rng(seed)
    common = {
        name: (float(np.exp(generator.normal() / 3)), {
            "isotropic": float(np.exp(2 + generator.normal())), "mvg": float(generator.uniform(5, 6)),
            "gmm": float(generator.uniform(1, 2)),
        })
        for name in COMMON
    }  # fmt: skip
    own = {
        "2svae": (0.6, {"second-stage": 5.2}),
        "eae-l1": (0.5, {"laplace": 4.6}),
        "2svae-dai-wipf": (2.2, {"second-stage-dai-wipf": 4.0}),
    }
    return made(common | own, seeds=(0,))


MANY = many()


@pytest.fixture(scope="module")
def small():
    return pareto(TABLE)


@pytest.fixture(scope="module")
def large():
    return pareto(MANY)


def panels(figure):
    """Panels by their titles, without the letter."""
    return {axes.get_title("left").split("  ")[1]: axes for axes in figure.axes}


def drawn(axes, gid):
    """All points of a sort, whatever their kind."""
    return sorted(tuple(point) for line in axes.get_lines() if line.get_gid() == gid for point in line.get_xydata())


def names(axes):
    return [text.get_text() for text in axes.texts if text.get_gid() == "note"]


def scores(table, sampler):
    """Row -> means of both scores, by a plain loop; for tables with the one kind of reconstructions."""
    rows = table[table["sampler"] == sampler]["row"].unique()
    of = {row: table[table["row"] == row] for row in rows}
    return {
        row: (float(np.mean(part[part["statistic"] == "reconstructions"]["value"])),
              float(np.mean(part[(part["statistic"] == "samples") & (part["sampler"] == sampler)]["value"])))
        for row, part in of.items()
    }  # fmt: skip


def unbeaten(points):
    """From the best reconstruction on, each time the samples are better than all before."""
    found, best = [], np.inf
    for row, (_, sample) in sorted(points.items(), key=lambda item: item[1]):
        if sample < best:
            found, best = [*found, row], sample
    return found


def test_points_are_means_over_seeds_of_reconstructions_and_samples(small):
    found = panels(small)
    assert list(found) == ["isotropic", "gmm"]
    np.testing.assert_allclose(drawn(found["gmm"], "means"), [(1.05, 7), (2.05, 6), (4.05, 8)])
    np.testing.assert_allclose(drawn(found["gmm"], "seeds"), [(1, 7), (1.1, 7), (2, 6), (2.1, 6), (4, 8), (4.1, 8)])
    np.testing.assert_allclose(drawn(found["isotropic"], "means"), [(1.05, 7), (2.05, 50), (4.05, 9)])


def test_the_front_of_a_panel_is_what_none_of_its_rows_beats_in_both(small):
    found = panels(small)
    for title, corners in (("isotropic", [(1.05, 7)]), ("gmm", [(1.05, 7), (2.05, 7), (2.05, 6)])):
        axes = found[title]
        (front,) = (line for line in axes.get_lines() if line.get_gid() == "front")
        ends = [(1.05, axes.get_ylim()[1]), *corners, (axes.get_xlim()[1], corners[-1][1])]
        np.testing.assert_allclose(list(dict.fromkeys(map(tuple, front.get_xydata()))), ends)


def test_the_fronts_names_are_black_and_written_first(large):
    for title, axes in list(panels(large).items())[:3]:
        front = [ROWS[row].title for row in unbeaten(scores(MANY, title))]
        assert [text.get_text() for text in axes.texts if text.get_color() == INK] == front
        assert names(axes)[: len(front)] == front


def test_rows_of_equal_scores_are_both_on_the_front():
    twins = made({"wae": (1.0, {"gmm": 2.0}), "wae-iclr": (1.0, {"gmm": 2.0}), "ae": (3.0, {"gmm": 4.0})})
    (axes,) = pareto(twins).axes
    assert {text.get_text() for text in axes.texts if text.get_color() == INK} == {"WAE-MMD", "WAE-MMD (ICLR)"}


def test_names_keep_apart_and_inside(large):
    for axes in large.axes:
        # letters that hang lower take room that the boxes of neighbours may share
        boxes = [text.get_window_extent().expanded(0.98, 0.66) for text in axes.texts]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
        frame = axes.get_window_extent()
        assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
        assert all(frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)
        assert len(boxes) > 2


def test_samplers_of_few_rows_share_a_panel_and_are_named(large):
    found = panels(large)
    assert list(found) == ["isotropic", "mvg", "gmm", "own density"]
    assert set(names(found["own density"])) == {
        "2SVAE: second-stage", "EAE (L1, Laplace): laplace", "2SVAE (Dai-Wipf): second-stage-dai-wipf",
    }  # fmt: skip
    np.testing.assert_allclose(drawn(found["own density"], "means"), [(0.5, 4.6), (0.6, 5.2), (2.2, 4.0)])


def test_the_one_sampler_of_few_rows_keeps_its_name():
    table = made({"ae": (1.0, {"gmm": 2.0}), "rae": (2.0, {"gmm": 3.0}), "2svae": (3.0, {"second-stage": 4.0})})
    found = panels(pareto(table))
    assert list(found) == ["gmm", "second-stage"]
    assert names(found["second-stage"]) == ["2SVAE"]


def test_one_horizontal_range_and_each_panel_its_vertical_one(large):
    assert large.get_size_inches().tolist() == [PAGE, 5.5]
    found = panels(large)
    assert len({axes.get_xlim() for axes in large.axes}) == 1
    assert {axes.get_xscale() for axes in large.axes} == {"log"}
    assert (found["isotropic"].get_yscale(), found["mvg"].get_yscale()) == ("log", "linear")
    assert found["mvg"].get_ylim()[0] > 4
    assert found["gmm"].get_ylim()[1] < 2.5


def test_rows_far_beyond_the_others_stand_open_at_the_edge_with_their_scores(large):
    figure = pareto(pd.concat([MANY, made({"mine": (60.0, {"mvg": 70.0})}, seeds=(0,))]))
    axes = panels(figure)["mvg"]
    (place,) = drawn(axes, "far")
    (x, y), (left, bottom, right, top) = axes.transData.transform(place), axes.get_window_extent().extents
    assert 0.93 < (x - left) / (right - left) < 1 > (y - bottom) / (top - bottom) > 0.93
    assert axes.get_xlim()[1] < 10 > axes.get_ylim()[1]
    assert "mine at 60, 70" in names(axes)
    assert "Open marks at an edge: rows far beyond it" in figure.get_supxlabel().replace("\n", " ")
    assert "Open marks" not in large.get_supxlabel()


def test_a_far_row_on_a_front_is_no_exception():
    best = made({"mine": (60.0, {"mvg": 0.1})}, seeds=(0,))
    axes = panels(pareto(pd.concat([MANY, best])))["mvg"]
    assert not drawn(axes, "far")
    assert drawn(axes, "means")[-1] == (60.0, 0.1)


def test_kinds_are_told_by_color_and_marker_in_one_legend(large):
    (legend,) = large.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == [*(kind.label for kind in KINDS if kind.label != "other"), "front: none better in both"]
    found = scores(MANY, "gmm")
    for label, rows in (("WAE", ["wae", "wae-iclr"]), (KINDS[4].label, ["sigreg", "free-energy"])):
        (kind,) = (kind for kind in KINDS if kind.label == label)
        (line,) = (
            line for line in panels(large)["gmm"].get_lines()
            if line.get_gid() == "means" and (line.get_color(), line.get_marker()) == (kind.color, kind.marker)
        )  # fmt: skip
        np.testing.assert_allclose(sorted(line.get_xydata().tolist()), sorted(list(found[row]) for row in rows))


def test_the_caption_tells_data_scale_images_seeds_and_what_real_images_score(small, large):
    told = small.get_supxlabel().replace("\n", " ")
    assert told.startswith(
        "Data: mnist (width 16, channels 8, depth 4). 1,000 images a score, seeds 0, 1; as many real images score 0.5. "
        "Large marks: means over seeds; small marks: seeds."
    )
    assert "Own density" not in told
    assert "Marks: the one seed." in large.get_supxlabel().replace("\n", " ")
    assert small.axes[0].get_xlabel() == "FD(classifier) of reconstructions"
    assert [axes.get_ylabel() for axes in small.axes] == ["FD(classifier) of samples", ""]


def test_a_rows_own_second_stage_decides_its_reconstruction():
    own = made({"2svae": (3.0, {"second-stage": 5.0})})
    through = own[own["statistic"] == "reconstructions"].assign(sampler="second-stage", value=9.0)
    found = panels(pareto(pd.concat([own, through])))
    np.testing.assert_allclose(drawn(found["second-stage"], "means"), [(9, 5)])


def test_a_redraw_gives_the_same_bytes(tmp_path):
    first, second = (save(pareto(TABLE), tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_table_without_scores_is_refused():
    with pytest.raises(GausslabError, match="no row with both samples and reconstructions scored"):
        pareto(TABLE[TABLE["statistic"] == "samples"])
