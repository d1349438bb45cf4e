"""The networks that others trained: what the factories give offline, and, fetched, the accuracy known of them."""

import pytest
import torch

from gausslab.config import DataConfig
from gausslab.data import fetch, is_cached, load, to_float, weights
from gausslab.data.weights import PackagedWeights
from gausslab.errors import CheckpointError, ConfigError
from gausslab.factories import build_model
from gausslab.models import pretrained
from gausslab.models.mobilenet import mobilenet_v2
from gausslab.studies.photographs import photographs
from gausslab.weights import batchnorm_table

IMAGENET = {"mobilenet_v2": (52, 18), "efficientnet_lite0": (49, 17), "resnet50": (53, 18)}
"""Batch-norm layers, and how many of foolbox's 20 photographs are told right."""


def test_mobilenet_has_the_files_weights(tmp_path, monkeypatch):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = mobilenet_v2().eval()
    torch.save(made.state_dict(), tmp_path / "weights.pth")
    monkeypatch.setattr(pretrained, "weight_files", lambda name: (tmp_path / "weights.pth",))
    found = build_model("gausslab.models.pretrained:mobilenet_v2")
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert not found.training
    with torch.no_grad():
        torch.testing.assert_close(found(images), made(images), rtol=1e-4, atol=1e-5)  # another memory format
    (tmp_path / "weights.pth").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match=r"cannot read .*weights\.pth"):
        pretrained.mobilenet_v2()


def test_efficientnet_normalises_inside():
    pytest.importorskip("efficientnet_lite_pytorch")
    model = pretrained.efficientnet_lite0()
    assert not any(module.training for module in model.modules())
    assert len(batchnorm_table(model.state_dict())) == 49
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(images), model.network((255 * images - 127) / 128), rtol=1e-4, atol=1e-4)


def test_a_problem_with_the_weights_is_one_line_of_build_model(monkeypatch, tmp_path):
    monkeypatch.setenv("GAUSSLAB_DATA", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ConfigError, match=r"'gausslab.models.pretrained:resnet50' failed while built: cannot fetch the"
    ):
        build_model("gausslab.models.pretrained:resnet50")
    assert all(isinstance(each, PackagedWeights) for each in weights.WEIGHTS.values())


@pytest.mark.weights
@pytest.mark.parametrize("name", IMAGENET)
def test_imagenet_accuracy(name):
    for module in ("foolbox", "efficientnet_lite_pytorch"):
        pytest.importorskip(module)
    layers, right = IMAGENET[name]
    images, classes = photographs(224)
    model = build_model(f"gausslab.models.pretrained:{name}")
    with torch.no_grad():
        predicted = model(to_float(images)).argmax(1)
    assert len(batchnorm_table(model.state_dict())) == layers
    assert int((predicted == classes).sum()) == right


@pytest.mark.weights
def test_cifar10_accuracy():
    pytest.importorskip("h5py")
    if not is_cached("cifar10"):
        fetch("cifar10")
    test = load(DataConfig(name="cifar10")).test
    model = pretrained.cifar_vgg()
    with torch.no_grad():
        predicted = torch.cat([model(to_float(batch)) for batch in test.images[:2000].split(250)]).argmax(1)
    share = float((predicted == test.labels[:2000]).double().mean())
    assert share == pytest.approx(0.8085, abs=0.0011)  # two images: float32 in another order of sums
