import numpy as np
import pytest
import torch
from matplotlib.image import imread, imsave
from PIL import Image
from plotting.made_pictures import grid, noise, put

from gausslab.errors import GausslabError
from gausslab.plotting import picture_grids, save, width_samples
from gausslab.plotting.pictures import first_rows, read_grid, side, strip
from gausslab.sampling import write_grid


def titles(figure):
    return [text.get_text() for text in figure.texts]


def shown(figure):
    return [axes.images[0].get_array() for axes in figure.axes]


def test_a_grid_is_read_as_the_samplers_wrote_it(tmp_path):
    images = torch.from_numpy(noise(16, side=5)).permute(0, 3, 1, 2) / 255
    write_grid(images, tmp_path / "grid.png")
    read = read_grid(tmp_path / "grid.png")
    assert np.array_equal((read * 255).round(), grid(noise(16, side=5)))
    assert side(read) == 5


def test_grey_grids_have_three_equal_colours(tmp_path):
    put(tmp_path / "grey.png", noise(8, colours=1))
    read = read_grid(tmp_path / "grey.png")
    assert read.shape == (8, 50, 3)
    assert all(np.array_equal((read[..., c] * 255).round(), grid(noise(8, colours=1))[..., 0]) for c in range(3))


def test_transparency_is_left_out(tmp_path):
    imsave(tmp_path / "rgba.png", grid(noise(8)))
    assert read_grid(tmp_path / "rgba.png").shape == (8, 50, 3)


def test_rows_and_strips_keep_the_gaps_around_their_images():
    images = noise(24)
    whole = grid(images) / 255
    assert np.array_equal(first_rows(whole, 2), grid(images[:16]) / 255)
    assert np.array_equal(first_rows(whole, 9), whole)
    assert np.array_equal(strip(whole, 1, 8), grid(images[8:16]) / 255)
    assert np.array_equal(strip(whole, 2, 3), grid(images[16:])[:, : 3 * 6 + 2] / 255)
    with pytest.raises(GausslabError, match="expected a grid of at least 4 rows of images, got 3"):
        strip(whole, 3, 8)


@pytest.mark.parametrize("shape", [(20, 20), (50, 20), (8, 51), (9, 50), (2, 50), (14, 18)])
def test_other_pictures_are_no_grids(shape, tmp_path):
    """Height x width; 50 px are 8 images of 4 px, 18 px would be images of nothing."""
    Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / "other.png")
    with pytest.raises(GausslabError, match=rf"other\.png: expected 8 square images .*got {shape[1]} x {shape[0]}$"):
        read_grid(tmp_path / "other.png")


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    for name in ("text.png", "absent.png"):
        with pytest.raises(GausslabError, match=rf"^cannot read the grid of images .*{name}.*$"):
            read_grid(tmp_path / name)


@pytest.fixture
def four(tmp_path):
    for i in range(4):
        put(tmp_path / f"{i}.png", noise(24, side=32, seed=i))
    return {f"weight {i}": tmp_path / f"{i}.png" for i in range(4)}


def test_grids_stand_under_their_titles_line_by_line(four):
    figure = picture_grids(four, ["A sentence.", "Another."], across=2, rows=2)
    assert titles(figure)[-4:] == ["weight 0", "weight 1", "weight 2", "weight 3"]
    assert figure.get_supxlabel() == "A sentence. Another."
    for i, picture in enumerate(shown(figure)):
        assert np.allclose(picture, grid(noise(16, side=32, seed=i)) / 255, atol=1e-6)  # float32
    boxes = [axes.get_position() for axes in figure.axes]
    assert boxes[0].y0 == boxes[1].y0 > boxes[2].y1 and boxes[0].x0 == boxes[2].x0 and boxes[0].x1 < boxes[1].x0


