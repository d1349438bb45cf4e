"""Every kind of file that probe accepts, and that nothing in a file is ever run."""

import os
import pickle
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gausslab.errors import CheckpointError, ConfigError
from gausslab.foreign import (
    FileKind,
    batchnorm_table,
    build_model,
    load_into,
    read_activations,
    read_pickle,
    read_state_dict,
    recognise,
    refuse,
)
from gausslab.pickles import unsafe_globals


class Poison:
    """Makes a file when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.BatchNorm1d(2, affine=False))


def one_line(caught):
    assert "\n" not in str(caught.value)
    return str(caught.value)


LEGACY = {"_use_new_zipfile_serialization": False}


@pytest.mark.parametrize("options", [{}, LEGACY])
@pytest.mark.parametrize("wrap", [None, "state_dict", "model_state_dict", "model", "net"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_state_dicts_are_found_and_cleaned(tmp_path, model, wrap, prefix, options):
    weights = {prefix + key: value for key, value in model.state_dict().items()}
    path = tmp_path / "weights.bin"
    torch.save({wrap: weights, "epoch": 3} if wrap else weights, path, **options)
    assert recognise(path) is FileKind.STATE_DICT and str(recognise(path)) == "state_dict"
    found = read_state_dict(path)
    assert list(found) == list(model.state_dict())
    assert all(torch.equal(found[key], value) for key, value in model.state_dict().items())


def test_safetensors_are_state_dicts(tmp_path, model):
    path = tmp_path / "model.safetensors"
    save_file(model.state_dict(), path)
    assert recognise(path) is FileKind.SAFETENSORS
    assert set(read_state_dict(path)) == set(model.state_dict())


def test_a_gausslab_checkpoint_is_recognised(tmp_path):
    path = tmp_path / "best.pt"
    torch.save({"format": "gausslab-checkpoint", "state_dict": {"w": torch.zeros(1)}}, path)
    assert str(recognise(path)) == "gausslab checkpoint"


def test_the_batchnorm_table_is_read_from_the_keys(model):
    rows = batchnorm_table(model.state_dict())
    assert [(row.name, row.width, row.affine, row.running, row.batches) for row in rows] == [
        ("1", 2, True, True, 0),
        ("2", 2, False, True, 0),
    ]


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_arrays_of_an_npz_are_activations(tmp_path, write):
    codes, labels = np.random.default_rng(0).normal(size=(5, 3)), np.arange(5)
    write(tmp_path / "codes.npz", codes=codes, more=codes.astype(np.float32), labels=labels)
    assert recognise(tmp_path / "codes.npz") is FileKind.ACTIVATIONS
    found = read_activations(tmp_path / "codes.npz")
    assert list(found) == ["codes", "more"]
    assert torch.equal(found["codes"], torch.from_numpy(codes)) and found["more"].dtype is torch.float32


def test_an_npy_and_a_tensor_are_activations_named_after_the_file(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((4, 2), dtype=np.int64))
    torch.save(torch.ones(4, 2), tmp_path / "b.pt")
    torch.save(torch.ones(4, 2), tmp_path / "c.pt", **LEGACY)
    for name in ("a.npy", "b.pt", "c.pt"):
        assert recognise(tmp_path / name) is FileKind.ACTIVATIONS
        assert torch.equal(read_activations(tmp_path / name)[name[0]], torch.ones(4, 2))


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), (0, 2)])
def test_activations_of_another_shape_are_refused(tmp_path, shape):
    torch.save(torch.zeros(shape), tmp_path / "x.pt")
    np.save(tmp_path / "x.npy", np.zeros(shape))
    np.savez(tmp_path / "x.npz", x=np.zeros(shape))
    for name in ("x.pt", "x.npy", "x.npz"):
        with pytest.raises(CheckpointError, match=r"array of shape \(samples, units\)") as caught:
            read_activations(tmp_path / name)
        one_line(caught)


def test_arrays_of_objects_are_refused_and_not_run(tmp_path):
    array = np.empty((1, 1), dtype=object)
    array[0, 0] = Poison(tmp_path / "ran")
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=array)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(CheckpointError, match="holds Python objects, which are not read") as caught:
            read_activations(tmp_path / name)
        one_line(caught)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("options", [{}, LEGACY])
def test_a_poisoned_pickle_runs_nothing_without_the_flag(tmp_path, model, options):
    """Acceptance test 9."""
    path, ran = tmp_path / "poison.pt", tmp_path / "ran"
    torch.save({"state_dict": model.state_dict(), "extra": Poison(ran)}, path, **options)
    assert recognise(path) is FileKind.PICKLE
    for read in (read_pickle, read_state_dict, read_activations):
        with pytest.raises(CheckpointError, match=r"would import posix\.system\).*--model.*--unsafe-pickle") as caught:
            read(path)
        one_line(caught)
    assert not ran.exists()
    read_pickle(path, unsafe_pickle=True)
    assert ran.exists()


def test_a_plain_poisoned_pickle_runs_nothing(tmp_path):
    for protocol in range(6):
        path = tmp_path / f"poison{protocol}.pkl"
        path.write_bytes(pickle.dumps(Poison(tmp_path / "ran"), protocol=protocol))
        with pytest.raises(CheckpointError) as caught:
            raise refuse(path, recognise(path))
        one_line(caught)
        assert unsafe_globals(path) == ["posix.system"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("options", [{}, LEGACY])
def test_a_pickled_module_is_refused_and_loaded_with_the_flag(tmp_path, model, options):
    path = tmp_path / "module.pt"
    torch.save(model, path, **options)
    assert str(recognise(path)) == "pickled Python object"
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.batchnorm\.BatchNorm1d, .*Sequential"):
        read_pickle(path)
    assert isinstance(read_pickle(path, unsafe_pickle=True), nn.Sequential)


def test_a_module_inside_a_dictionary_is_found_with_the_flag(tmp_path, model):
    torch.save({"epoch": 1, "model": model}, tmp_path / "module.pt")
    assert isinstance(read_pickle(tmp_path / "module.pt", unsafe_pickle=True), nn.Sequential)


def test_the_listed_names_are_those_that_torch_lists(tmp_path, model):
    list_globals = pytest.importorskip("torch.serialization").get_unsafe_globals_in_checkpoint
    torch.save({"module": model, "poison": Poison("x"), "tensor": torch.ones(2)}, tmp_path / "x.pt")
    assert unsafe_globals(tmp_path / "x.pt") == sorted(list_globals(tmp_path / "x.pt"))


def test_torchscript_and_exported_programs_are_told_by_their_members(tmp_path, model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates torch.jit and has deprecated uses of its own in torch.export
        torch.jit.save(torch.jit.script(model), tmp_path / "a.pt")
        torch.export.save(torch.export.export(model.eval(), (torch.rand(4, 3),)), tmp_path / "b.pt2")
    for name, kind in (("a.pt", FileKind.TORCHSCRIPT), ("b.pt2", FileKind.EXPORTED)):
        assert recognise(tmp_path / name) is kind
        with pytest.raises(
            CheckpointError, match=f"is a {kind}, on whose layers hooks do not fire; save the"
        ) as caught:
            read_state_dict(tmp_path / name)
        one_line(caught)


def whole_files(folder, model):
    torch.save(model.state_dict(), folder / "zip.pt")
    torch.save(model.state_dict(), folder / "legacy.pt", **LEGACY)
    save_file(model.state_dict(), folder / "st.safetensors")
    np.save(folder / "array.npy", np.ones((50, 50)))
    np.savez(folder / "arrays.npz", x=np.ones((50, 50)))
    return [folder / name for name in ("zip.pt", "legacy.pt", "st.safetensors", "array.npy", "arrays.npz")]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_truncated_files_are_told_in_one_line(tmp_path, model, share):
    for path in whole_files(tmp_path, model):
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(CheckpointError) as caught:
            read = read_activations if path.name.startswith("array") else read_state_dict
            read(path)
        assert str(path) in one_line(caught)


def zip_of_text(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, r"cannot read .*: No such file or directory"),
        (lambda path: path.mkdir(), r"is a folder, expected a file"),
        (lambda path: path.write_bytes(b""), r"is empty"),
        (
            lambda path: path.write_text("hello, world\n"),
            r"is not a checkpoint: expected a gausslab checkpoint, a state",
        ),
        (lambda path: path.write_bytes(b"\x80\x02" + bytes(range(7, 200))), r"is truncated, damaged or no torch file"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(200)), r"is truncated or damaged"),
        (lambda path: path.write_bytes(b"\x01\xfe\x13" * 100), r"is not a checkpoint"),
        (zip_of_text, r"is a zip archive of other things"),
        (lambda path: torch.save({"epoch": 3}, path), r"holds a dict without weights"),
        (lambda path: path.write_bytes(pickle.dumps({"a": 1})), r"is truncated, damaged or no torch file"),
    ],
)
def test_other_files_are_told_in_one_line(tmp_path, make, message):
    path = tmp_path / "file"
    make(path)
    with pytest.raises(CheckpointError, match=message) as caught:
        recognise(path)
    assert str(path) in one_line(caught)


def test_random_bytes_never_end_in_anything_but_a_clear_line(tmp_path):
    generator = np.random.default_rng(0)
    path = tmp_path / "file"
    for start in (b"", b"\x80\x02", b"\x80\x04", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x20\0\0\0\0\0\0\0{"):
        for _ in range(20):
            path.write_bytes(start + generator.bytes(300))
            with pytest.raises(CheckpointError) as caught:
                raise refuse(path, recognise(path)) if recognise(path) is FileKind.PICKLE else _read_any(path)
            one_line(caught)


def _read_any(path):
    return (read_activations if recognise(path) is FileKind.ACTIVATIONS else read_state_dict)(path)


def test_weights_are_loaded_strictly(model):
    other = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.BatchNorm1d(2, affine=False))
    load_into(other, model.state_dict())
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in other.state_dict().items())


def test_keys_that_do_not_fit_are_named_and_counted(model):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    weights = dict(model.state_dict()) | {"head.weight": torch.zeros(1)}
    del weights["0.weight"]
    with pytest.raises(
        CheckpointError, match=r"1 keys missing \(0\.weight\); 1 keys unexpected \(head\.weight\)"
    ) as caught:
        load_into(model, weights)
    one_line(caught)
    load_into(model, weights, strict=False)
    with pytest.raises(CheckpointError, match=r"10 keys missing \(0\.weight, 0\.bias, 1\.weight, \.\.\.\)"):
        load_into(model, {"x": torch.zeros(1)}, strict=False)
    with pytest.raises(CheckpointError, match=r"'0\.weight' must have shape \(2, 3\), got \(1, 3\)"):
        load_into(model, before | {"0.weight": torch.ones(1, 3)})
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


FACTORIES = """
from torch import nn

