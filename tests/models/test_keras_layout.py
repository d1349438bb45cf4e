"""Keras' arrays in torch's layout, against the definitions of the layers in loops."""

import numpy as np
import torch
from torch.nn import functional

from gausslab.models.keras_layout import batch_norm, convolution, dense


def test_a_convolution_is_that_of_keras():
    rng = np.random.default_rng(0)
    arrays = {
        "conv/kernel": rng.standard_normal((2, 3, 4, 5)).astype(np.float32),
        "conv/bias": np.arange(5, dtype="f4"),
    }
    image = rng.standard_normal((6, 7, 4)).astype(np.float32)  # height, width, channels
    expected = np.zeros((5, 5, 5))
    for row, column, output in np.ndindex(5, 5, 5):
        window = image[row : row + 2, column : column + 3]
        expected[output, row, column] = (window * arrays["conv/kernel"][..., output]).sum() + output
    weights = convolution(arrays, "conv")
    found = functional.conv2d(torch.from_numpy(image).permute(2, 0, 1)[None], weights["weight"], weights["bias"])
    np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-5)  # single precision


def test_dense_layers_are_transposed_and_batch_norms_renamed():
    arrays = {"fc/kernel": np.ones((2, 3), "f4"), "fc/bias": np.zeros(3, "f4")}
    arrays |= {f"bn/{name}": np.full(4, i, "f4") for i, name in enumerate(("gamma", "beta"))}
    arrays |= {f"bn/{name}": np.full(4, i, "f4") for i, name in enumerate(("moving_mean", "moving_variance"), 2)}
    assert dense(arrays, "fc")["weight"].shape == (3, 2)
    found = batch_norm(arrays, "bn")
    assert [float(found[name][0]) for name in ("weight", "bias", "running_mean", "running_var")] == [0, 1, 2, 3]
    assert found["num_batches_tracked"] == 0