def test_every_pixel_is_a_square_of_the_png_and_itself_in_the_pdf_and_so_again(four, tmp_path):
    figure = picture_grids(four, ["A sentence."], across=2)
    pdf, png = save(figure, tmp_path / "figure")
    drawn = np.round(imread(png)[..., :3] * 255).astype(np.uint8)
    scale = 3  # 2 grids of 274 px, margins and a gap on 2025 px
    enlarged = np.kron(grid(noise(24, side=32)), np.ones((scale, scale, 1), np.uint8))
    height, width = enlarged.shape[:2]
    found = np.argwhere(drawn[:, :, 0] == enlarged[3 * scale, 3 * scale, 0])
    assert any(np.array_equal(drawn[y : y + height, x : x + width], enlarged) for y, x in found - 3 * scale if y >= 0)
    again = save(picture_grids(four, ["A sentence."], across=2), tmp_path / "again")
    assert [path.read_bytes() for path in again] == [pdf.read_bytes(), png.read_bytes()]
    assert b"/Width 274" in pdf.read_bytes() and b"/Height 104" in pdf.read_bytes()


@pytest.mark.parametrize("across", [None, 1, 2, 3])
def test_figures_are_at_most_a_page_wide_and_everything_is_on_them(four, across):
    figure = picture_grids(four, ["A sentence of some words. " * 12], across=across)
    figure.draw_without_rendering()
    (width, height), box = figure.get_size_inches(), figure.get_tightbbox()
    assert 3 < width <= 6.75
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width + 1e-6 and box.y1 <= height + 1e-6
    caption = figure._supxlabel.get_window_extent().y1
    assert caption < min(axes.get_window_extent().y0 for axes in figure.axes)


def test_grids_that_would_not_fit_side_by_side_go_to_the_next_line(tmp_path):
    for i in range(4):
        put(tmp_path / f"{i}.png", noise(8, side=64))
    figure = picture_grids({str(i): tmp_path / f"{i}.png" for i in range(4)}, [])
    assert len({round(axes.get_position().y0, 6) for axes in figure.axes}) == 2  # 4 of 530 px are more than 2025


def test_no_grids():
    with pytest.raises(GausslabError, match="at least one grid of images, got none"):
        picture_grids({}, [])


@pytest.fixture
def widths(tmp_path):
    paths = {width: tmp_path / f"width-{width}.png" for width in (32, 8, 16, 4, 64, 128)}
    for width, path in paths.items():
        imsave(path, np.full((20, 20), width / 255), cmap="gray", vmin=0, vmax=1)
    return paths


def test_grids_stand_in_the_order_of_widths_and_wrap_beyond_five(widths):
    figure = width_samples(widths)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == [f"width {w}" for w in (4, 8, 16, 32, 64, 128)]
    greys = [axes.images[0].get_array()[0, 0, 0] for axes in shown]
    assert greys == pytest.approx([w / 255 for w in (4, 8, 16, 32, 64, 128)])
    assert {axes.get_subplotspec().rowspan.start for axes in shown} == {0, 1}


def test_one_row_up_to_five(widths):
    figure = width_samples({width: widths[width] for width in (8, 16, 32)})
    assert [axes.get_subplotspec().rowspan.start for axes in figure.axes] == [0, 0, 0]


@pytest.mark.parametrize("chosen", [(8,), (8, 16), (4, 8, 16), (4, 8, 16, 32, 64), (4, 8, 16, 32, 64, 128)])
def test_titles_of_grids_are_on_the_page(widths, chosen):
    figure = width_samples({width: widths[width] for width in chosen})
    figure.draw_without_rendering()
    box, (_, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.y0 >= -0.01 and box.y1 <= height + 0.01


def test_samples_of_widths_that_cannot_be_read(widths, tmp_path):
    widths[8].write_bytes(b"not a picture")
    with pytest.raises(GausslabError, match=r"cannot read the grid of images .*width-8\.png"):
        width_samples(widths)
    with pytest.raises(GausslabError, match="cannot read the grid of images"):
        width_samples({4: tmp_path / "absent.png"})
    with pytest.raises(GausslabError, match="at least one grid"):
        width_samples({})
