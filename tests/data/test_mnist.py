import pytest
from made_files import write_folder

from gausslab.config import DataConfig
from gausslab.data import load, mnist
from gausslab.errors import ConfigError, DataError


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("dots", [False, True])
@pytest.mark.parametrize("place", [".", "raw", "MNIST/raw"])
def test_a_users_folder_in_every_usual_spelling(tiny, tmp_path, zipped, dots, place):
    write_folder(tmp_path / "mine" / place, tiny["mnist"], zipped=zipped, dots=dots)
    data = load(DataConfig(name="mnist", path=str(tmp_path / "mine")))
    assert data.image_shape == (1, 32, 32)
    assert (len(data.train), len(data.validation), len(data.test)) == (9, 3, 6)
    expected = tiny["mnist"]["t10k-images-idx3-ubyte"][16:]
    assert data.test.images[:, :, 2:30, 2:30].numpy().tobytes() == expected
    assert bytes(data.test.labels.tolist()) == tiny["mnist"]["t10k-labels-idx1-ubyte"][8:]


def test_one_set_is_not_taken_for_the_other(tiny, tmp_path):
    folder = write_folder(tmp_path / "mine", tiny["fashion-mnist"])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte is not that of mnist: sha256 of its content is"):
        load(DataConfig(name="mnist", path=str(folder)))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_truncated_file_is_one_line_that_names_it(tiny, tmp_path, name, zipped):
    folder = write_folder(tmp_path / "mine", tiny["mnist"], zipped=zipped)
    path = folder / (name + ".gz" * zipped)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match=f"{path.name} is (truncated or|a) damaged") as caught:
        load(DataConfig(name="mnist", path=str(folder)))
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_folder_says_which_files_to_put_where(tiny, tmp_path):
    with pytest.raises(DataError, match=r"nowhere is not a folder; for mnist, put train-images-idx3-ubyte.*one folder"):
        load(DataConfig(name="mnist", path=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10"])
def test_a_set_that_is_not_here_says_how_to_get_it(store, name):
    with pytest.raises(DataError, match=f"^{name} is not here: run `gausslab data fetch {name}`, or (put|give)"):
        load(DataConfig(name=name))


def test_an_installed_system_package_is_used(tiny, tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "system", tiny["fashion-mnist"], zipped=True)
    monkeypatch.setattr(mnist, "SYSTEM_FOLDER", folder)
    assert len(load(DataConfig(name="fashion-mnist")).test) == 6
    with pytest.raises(DataError, match="mnist is not here"):
        load(DataConfig(name="mnist"))


def test_more_images_than_the_file_has(tiny, tmp_path):
    folder = write_folder(tmp_path / "mine", tiny["mnist"])
    with pytest.raises(ConfigError, match="images must be at most 9, the training images of mnist, got 10"):
        load(DataConfig(name="mnist", path=str(folder), images=10))


def test_the_pinned_sets_differ_in_every_file():
    one, other = mnist.DIGESTS["mnist"], mnist.DIGESTS["fashion-mnist"]
    digests = set(vars(one).values()) | set(vars(other).values())
    assert len(digests) == 8
    assert all(len(digest) == 64 for digest in digests)


def test_as_released_validates_on_all_but_the_first(tiny, tmp_path):
    folder = str(write_folder(tmp_path / "mnist", tiny["mnist"]))
    proper, released = (load(DataConfig(name="mnist", path=folder, split=s)) for s in ("disjoint", "as-released"))
    assert (len(released.train), len(released.validation), len(released.test)) == (9, 9, 6)  # 3 where 10,000 are
    assert released.validation.images[-3:].equal(proper.validation.images)
    assert released.train.images.equal(proper.train.images)
