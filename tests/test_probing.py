"""From a network to rows of the table."""

import math

import pytest
import torch

from gausslab import tables
from gausslab.config import DataConfig
from gausslab.data import Split, load
from gausslab.errors import EstimatorError
from gausslab.estimators import measure
from gausslab.probing import BATCH, Identity, blank, float_batches, measure_samples, probe, reconstruction_rows

MADE = Identity(run="made", data="made", model="Sequential")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(10, 6), torch.nn.BatchNorm1d(6), torch.nn.ReLU(inplace=True), torch.nn.BatchNorm1d(6)
    )
    for _ in range(200):
        net(torch.randn(200, 10))
    return net.eval()


@pytest.fixture(scope="module")
def inputs():
    return torch.randn(600, 10, generator=torch.Generator().manual_seed(1))


def test_rows_are_those_of_measure_on_the_layer(network, inputs):
    found = probe(network, inputs.split(100), MADE, layers="1", estimators=["radial_spread", "jarque_bera"])
    normalised = torch.nn.functional.batch_norm(network[0](inputs), network[1].running_mean, network[1].running_var)
    expected = measure(normalised, ["radial_spread", "jarque_bera"])
    assert found.refusals == ()
    assert list(found.table["value"]) == pytest.approx(list(expected["value"]), rel=1e-5)  # float32 activations
    assert set(found.table["point"]) == {"normalized"} and set(found.table["statistics"]) == {"running"}
    assert list(found.table.columns) == list(tables.COLUMNS)
    assert list(found.table["null"]) == list(expected["null"])
    assert list(found.table["quantity"]) == list(expected["quantity"])


def test_layers_keep_the_order_of_the_calls(network, inputs):
    found = probe(network, [inputs], MADE, estimators=["radial_spread"])
    assert found.table["layer"].unique().tolist() == ["1", "3"]


def test_a_gaussian_layer_is_called_gaussian_and_a_rectified_one_is_not(network, inputs):
    names = ["kl_decomposition", "knn_kl"]
    found = probe(network, [inputs], MADE, estimators=names, duplicates="drop")  # rows of zeros
    table = found.table.set_index(["layer", "estimator", "statistic"])
    linear, rectified = (table.loc[(layer, "knn_kl", "excess")] for layer in ("1", "3"))
    assert abs(linear["value"]) < 4 * linear["null_sd"]
    assert rectified["value"] > 10 * rectified["null_sd"]
    assert ("1", "kl_decomposition", "total") in table.index
    (refused,) = found.refusals  # the zeros of single units: an infinite divergence
    assert refused.startswith("3: kl_decomposition: ") and "6 of 6 units repeat a value" in refused


def test_what_a_layer_does_not_allow_is_told_once_a_reason_and_the_rest_measured():
    samples = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)).repeat(2, 1)
    frame, refusals = measure_samples(samples, blank(MADE), ["knn_kl", "knn_entropy", "radial_spread"])
    assert list(frame["estimator"].unique()) == ["radial_spread"]
    assert len(refusals) == 1
    assert refusals[0].startswith(": knn_kl, knn_entropy: 40 of 80 samples repeat")
    frame, refusals = measure_samples(samples, blank(MADE), ["knn_kl"], duplicates="drop")
    assert refusals == [] and set(frame["estimator"]) == {"knn_kl"}


def test_no_layer_at_all_is_an_error(network, inputs):
    with pytest.raises(EstimatorError, match="expected at least"):
        probe(network, [inputs[:1]], MADE, estimators=["radial_spread"])


def test_reconstruction_errors_are_over_every_image(tiny_run):
    from gausslab.checkpoints import load_checkpoint

    model = load_checkpoint(tiny_run.checkpoint_file).model
    images = load(DataConfig(name="digits")).test.images
    rows = reconstruction_rows(model, images, MADE).set_index("statistic")
    with torch.no_grad():
        error = (model(images / 255.0) - images / 255.0).double()
    assert rows.loc["mse_per_element", "value"] == pytest.approx(error.square().mean().item(), rel=1e-6)
    assert rows.loc["mean_l2", "value"] == pytest.approx(error.flatten(1).norm(dim=1).mean().item(), rel=1e-6)
    assert rows.loc["mean_l2", "n_samples"] == len(images) and math.isnan(rows.loc["mean_l2", "null_mean"])


def test_batches_cover_the_images_in_order():
    images = torch.arange(2 * BATCH + 3, dtype=torch.int64).remainder(256).to(torch.uint8).reshape(-1, 1, 1, 1)
    split = Split(images=images, labels=None)
    assert torch.equal(torch.cat(list(float_batches(split.images))), images / 255.0)
