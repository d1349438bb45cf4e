import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gausslab.config import DataConfig
from gausslab.data import load
from gausslab.data.folders import find_images, read_square
from gausslab.errors import ConfigError, DataError


def picture(value=100, size=(40, 30), mode="RGB"):
    rng = np.random.default_rng(value)
    shape = (size[1], size[0], len(mode)) if mode in ("RGB", "RGBA", "CMYK") else (size[1], size[0])
    return Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8), mode if mode != "RGB" else None)


def fill(folder, count=10, suffix=".png", **options):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        picture(number, **options).save(folder / f"{number:03}{suffix}")
    return folder


def load_folder(path, **options):
    return load(DataConfig(name="folder", path=str(path), **options))


def contents(data):
    return [image.numpy().tobytes() for split in (data.train, data.validation, data.test) for image in split.images]


@pytest.mark.parametrize(("count", "sizes"), [(4, (2, 1, 1)), (10, (8, 1, 1)), (25, (21, 2, 2)), (40, (32, 4, 4))])
def test_a_flat_folder_is_split_80_10_10_without_overlap(tmp_path, count, sizes):
    data = load_folder(fill(tmp_path, count))
    assert (len(data.train), len(data.validation), len(data.test)) == sizes
    assert data.image_shape == (3, 32, 32)
    assert data.train.labels is None
    assert len(set(contents(data))) == count


def test_fewer_images_leave_the_held_out_alone(tmp_path):
    fill(tmp_path, 30)
    few, all_of_them = load_folder(tmp_path, images=5), load_folder(tmp_path)
    assert few.train.images.equal(all_of_them.train.images[:5])
    assert few.validation.images.equal(all_of_them.validation.images)
    assert few.test.images.equal(all_of_them.test.images)
    with pytest.raises(ConfigError, match="images must be at most 24, the training images of folder, got 25"):
        load_folder(tmp_path, images=25)


def test_the_order_in_which_files_were_made_does_not_matter(tmp_path):
    fill(tmp_path / "a", 12)
    for path in sorted((tmp_path / "a").iterdir(), reverse=True):
        (tmp_path / "b").mkdir(exist_ok=True)
        (tmp_path / "b" / path.name).write_bytes(path.read_bytes())
    assert contents(load_folder(tmp_path / "a")) == contents(load_folder(tmp_path / "b"))


def test_class_folders_become_labels_in_sorted_order(tmp_path):
    for name, value in (("cats", 0), ("birds", 255)):
        (tmp_path / name).mkdir()
        for number in range(6):
            Image.new("L", (8, 8), value).save(tmp_path / name / f"{number}.png")
    data = load_folder(tmp_path, size=8)
    for split in (data.train, data.validation, data.test):
        assert [0 if image.max() else 1 for image in split.images] == split.labels.tolist()  # birds before cats


@pytest.mark.parametrize("layout", [("only",), (".", "some")])
def test_one_sub_folder_or_a_mixture_makes_no_classes(tmp_path, layout):
    for place in layout:
        fill(tmp_path / place, 5)
    data = load_folder(tmp_path)
    assert data.train.labels is None
    assert len(contents(data)) == 5 * len(layout)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".gif", ".bmp", ".tif", ".webp", ".ppm"])
def test_any_format_is_read(tmp_path, suffix):
    assert load_folder(fill(tmp_path, 4, suffix)).image_shape == (3, 32, 32)


def test_grey_only_if_all_are_grey(tmp_path):
    fill(tmp_path, 8, mode="L")
    assert load_folder(tmp_path).image_shape == (1, 32, 32)
    picture().save(tmp_path / "zzz.png")
    assert load_folder(tmp_path, images=2).image_shape == (3, 32, 32)


@pytest.mark.parametrize("mode", ["RGBA", "CMYK"])
def test_other_colour_modes_become_rgb(tmp_path, mode):
    fill(tmp_path, 4, ".tif", mode=mode)
    assert load_folder(tmp_path).image_shape == (3, 32, 32)


