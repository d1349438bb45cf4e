import numpy as np
import pytest
from plotting.made_pictures import grid, noise, put, put_row

from gausslab.errors import GausslabError
from gausslab.plotting import gallery, save
from gausslab.presets import ROWS

HEADS = ["Reconstructions", "Samples from N(0, I)", "Samples from a mixture", "Interpolation"]
SIDE = 4


def cut(images, number=6):
    """The first images of the first row with the gaps around them, as drawn."""
    return (grid(images)[: SIDE + 4, : number * (SIDE + 2) + 2] / 255).astype(np.float32)


def cells(figure):
    """Line by line, what is drawn at each of the columns' left ends; None where nothing is."""
    places = {(round(axes.get_position().y1, 6), round(axes.get_position().x0, 6)): axes for axes in figure.axes}
    lines, lefts = sorted({y for y, _ in places}, reverse=True), sorted({x for _, x in places})
    return [[places[y, x].images[0].get_array() if (y, x) in places else None for x in lefts] for y in lines]


def texts(figure):
    return [text.get_text().replace("\n", " ") for text in figure.texts if text is not figure._supxlabel]


def caption(figure):
    return figure.get_supxlabel().replace("-\n", "-").replace("\n", " ")


def test_a_line_a_row_in_the_tables_order_under_the_test_images(tmp_path):
    put_row(tmp_path / "eae", seed=2)
    put_row(tmp_path / "cv-vae", seed=1)
    (tmp_path / "notes").mkdir()
    figure = gallery(tmp_path, ["Made images."])
    assert texts(figure) == [*HEADS, "Test images", "CV-VAE", "EAE"]
    truth, first, second = cells(figure)
    assert np.array_equal(truth[0], cut(noise(8))) and truth[1:] == [None] * 3
    for seed, line in ((1, first), (2, second)):
        expected = [noise(8, seed=seed), noise(24, seed=seed + 200), noise(24, seed=seed + 201)]
        assert all(np.array_equal(a, cut(b)) for a, b in zip(line, expected, strict=False))
        assert np.array_equal(line[3], cut(noise(16, seed=seed + 100), number=8))
    assert caption(figure).startswith("Made images. The first images of each kind, none chosen;")


def test_what_a_row_lacks_stays_blank_and_empty_rows_are_left_out(tmp_path):
    put_row(tmp_path / "vae")
    put_row(tmp_path / "ae")
    for name in ("reconstructions", "samples-gmm"):
        (tmp_path / "ae" / f"{name}.png").unlink()
    (tmp_path / "rae").mkdir()
    figure = gallery(tmp_path, [])
    assert texts(figure)[4:] == ["Test images", "VAE", "AE"]
    assert [part is None for part in cells(figure)[2]] == [True, False, True, False]


def test_without_any_reconstruction_there_is_no_line_of_test_images(tmp_path):
    put(tmp_path / "vae" / "samples-isotropic.png", noise(8))
    figure = gallery(tmp_path, [])
    assert texts(figure)[4:] == ["VAE"] and len(figure.axes) == 1


def test_rows_with_laws_of_their_own_show_these_and_the_caption_says_so(tmp_path):
    put_row(tmp_path / "2svae", samplers=("second-stage",), seed=1)
    put_row(tmp_path / "2svae-dai-wipf", samplers=("second-stage-dai-wipf",), seed=2)
    put_row(tmp_path / "eae-l1", samplers=("laplace", "gmm"), seed=3)
    figure = gallery(tmp_path, [])
    _, two_stage, laplace, dai_wipf = cells(figure)
    assert two_stage[1] is None and np.array_equal(two_stage[2], cut(noise(24, seed=201)))
    assert dai_wipf[1] is None and np.array_equal(dai_wipf[2], cut(noise(24, seed=202)))
    assert np.array_equal(laplace[1], cut(noise(24, seed=203)))
    assert np.array_equal(laplace[2], cut(noise(24, seed=204)))
    assert "2SVAE, 2SVAE (Dai-Wipf): samples of the second stage in place of a mixture's;" in caption(figure)
    assert "EAE (L1, Laplace): samples from Laplace's law in place of N(0, I)." in caption(figure)


def test_the_caption_speaks_of_no_other_law_where_none_is_shown(tmp_path):
    put_row(tmp_path / "eae")
    assert "in place of" not in caption(gallery(tmp_path, []))


@pytest.mark.parametrize("side", [32, 64])
def test_all_rows_fit_on_a_page_and_no_text_runs_into_another(side, tmp_path):
    for row in ROWS:
        put(tmp_path / row / "interpolations.png", noise(8, side))
        put(tmp_path / row / "reconstructions.png", noise(16, side))
    put(tmp_path / "eae" / "samples-isotropic.png", noise(8, side))
    put(tmp_path / "eae" / "samples-gmm.png", noise(8, side))
    figure = gallery(tmp_path, ["A sentence of some words."] * 6)
    figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    assert 6.4 < width <= 6.75 and height < 7.5
    boxes = np.array([item.get_window_extent().extents for item in (*figure.texts, *figure.axes)]) / figure.dpi
    assert boxes.min() >= 0 and (boxes.max(axis=0)[2:] <= (width, height)).all()
    left, bottom, right, top = np.add(boxes.T, [[0.001], [0.001], [-0.001], [-0.001]])  # grids may touch, not overlap
    over = (left[:, None] < right) & (left < right[:, None]) & (bottom[:, None] < top) & (bottom < top[:, None])
    assert np.array_equal(over, np.eye(len(boxes), dtype=bool))


def test_a_redraw_gives_the_same_bytes(tmp_path):
    put_row(tmp_path / "vae")
    first, second = ([path.read_bytes() for path in save(gallery(tmp_path, []), tmp_path / name)] for name in "ab")
    assert first == second


def test_folders_without_pictures(tmp_path):
    (tmp_path / "eae").mkdir()
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(GausslabError, match=f"^no pictures of any row of the comparison in {folder}$"):
            gallery(folder, [])


def test_rows_that_reconstruct_other_images_are_told(tmp_path):
    put_row(tmp_path / "vae")
    put(tmp_path / "ae" / "reconstructions.png", noise(16, seed=9))
    with pytest.raises(GausslabError, match=r"same test images in all rows, .* of .*ae/recon.* and .*vae/.* differ"):
        gallery(tmp_path, [])


def test_images_of_several_sizes_are_told(tmp_path):
    put_row(tmp_path / "vae")
    put(tmp_path / "ae" / "samples-gmm.png", noise(16, side=6))
    with pytest.raises(GausslabError, match="expected images of one size, got sides of 4 and 6 pixels"):
        gallery(tmp_path, [])


def test_the_file_that_is_at_fault_is_named(tmp_path):
    put(tmp_path / "vae" / "reconstructions.png", noise(8))
    with pytest.raises(GausslabError, match=r"^cannot show .*vae/reconstructions\.png: .* 2 rows of images, got 1$"):
        gallery(tmp_path, [])
    (tmp_path / "vae" / "reconstructions.png").write_text("no picture")
    with pytest.raises(GausslabError, match=r"^cannot .*vae/reconstructions\.png: .*"):
        gallery(tmp_path, [])
