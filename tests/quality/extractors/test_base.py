"""Any network as an extractor: batches, modes, digests, and what is refused."""

import pytest
import torch
from torch import nn

from gausslab.errors import ConfigError, EstimatorError
from gausslab.quality.extractors import Extractor, ModuleExtractor, Preprocessing, weights_digest


class Net(nn.Module):
    """Maps, vectors, dropout and a batch norm."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(4, 3)

    def maps(self, images):
        return self.dropout(self.norm(self.conv(images)))

    def forward(self, images):
        return self.head(self.maps(images).mean((2, 3)))


@pytest.fixture
def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Net()


@pytest.fixture
def images():
    return torch.rand(7, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def extractor(net, **given):
    return ModuleExtractor(**{"name": "classifier", "network": net, "features": 3} | given)


def test_features_are_the_networks_in_evaluation_mode(net, images):
    found = extractor(net)(images)
    assert net.training and net.dropout.training  # left as it was
    assert net.norm.num_batches_tracked == 0
    torch.testing.assert_close(found, net.eval()(images), rtol=0, atol=0)
    assert not found.requires_grad


def test_it_is_an_extractor(net):
    assert isinstance(extractor(net), Extractor)
    assert extractor(net).features == 3


def test_batches_do_not_matter(net, images):
    whole = extractor(net)(images)
    # single precision, in other blocks
    torch.testing.assert_close(extractor(net, batch=2)(images), whole, rtol=0, atol=1e-6)
    assert extractor(net)(images[:0]).shape == (0, 3)


def test_maps_are_averaged_over_positions_and_methods_keep_their_module_in_evaluation_mode(net, images):
    found = extractor(net, network=net.maps, features=4)(images)
    assert net.training
    torch.testing.assert_close(found, net.eval().norm(net.conv(images)).mean((2, 3)), rtol=0, atol=0)


def test_functions_do_too(images):
    found = ModuleExtractor(name="pixels", network=lambda x: x.flatten(1), features=64, weights="none")(images)
    assert torch.equal(found, images.flatten(1))


# Digests


def test_the_digest_follows_weights_method_and_preprocessing(net):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        again = Net()
    before = extractor(net).digest
    assert extractor(again).digest == before and len(before) == 16
    others = [
        extractor(net, network=net.maps).digest,
        extractor(net, features=4).digest,
        extractor(net, preprocessing=Preprocessing(side=16)).digest,
        extractor(net, preprocessing=Preprocessing(mean=(0.5,))).digest,
        extractor(net, weights="another forward pass").digest,
    ]
    with torch.no_grad():
        net.head.bias[0] += 1e-6
    others.append(extractor(net).digest)
    assert len({before, *others}) == 7
    assert extractor(net, batch=3).digest == extractor(net, name="other").digest == others[-1]


def test_the_digest_follows_running_statistics_and_not_their_count(net):
    before = weights_digest(net)
    net.norm.num_batches_tracked += 5
    assert weights_digest(net) == before
    net.norm.running_var[0] += 1e-6
    assert weights_digest(net) != before


def test_the_digest_follows_the_layers():
    """Two networks without weights."""
    assert weights_digest(nn.Sequential(nn.ReLU())) != weights_digest(nn.Sequential(nn.Tanh()))


def test_the_digest_takes_every_kind_of_number(net):
    digests = {weights_digest(net.to(kind)) for kind in (torch.float64, torch.float16, torch.bfloat16)}
    assert len(digests) == 3


# What is refused


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "inception"}, "name must be other than .*inception, .*, and not empty, got 'inception'"),
        ({"name": "efficientnet-lite0"}, "got 'efficientnet-lite0'"),
        ({"name": ""}, "got ''"),
        ({"features": 0}, "extractor 'classifier': features must be at least 1, got 0"),
        ({"batch": 0}, "extractor 'classifier': batch must be at least 1, got 0"),
        ({"network": torch.flatten}, "extractor 'classifier' is a function: say with `weights` which weights it has"),
    ],
)
def test_nonsense_is_refused(net, given, message):
    with pytest.raises(ConfigError, match=message):
        extractor(net, **given)


def test_other_features_than_promised(net, images):
    with pytest.raises(EstimatorError, match=r"classifier: expected 5 features an image, got shape \(7, 3\) for 7"):
        extractor(net, features=5)(images)


@pytest.mark.parametrize("factor", [-0.1, 255.0, float("nan")])
def test_images_of_another_scale(net, images, factor):
    with pytest.raises(EstimatorError, match=r"classifier: expected images in \[0, 1\], got values from "):
        extractor(net)(images * factor)