def test_16_bit_grey_keeps_its_upper_byte(tmp_path):
    levels = np.array([[0, 0x1234], [0x8000, 0xFFFF]], dtype=np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    assert read_square(tmp_path / "deep.png", 2, None, 1).ravel().tolist() == [0, 0x12, 0x80, 0xFF]
    assert read_square(tmp_path / "deep.png", 2, None, 3).shape == (3, 2, 2)


def test_a_palette_with_transparency_is_read(tmp_path):
    picture().convert("P").save(tmp_path / "p.png", transparency=b"\x00" * 10)
    assert read_square(tmp_path / "p.png", 8, None, 3).shape == (3, 8, 8)


def test_photographs_are_turned_as_their_camera_says(tmp_path):
    image = Image.new("L", (8, 8))
    image.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned by 90 degrees: the stored top left is the top right of the picture
    image.save(tmp_path / "turned.png", exif=exif)
    assert read_square(tmp_path / "turned.png", 8, None, 1)[0, 0, -1] == 255


def test_the_crop_is_the_centre_and_140_of_celeba_starts_at_row_39_column_19(tmp_path):
    rows, columns = np.mgrid[0:218, 0:178]
    Image.fromarray(np.stack([rows, columns, 0 * rows], -1).astype(np.uint8)).save(tmp_path / "face.png")
    square = read_square(tmp_path / "face.png", 140, 140, 3)
    assert square[:2, 0, 0].tolist() == [39, 19]
    assert square[:2, -1, -1].tolist() == [178, 158]


def test_without_a_crop_the_largest_centre_square_is_taken(tmp_path):
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 200
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    assert (read_square(tmp_path / "wide.png", 10, None, 1) == 200).all()


def test_shrinking_is_antialiased(tmp_path):
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    inner = read_square(tmp_path / "stripes.png", 16, None, 1)[0, :, 1:-1].astype(int)
    assert np.abs(inner - 127.5).max() < 2  # a filter without antialiasing would give pure black or white


def weights(before, after, filter_):
    """Rows of an antialiased resize, entry by entry: the filter is stretched by the factor, its sum is 1."""
    scale, (support, kernel) = before / after, filter_
    table = np.zeros((after, before))
    for target in range(after):
        centre = (target + 0.5) * scale
        for source in range(before):
            distance = (source + 0.5 - centre) / scale
            table[target, source] = kernel(distance) if abs(distance) < support else 0
        table[target] /= table[target].sum()
    return table


@pytest.mark.parametrize(
    ("name", "filter_"),
    [("bilinear", (1, lambda x: 1 - abs(x))), ("lanczos", (3, lambda x: np.sinc(x) * np.sinc(x / 3)))],
)
def test_both_filters_are_antialiased(tmp_path, name, filter_):
    picture(3, size=(30, 30), mode="L").save(tmp_path / "x.png")
    pixels = np.asarray(Image.open(tmp_path / "x.png"), dtype=float)
    table = weights(30, 12, filter_)
    expected = np.clip(table @ np.clip(pixels @ table.T, 0, 255), 0, 255)
    found = read_square(tmp_path / "x.png", 12, None, 1, name)[0]
    assert np.abs(found - expected).max() <= 1.2  # two roundings, the first of which Lanczos amplifies by up to 1.3


def test_the_filter_is_the_configurations(tmp_path):
    fill(tmp_path)
    bilinear, lanczos = (load_folder(tmp_path, resampling=name, size=8) for name in ("bilinear", "lanczos"))
    assert not bilinear.test.images.equal(lanczos.test.images)


def test_hidden_files_and_other_files_are_left_out(tmp_path):
    fill(tmp_path, 5)
    for name in ("README.txt", ".hidden.png", "features.h5", "clip.mpg"):
        (tmp_path / name).write_text("no image")
    fill(tmp_path / ".thumbnails", 3)
    assert len(find_images(tmp_path)) == 5


def test_a_crop_larger_than_an_image_names_it(tmp_path):
    with pytest.raises(DataError, match=r"image .*\.png is 40x30, smaller than the crop of 35"):
        load_folder(fill(tmp_path), crop=35)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_empty_folder_is_refused(tmp_path, count):
    with pytest.raises(DataError, match=f"has {count} images, expected at least 4$"):
        load_folder(fill(tmp_path, count))


def test_no_folder_at_all(tmp_path):
    with pytest.raises(DataError, match=r"nowhere is not a folder of images: it does not exist$"):
        load_folder(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file is not a folder of images: it is a file$"):
        load_folder(tmp_path / "file")
    with pytest.raises(ConfigError, match="data 'folder' needs a path, the folder of images"):
        load(DataConfig(name="folder"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "its content is no image"), (b"no image", "its content is no image"), (None, "truncated")],
)
def test_an_unreadable_image_is_named(tmp_path, content, reason):
    fill(tmp_path, 10)
    for path in tmp_path.iterdir():  # whichever split it falls into
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content is None else content)
        with pytest.raises(DataError, match=f"^cannot read image .*{path.name}: .*{reason}") as caught:
            load_folder(tmp_path)
        assert "\n" not in str(caught.value)
        path.write_bytes(whole)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 40))
def test_every_shape_becomes_a_square_of_the_size_asked_for(tmp_path_factory, width, height, side):
    path = tmp_path_factory.getbasetemp() / "any.png"
    Image.new("L", (width, height), 77).save(path)
    square = read_square(path, side, None, 1)
    assert square.shape == (1, side, side)
    assert (square == 77).all()


def test_links_to_folders_are_not_followed(tmp_path):
    fill(tmp_path / "a", 10)
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    assert len(find_images(tmp_path / "a")) == 10
