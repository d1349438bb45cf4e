"""Checkpoints: the same network back, the same bytes for the same contents, one line for anything else."""

import os
import pickle
import zipfile
from dataclasses import replace

import pytest
import torch

from gausslab import checkpoints
from gausslab.checkpoints import load_checkpoint, save, save_checkpoint
from gausslab.config import ModelConfig, TrainConfig
from gausslab.errors import CheckpointError
from gausslab.models import build

CONFIG = TrainConfig(model=ModelConfig(width=3, channels=2), seed=4)
SHAPE = (1, 32, 32)


@pytest.fixture
def model():
    """A network with running statistics of its own."""
    made = build(CONFIG.model, SHAPE, CONFIG.seed)
    with torch.no_grad():
        made(torch.rand(16, *SHAPE, generator=torch.Generator().manual_seed(0)))
    return made.eval()


@pytest.fixture
def file(tmp_path, model):
    save_checkpoint(tmp_path / "checkpoint.pt", CONFIG, SHAPE, 3, 1.25, model.state_dict())
    return tmp_path / "checkpoint.pt"


def test_round_trip_gives_identical_outputs(file, model):
    loaded = load_checkpoint(file)
    assert (loaded.config, loaded.image_shape, loaded.epoch, loaded.validation_loss) == (CONFIG, SHAPE, 3, 1.25)
    images = torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(loaded.model(images), model(images))
    assert not loaded.model.training


def test_loading_leaves_global_randomness_alone(file):
    state = torch.random.get_rng_state()
    load_checkpoint(file)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_trained_run_loads(tiny_run):
    loaded = load_checkpoint(tiny_run.checkpoint_file)
    assert loaded.config == tiny_run.config
    assert loaded.image_shape == SHAPE


def test_equal_contents_are_equal_bytes(tmp_path):
    """Strings, floats and lists that are one object, or several equal ones, are pickled alike."""
    text, number, values = "".join(["wo", "rd"]), float("0.125"), [1, 2]
    shared = {"a": text, "b": text, text: number, "d": number, "e": values, "f": values}
    apart = {"a": "word", "b": "".join(["wor", "d"]), "word": 0.125, "d": 1 / 8, "e": [1, 2], "f": (1, 2)}
    save(tmp_path / "a.pt", shared)
    save(tmp_path / "b.pt", apart)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_the_name_of_the_file_is_not_in_it(tmp_path, file, model):
    save_checkpoint(tmp_path / "other.pt", CONFIG, SHAPE, 3, 1.25, model.state_dict())
    assert (tmp_path / "other.pt").read_bytes() == file.read_bytes()


def rejected(path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert "weights_only" not in message, "torch's advice to load the file unsafely"
    return message


def test_absent_file(tmp_path):
    assert rejected(tmp_path / "none.pt") == f"there is no file {tmp_path / 'none.pt'}"


def test_folder(tmp_path):
    assert rejected(tmp_path) == f"cannot read {tmp_path}: Is a directory"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 0.9999])
def test_truncated_file(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert "cannot read" in rejected(file)


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes(file, seed):
    file.write_bytes(bytes(torch.randint(0, 256, (2000,), generator=torch.Generator().manual_seed(seed)).tolist()))
    assert "cannot read" in rejected(file)


class Poison:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_poisoned_file_of_torch_is_not_run(tmp_path, file):
    values = {"format": checkpoints.FORMAT, "version": 1, "weights": Poison(tmp_path / "harm")}
    torch.save(values, file)
    assert rejected(file).endswith("it is not safe, it asks for posix.mkdir; nothing of it was run")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_poisoned_pickle_is_not_run(tmp_path, file, protocol):
    file.write_bytes(pickle.dumps(Poison(tmp_path / "harm"), protocol=protocol))
    rejected(file)
    assert not (tmp_path / "harm").exists()


def test_poison_inside_a_real_checkpoint_is_not_run(tmp_path, file):
    """The archive's pickle replaced, everything else genuine."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            poisoned = pickle.dumps(Poison(tmp_path / "harm"), protocol=2)
            archive.writestr(name, poisoned if name.endswith("data.pkl") else content)
    rejected(file)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "is not a gausslab checkpoint (its format is 'other')"),
        ({"version": 2}, "is of version 2; this gausslab reads version 1"),
        ({"config": {"sed": 1}}, "is damaged: TrainConfig has no field 'sed'"),
        ({"config": {"model": {"width": 0}}}, "is damaged: width must be a whole number"),
        ({"config": None}, "is damaged: TrainConfig must be an object of fields"),
        ({"image_shape": [1, 48, 48]}, "is damaged: images must be 32x32 or 64x64"),
        ({"image_shape": [1, 32]}, "is damaged: "),
        ({"image_shape": None}, "is damaged: "),
        ({"weights": {}}, "is damaged: RuntimeError: Error(s) in loading state_dict"),
        ({"weights": 3}, "is damaged: "),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_contents(file, change, message):
    values = torch.load(file, weights_only=True)
    torch.save(values | change, file)
    assert message in rejected(file)


def test_a_missing_part_is_named(file):
    values = torch.load(file, weights_only=True)
    for name in ("config", "image_shape", "weights", "epoch", "validation_loss"):
        torch.save({key: value for key, value in values.items() if key != name}, file)
        assert rejected(file).endswith(f"is damaged: it lacks '{name}'")


def test_weights_of_another_width(file, model):
    save_checkpoint(file, replace(CONFIG, model=ModelConfig(width=4, channels=2)), SHAPE, 3, 1.25, model.state_dict())
    assert "is damaged: RuntimeError: Error(s) in loading state_dict" in rejected(file)


def test_something_that_is_no_dictionary(file):
    torch.save([1, 2], file)
    assert rejected(file).endswith("holds a list, not a checkpoint")


def test_the_digest_of_the_images_is_kept_and_older_files_have_none(file, tmp_path, model):
    save_checkpoint(tmp_path / "with.pt", CONFIG, SHAPE, 3, 1.25, model.state_dict(), data_digest="0123456789abcdef")
    assert load_checkpoint(tmp_path / "with.pt").data_digest == "0123456789abcdef"
    older = checkpoints.load(file)
    del older["data_digest"]
    save(tmp_path / "older.pt", older)
    assert load_checkpoint(tmp_path / "older.pt").data_digest == ""
