"""MobileNetV2: names, shapes and counts of the file mobilenet_v2-b0353104.pth, and what the model does."""

import pytest
import torch

from gausslab.errors import ConfigError
from gausslab.foreign import batchnorm_table
from gausslab.models.mobilenet import mobilenet_v2


@pytest.fixture(scope="module")
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return mobilenet_v2().eval()


def test_counts(model):
    assert sum(parameter.numel() for parameter in model.parameters()) == 3_504_872
    assert len(batchnorm_table(model.state_dict())) == 52
    assert len(model.state_dict()) == 314  # 52 convolutions, 52 batch norms of 5 tensors, weight and bias at the end


def test_names_and_shapes_are_those_of_the_weight_file(model):
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    expected = {  # read from the file: stem, first block (no expansion), a widening one, the last layers
        "features.0.0.weight": (32, 3, 3, 3),
        "features.0.1.running_mean": (32,),
        "features.1.conv.0.0.weight": (32, 1, 3, 3),
        "features.1.conv.1.weight": (16, 32, 1, 1),
        "features.1.conv.2.running_var": (16,),
        "features.2.conv.0.0.weight": (96, 16, 1, 1),
        "features.2.conv.1.0.weight": (96, 1, 3, 3),
        "features.2.conv.2.weight": (24, 96, 1, 1),
        "features.2.conv.3.num_batches_tracked": (),
        "features.17.conv.2.weight": (320, 960, 1, 1),
        "features.18.0.weight": (1280, 320, 1, 1),
        "features.18.1.bias": (1280,),
        "classifier.1.weight": (1000, 1280),
        "classifier.1.bias": (1000,),
    }
    assert {key: shapes.get(key) for key in expected} == expected


def test_the_normalisation_is_inside_the_model_and_not_in_its_weights(model):
    assert not {"mean", "std"} & set(model.state_dict())
    with torch.no_grad():
        grey = model.mean.expand(1, 3, 32, 32)
        torch.testing.assert_close(
            model(grey), model.classifier(model.features(torch.zeros(1, 3, 32, 32)).mean((2, 3)))
        )


def test_outputs_and_widths():
    small = mobilenet_v2(num_classes=7, width_mult=0.25).eval()
    with torch.no_grad():
        assert small(torch.rand(2, 3, 64, 64)).shape == (2, 7)
    widths = [row.width for row in batchnorm_table(small.state_dict())]
    assert len(widths) == 52 and all(width % 8 == 0 for width in widths) and widths[-1] == 1280


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"width_mult": 0.0}, r"width_mult must be positive, got 0\.0"),
    ],
)
def test_nonsense_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        mobilenet_v2(**arguments)
