import numpy as np
import pytest
from made_files import celeba_folder
from PIL import Image

from gausslab.config import DataConfig
from gausslab.data import celeba, load
from gausslab.errors import ConfigError, DataError


@pytest.fixture
def root(store, tmp_path):
    """Ten pictures in CelebA's layout, six of them to train."""
    return celeba_folder(tmp_path / "celeba")


def load_celeba(path, **options):
    return load(DataConfig(name="celeba", path=str(path), **options))


def numbers(split):
    """Which pictures these are: number n has grey level 10 n, which JPEG keeps within one level."""
    return [round(image.float().mean().item() / 10) for image in split.images]


def as_csv(root):
    text = (root / "list_eval_partition.txt").read_text()
    (root / "list_eval_partition.txt").unlink()
    (root / "list_eval_partition.csv").write_text("image_id,partition\n" + text.replace(" ", ","))
    return root


def rename(root, name, other):
    (root / "img_align_celeba" / name).rename(root / "img_align_celeba" / other)


def test_the_official_partition_is_kept(root):
    data = load_celeba(root, size=64)
    assert data.image_shape == (3, 64, 64)
    assert sorted(numbers(data.train)) == [1, 2, 3, 4, 5, 6]
    assert numbers(data.validation) == [7, 8]
    assert numbers(data.test) == [9, 10]
    assert data.train.labels is data.validation.labels is data.test.labels is None


@pytest.mark.parametrize("size", [32, 64])
def test_every_size_is_one_resize_from_the_crop(root, size):
    assert load_celeba(root, size=size).image_shape == (3, size, size)
    assert load_celeba(root).image_shape == (3, 32, 32)


def test_fewer_images_are_the_first_of_a_shuffle_of_the_training_split(root):
    few, all_of_them = load_celeba(root, images=3), load_celeba(root)
    assert few.train.images.equal(all_of_them.train.images[:3])
    assert few.held_out_digest == all_of_them.held_out_digest
    with pytest.raises(ConfigError, match="images must be at most 6, the training images of celeba, got 7"):
        load_celeba(root, images=7)


def test_a_picture_that_is_not_used_is_not_decoded(root):
    used = numbers(load_celeba(root, images=2).train)
    unused = next(number for number in range(1, 7) if number not in used)
    (root / "img_align_celeba" / f"{unused:06}.jpg").write_bytes(b"broken")
    assert numbers(load_celeba(root, images=2).train) == used


def ramps():
    """A picture whose red is the row and whose green is the column."""
    rows, columns = np.mgrid[0:218, 0:178]
    return Image.fromarray(np.stack([rows, columns, 0 * rows + 99], -1).astype(np.uint8))


def test_the_crop_is_rows_39_to_178_and_columns_19_to_158(root):
    file = root / "img_align_celeba" / "000010.jpg"
    ramps().save(file, quality=100, subsampling=0)
    pixels = np.asarray(Image.open(file)).astype(int)
    crop = load_celeba(root, size=140).test.images[1].numpy()
    assert np.array_equal(crop.transpose(1, 2, 0), pixels[39:179, 19:159])
    smaller = load_celeba(root, size=140, crop=100).test.images[1].numpy().astype(int)
    assert np.abs(smaller[:2, 0, 0] - pixels[59, 39, :2]).max() <= 1
    assert np.abs(smaller[:2, -1, -1] - pixels[158, 138, :2]).max() <= 1


@pytest.mark.parametrize("size", [32, 64])
def test_a_ramp_stays_a_ramp_when_it_shrinks(root, size):
    """The inner pixels of an antialiased resize of a linear image are its values at their centres."""
    ramps().save(root / "img_align_celeba" / "000009.jpg", quality=100, subsampling=0)
    image = load_celeba(root, size=size).test.images[0].numpy().astype(float)
    centres = (np.arange(size) + 0.5) * 140 / size - 0.5
    inner = slice(4, -4)
    assert np.abs(image[0] - (39 + centres)[:, None])[inner, inner].max() < 2  # JPEG and roundings: a level each
    assert np.abs(image[1] - (19 + centres)[None, :])[inner, inner].max() < 2


def test_the_filter_can_be_chosen(root):
    noise = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    Image.fromarray(noise).save(root / "img_align_celeba" / "000009.jpg")
    bilinear, lanczos = (load_celeba(root, resampling=name).test.images[0] for name in ("bilinear", "lanczos"))
    assert lanczos.float().std() > bilinear.float().std()  # it blurs less


def test_a_second_load_decodes_nothing(root, store, monkeypatch):
    first = load_celeba(root, size=64)
    assert len(list((store / "decoded" / "celeba").glob("*.npy"))) == 3

    def decode(_file, _channels):
        raise AssertionError

    monkeypatch.setattr(celeba, "read_picture", decode)
    second = load_celeba(root, size=64)
    for part in ("train", "validation", "test"):
        assert getattr(first, part).images.equal(getattr(second, part).images)