def small_net(width=2):
    return nn.Linear(width, width)

def broken():
    raise RuntimeError("no\\nluck")

def number():
    return 3
"""


@pytest.fixture
def in_folder_with_factories(tmp_path, monkeypatch):
    (tmp_path / "nets_of_a_user.py").write_text(FACTORIES)
    (tmp_path / "nets_that_fail.py").write_text("1 / 0\n")
    (tmp_path / "nets_that_need.py").write_text("import surely_not_installed\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    yield
    assert sys.path == before
    for name in ("nets_of_a_user", "nets_that_fail", "nets_that_need"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("in_folder_with_factories")
def test_factories_are_found_in_the_current_folder():
    assert build_model("nets_of_a_user:small_net", {"width": 5}).in_features == 5


@pytest.mark.usefixtures("in_folder_with_factories")
@pytest.mark.parametrize(
    ("spec", "kwargs", "message"),
    [
        ("nets_of_a_user", {}, r"model 'nets_of_a_user' must be of the form pkg\.mod:factory"),
        ("nets_of_a_usr:small_net", {}, r"module 'nets_of_a_usr' was not found; did you mean 'nets_of_a_user'"),
        ("gausslab.models.mobilnet:f", {}, r"was not found; did you mean 'gausslab\.models\.mobilenet'"),
        ("no_such_package.nets:f", {}, r"module 'no_such_package\.nets' was not found"),
        ("nets_of_a_user:smal_net", {}, r"has no 'smal_net'; did you mean 'small_net'"),
        (
            "nets_of_a_user:small_net",
            {"depth": 1},
            r"does not take these arguments: got an unexpected .* 'depth'; it takes \(width=2\)",
        ),
        ("nets_of_a_user:broken", {}, r"failed while built: RuntimeError: no$"),
        ("nets_of_a_user:number", {}, r"must give a torch\.nn\.Module, got int"),
        ("nets_that_fail:f", {}, r"failed while imported: ZeroDivisionError"),
        ("nets_that_need:f", {}, r"needs a module that is not installed: surely_not_installed"),
    ],
)
def test_factories_that_do_not_work_are_told_in_one_line(spec, kwargs, message):
    with pytest.raises(ConfigError, match=message) as caught:
        build_model(spec, kwargs)
    one_line(caught)


def test_unknown_globals_are_read_without_importing(tmp_path):
    path = Path(tmp_path / "x.pkl")
    path.write_bytes(b"\x80\x04\x8c\x0esome_evil_thin\x8c\x03run\x93.")
    assert unsafe_globals(path) == ["some_evil_thin.run"] and "some_evil_thin" not in sys.modules


def test_the_state_of_training_points_to_the_checkpoint(tmp_path, model):
    torch.save({"format": "gausslab-training-state", "model": model.state_dict()}, tmp_path / "last.pt")
    with pytest.raises(CheckpointError, match=r"probe the checkpoint\.pt beside it") as caught:
        recognise(tmp_path / "last.pt")
    one_line(caught)
