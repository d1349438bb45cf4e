import matplotlib
import pytest
from plotting.made import probe, sweep

from gausslab.errors import GausslabError
from gausslab.plotting import layer_profile, save, width_trend
from gausslab.plotting.theme import PAGE


@pytest.mark.parametrize("draw", [lambda: width_trend(sweep()), lambda: layer_profile(probe(["a", "b"]))])
def test_a_redraw_is_byte_equal(draw, tmp_path):
    first, second = save(draw(), tmp_path / "a"), save(draw(), tmp_path / "b.c")
    assert [p.name for p in (*first, *second)] == ["a.pdf", "a.png", "b.c.pdf", "b.c.png"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_saving_twice_gives_the_same_bytes(tmp_path):
    figure = width_trend(sweep(widths=(8, 16)))
    first = [p.read_bytes() for p in save(figure, tmp_path / "a")]
    assert [p.read_bytes() for p in save(figure, tmp_path / "a")] == first


def test_files_name_neither_date_nor_program(tmp_path):
    pdf, png = save(width_trend(sweep(widths=(8,))), tmp_path / "a")
    assert b"CreationDate" not in pdf.read_bytes()
    for content in (pdf.read_bytes(), png.read_bytes()):
        assert b"Matplotlib v" not in content and b"matplotlib.org" not in content


def test_the_users_settings_neither_show_nor_change(tmp_path):
    plain = save(width_trend(sweep()), tmp_path / "plain")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9, "savefig.dpi": 10}):
        before = dict(matplotlib.rcParams)
        styled = save(width_trend(sweep()), tmp_path / "styled")
        assert dict(matplotlib.rcParams) == before
    assert [p.read_bytes() for p in plain] == [p.read_bytes() for p in styled]


@pytest.mark.parametrize("figure", [width_trend(sweep()), layer_profile(probe(["layer"] * 1))])
def test_figures_fit_the_page_and_are_legible(figure):
    figure.draw_without_rendering()
    assert figure.get_figwidth() == PAGE
    texts = [t for t in figure.findobj(matplotlib.text.Text) if t.get_text() and t.get_visible()]
    assert min(t.get_fontsize() for t in texts) >= 6
    assert figure.get_tightbbox().x1 <= PAGE + 0.02 and figure.get_tightbbox().x0 >= -0.02


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GausslabError, match=r"^cannot write the figure .*file/a\.pdf: "):
        save(width_trend(sweep(widths=(8,))), tmp_path / "file" / "a")