@pytest.mark.parametrize("layout", ["folder", "inner", "beside", "kaggle", "kaggle inner"])
def test_layouts(root, layout):
    expected, path = load_celeba(root).held_out_digest, root
    if layout == "inner":
        path = root / "img_align_celeba"
    if layout == "beside":
        (root / "list_eval_partition.txt").rename(root / "img_align_celeba" / "list_eval_partition.txt")
    if layout.startswith("kaggle"):
        as_csv(root)
        (root / "img_align_celeba").rename(root / "inner")
        (root / "img_align_celeba").mkdir()
        (root / "inner").rename(root / "img_align_celeba" / "img_align_celeba")
        path = root / "img_align_celeba" if layout == "kaggle inner" else root
    assert load_celeba(path).held_out_digest == expected


def test_a_relative_path_is_the_same_folder(root, monkeypatch, store):
    load_celeba(root)
    monkeypatch.chdir(root.parent)
    load_celeba("celeba")
    assert len(list((store / "decoded" / "celeba").glob("*.npy"))) == 3


def test_other_files_in_the_folder_do_not_matter(root):
    for name in ("Thumbs.db", "._000001.jpg", ".DS_Store"):
        (root / "img_align_celeba" / name).write_bytes(b"x")
    assert len(load_celeba(root).train) == 6


def test_an_absent_picture_is_named(root):
    rename(root, "000003.jpg", "copy.txt")
    with pytest.raises(DataError, match=r"list_eval_partition\.txt names 000003\.jpg, not in .*/img_align_celeba$"):
        load_celeba(root)
    rename(root, "000008.jpg", "another.txt")
    with pytest.raises(DataError, match=r"names 000003\.jpg and 1 more, not in "):
        load_celeba(root)


def test_a_picture_without_a_split_is_named(root):
    Image.new("RGB", (178, 218)).save(root / "img_align_celeba" / "000011.jpg")
    with pytest.raises(DataError, match=r"img_align_celeba has 000011\.jpg, not in .*list_eval_partition\.txt$"):
        load_celeba(root)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "its content is no image"), (b"no image", "its content is no image"), (None, "truncated")],
)
@pytest.mark.parametrize("name", ["000002.jpg", "000007.jpg", "000010.jpg"])
def test_a_broken_picture_is_named(root, name, content, reason):
    file = root / "img_align_celeba" / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-40] if content is None else content)
    with pytest.raises(DataError, match=f"^cannot read image .*{name}: .*{reason}") as caught:
        load_celeba(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [(177, 218), (218, 178), (64, 64), (409, 687)])
def test_a_picture_of_another_size_is_named(root, size):
    Image.new("RGB", size).save(root / "img_align_celeba" / "000004.jpg")
    width, height = size
    with pytest.raises(DataError, match=rf"^image .*000004\.jpg is {width}x{height}, expected 178x218, the aligned"):
        load_celeba(root)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("000003.jpg", r"line 3: expected a file name and 0, 1 or 2, got '000003\.jpg'$"),
        ("000003.jpg 3", "line 3: expected a file name and 0, 1 or 2, got"),
        ("000003.jpg 0 0", "line 3: expected a file name and 0, 1 or 2, got"),
        ("\x00\xff" * 200, "line 3: expected a file name and 0, 1 or 2, got"),
        ("000001.jpg 2", r"line 3: 000001\.jpg is there a second time$"),
        ("../000003.jpg 0", r"names \.\./000003\.jpg, not in "),
    ],
)
def test_a_line_of_something_else_is_named(root, line, message):
    partition = root / "list_eval_partition.txt"
    lines = partition.read_text().splitlines()
    partition.write_text("\n".join([*lines[:2], line, *lines[3:]]), encoding="latin-1")
    with pytest.raises(DataError, match=message) as caught:
        load_celeba(root)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(("splits", "name"), [((0, 2, 2), "train"), ((6, 0, 2), "validation"), ((6, 2, 0), "test")])
def test_an_empty_split_is_named(store, tmp_path, splits, name):
    with pytest.raises(DataError, match=rf"list_eval_partition\.txt puts no image into the {name} split$"):
        load_celeba(celeba_folder(tmp_path, splits))


def test_without_a_partition_file_or_pictures_the_layout_is_told(root, tmp_path):
    (root / "list_eval_partition.txt").unlink()
    with pytest.raises(
        DataError, match=r"^no list_eval_partition\.txt \(nor \.csv\) in .*; for celeba, give the folder"
    ):
        load_celeba(root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty has no pictures img_align_celeba/\*\.jpg; for celeba, give the folder"):
        load_celeba(tmp_path / "empty")
    with pytest.raises(DataError, match=r"nowhere is not a folder; for celeba, give the folder"):
        load_celeba(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"^data 'celeba' needs a path: give the folder"):
        load(DataConfig(name="celeba"))


def test_a_crop_wider_than_the_pictures_is_refused(root):
    assert load_celeba(root, crop=178).image_shape == (3, 32, 32)
    with pytest.raises(ConfigError, match=r"^crop of celeba must be at most 178, the width of its pictures, got 179$"):
        load_celeba(root, crop=179)
