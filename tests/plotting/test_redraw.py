import numpy as np
import pytest
from matplotlib.image import imsave
from plotting.made import probe, sweep

from gausslab import tables
from gausslab.errors import GausslabError
from gausslab.plotting.redraw import numbered_grids, redraw, redraw_all, sample_grids


def put_grid(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, np.zeros((4, 4)), cmap="gray", vmin=0, vmax=1)


@pytest.fixture
def swept(tmp_path):
    """A sweep's folder whose run of width 8 and seed 0 has no grid."""
    frame = sweep(widths=(8, 16))
    tables.write(frame, tmp_path / "sweep" / "measurements.csv")
    for run in ("ae-w8-s1", "ae-w8-s2", "ae-w16-s0", "ae-w16-s1"):
        put_grid(tmp_path / "sweep" / run / "samples.png")
    return tmp_path / "sweep"


def test_a_sweep_gives_trend_and_samples(swept):
    names = ["width_trend.pdf", "width_trend.png", "width_samples.pdf", "width_samples.png"]
    assert redraw(swept) == [swept / name for name in names]
    before = [(swept / name).read_bytes() for name in names]
    redraw(swept)
    assert [(swept / name).read_bytes() for name in names] == before


def test_samples_are_of_the_lowest_seed_that_has_some(swept):
    grids = sample_grids(tables.read(swept / "measurements.csv"), swept)
    assert {width: path.parent.name for width, path in grids.items()} == {8: "ae-w8-s1", 16: "ae-w16-s0"}


def test_a_sweep_without_grids_gives_the_trend_alone(tmp_path):
    tables.write(sweep(widths=(8,)), tmp_path / "measurements.csv")
    assert [path.name for path in redraw(tmp_path)] == ["width_trend.pdf", "width_trend.png"]


def test_a_sweep_over_more_than_widths_gives_a_figure_for_each(tmp_path):
    both = tables.concat([sweep(widths=(8,)), sweep(widths=(8,), model="eae", channels=16)])
    tables.write(both, tmp_path / "measurements.csv")
    assert {path.stem for path in redraw(tmp_path)} == {"width_trend-ae-channels8", "width_trend-eae-channels16"}


def test_a_probe_gives_layers(tmp_path):
    tables.write(probe(["a", "b"]), tmp_path / "probe.csv")
    assert redraw(tmp_path) == [tmp_path / "layers.pdf", tmp_path / "layers.png"]


def test_all_below_a_folder_without_single_runs_and_foreign_studies(swept, tmp_path):
    run = swept / "ae-w8-s1"
    (run / "config.json").write_text("{}")
    tables.write(sweep(widths=(8,), seeds=(1,)), run / "measurements.csv")
    tables.write(probe(["a"]), tmp_path / "deep" / "er" / "probe.csv")
    (tmp_path / "validity").mkdir()
    (tmp_path / "validity" / "results.csv").write_text("power,size\n1,2\n")
    tables.write(sweep(widths=(8,)), tmp_path / "study" / "results.csv")
    put_grid(tmp_path / "study" / "samples" / "width-8.png")
    folders = {(path.parent.name, path.stem) for path in redraw_all([tmp_path, tmp_path / "absent"])}
    drawn = {("sweep", "width_trend"), ("sweep", "width_samples"), ("er", "layers")}
    assert folders == drawn | {("study", "width_trend"), ("study", "width_samples")}


def test_nothing_to_draw_is_one_line(tmp_path):
    with pytest.raises(GausslabError, match=r"holds none of measurements\.csv of a sweep, probe\.csv of a probe"):
        redraw(tmp_path)
    with pytest.raises(GausslabError, match="no table of a sweep, probe or study in"):
        redraw_all([tmp_path])


def test_an_error_names_the_folder(tmp_path):
    tables.write(probe(["a"]), tmp_path / "measurements.csv")
    with pytest.raises(GausslabError, match=rf"^cannot draw {tmp_path}: .* no row with a width"):
        redraw(tmp_path)


def test_only_numbered_grids_count(tmp_path):
    for name in ("width-8.png", "width-x.png", "width-16.jpg"):
        (tmp_path / name).write_bytes(b"")
    assert numbered_grids(tmp_path) == {8: tmp_path / "width-8.png"}


def test_a_damaged_table_does_not_stop_the_others(tmp_path):
    for name in ("a", "b", "c", "d"):
        tables.write(probe(["x"]), tmp_path / name / "probe.csv")
    for name in ("a", "c"):
        (tmp_path / name / "probe.csv").write_text("damaged")
    drawn = []
    with pytest.raises(GausslabError) as caught:
        redraw_all([tmp_path], drawn.append)
    assert {path.parent.name for path in drawn} == {"b", "d"}
    assert all(f"cannot draw {tmp_path / name}: " in str(caught.value) for name in ("a", "c"))
