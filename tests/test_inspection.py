"""Any file to measurements."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from gausslab import checkpoints, data
from gausslab.adversarial.specs import AttackSpec
from gausslab.config import DataConfig
from gausslab.errors import CheckpointError, ConfigError
from gausslab.foreign import FileKind
from gausslab.inspection import layers_of_file, probe_file, run_name
from gausslab.networks import Request, open_network, to_shape

QUICK = ("radial_spread",)
DIGITS = DataConfig(name="digits")
FACTORY = """
import torch
def net(hidden=5):
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, stride=2), torch.nn.BatchNorm2d(4), torch.nn.ReLU(inplace=True),
        torch.nn.Flatten(), torch.nn.Linear(4 * 15 * 15, hidden), torch.nn.BatchNorm1d(hidden))
"""


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A user's own network in the current folder, trained a little."""
    monkeypatch.chdir(tmp_path)
    Path("usernet.py").write_text(FACTORY)
    scope: dict = {}
    exec(FACTORY, scope)
    torch.manual_seed(0)
    net = scope["net"]()
    for _ in range(30):
        net(torch.rand(50, 1, 32, 32))
    return net.eval()


def test_a_checkpoint_needs_no_flag(tiny_run):
    found = probe_file(Request(file=tiny_run.checkpoint_file, estimators=QUICK))
    table = found.table
    assert list(table["layer"].unique())[4] == "bottleneck"
    assert table["layer"].nunique() == 7  # four batch norms in the encoder, the code's, two in the decoder
    assert set(table["run"]) == {tiny_run.config.run_name} and set(table["data"]) == {"digits"}
    assert set(table["width"]) == {tiny_run.config.model.width}


def test_a_probe_repeats_what_the_sweep_measured(tiny_run, tiny_sweep):
    found = probe_file(Request(file=tiny_run.checkpoint_file, capture={"layers": "bottleneck"})).table
    of_run = tiny_sweep.table[tiny_sweep.table["run"] == tiny_run.config.run_name]
    keys = ["estimator", "statistic", "unit"]
    both = found.merge(of_run, on=keys, suffixes=("", "_sweep"))
    assert len(both) == len(found)
    assert np.allclose(both["value"], both["value_sweep"], rtol=1e-9)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_foreign_state_dict_with_its_factory(foreign, wrapped):
    weights = (
        {f"module.{key}": value for key, value in foreign.state_dict().items()} if wrapped else foreign.state_dict()
    )
    torch.save({"epoch": 1, "state_dict": weights} if wrapped else weights, "net.pt")
    request = Request(file=Path("net.pt"), model="usernet:net", data=DIGITS, estimators=QUICK)
    table = probe_file(request).table
    assert list(table["layer"].unique()) == ["1", "5"]
    assert dict(zip(table["layer"], table["n_units"], strict=True)) == {"1": 4, "5": 5}
    assert set(table["model"]) == {"Sequential"} and table["width"].isna().all()


def test_safetensors_give_the_same_numbers_as_torch_files(foreign):
    torch.save(foreign.state_dict(), "net.pt")
    save_file(foreign.state_dict(), "net.safetensors")
    values = [
        list(probe_file(Request(file=Path(name), model="usernet:net", data=DIGITS, estimators=QUICK)).table["value"])
        for name in ("net.pt", "net.safetensors")
    ]
    assert values[0] == values[1]


def test_a_factory_in_the_place_of_a_file(foreign):
    torch.save(foreign.state_dict(), "weights.pt")
    weighted = "    model = net()\n    model.load_state_dict(torch.load('weights.pt'))\n    return model\n"
    Path("trained.py").write_text(f"{FACTORY}\ndef own():\n{weighted}")
    request = Request(file=Path("trained:own"), data=DIGITS, estimators=QUICK)
    found, digest = probe_file(request).table, request.digest
    with_file = Request(file=Path("weights.pt"), model="usernet:net", data=DIGITS, estimators=QUICK)
    same = [name for name in found.columns if name != "run"]
    pd.testing.assert_frame_equal(found[same], probe_file(with_file).table[same])
    assert set(found["run"]) == {"own"} and run_name(request) == "own"
    foreign[4].weight.data += 1
    torch.save(foreign.state_dict(), "weights.pt")
    assert request.digest != digest


def test_random_weights_of_a_factory_leave_the_global_generator_alone(foreign):
    request = Request(file=Path("usernet:net"), data=DIGITS)
    state = torch.random.get_rng_state()
    weights = [open_network(request, FileKind.FACTORY).model.state_dict()["4.weight"] for _ in range(2)]
    assert torch.equal(*weights) and torch.equal(torch.random.get_rng_state(), state)


def test_a_state_dict_without_a_factory_shows_its_layers(foreign):
    torch.save(foreign.state_dict(), "net.pt")
    rows = layers_of_file(Request(file=Path("net.pt")))
    assert [(row.name, row.width) for row in rows] == [("1", 4), ("5", 5)]
    with pytest.raises(ConfigError, match=r"--model pkg\.mod:factory"):
        probe_file(Request(file=Path("net.pt")))


def test_a_pickled_module_is_loaded_only_on_request(foreign):
    torch.save(foreign, "module.pt")
    with pytest.raises(CheckpointError, match="--unsafe-pickle"):
        probe_file(Request(file=Path("module.pt"), data=DIGITS))
    table = probe_file(Request(file=Path("module.pt"), data=DIGITS, unsafe_pickle=True, estimators=QUICK)).table
    assert list(table["layer"].unique()) == ["1", "5"]


def test_networks_are_told_which_images_fit(foreign):
    torch.save(foreign.state_dict(), "net.pt")
    with pytest.raises(ConfigError, match=r"say which images .* choices: mnist-5k, digits"):
        probe_file(Request(file=Path("net.pt"), model="usernet:net"))
    with pytest.raises(ConfigError, match=r"cannot take images of shape \(3, 32, 32\).*--input"):
        probe_file(Request(file=Path("net.pt"), model="usernet:net", data=DIGITS, input_shape=(3, 32, 32)))


def test_splits_and_numbers_of_images(foreign):
    torch.save(foreign.state_dict(), "net.pt")
    counts = {
        (split, images): probe_file(
            Request(file=Path("net.pt"), model="usernet:net", data=DIGITS, split=split, images=images, estimators=QUICK)
        )
        .table["n_samples"]
        .iloc[0]
        for split, images in (("test", None), ("validation", None), ("all", None), ("test", 50))
    }
    assert counts == {("test", None): 300, ("validation", None): 200, ("all", None): 1797, ("test", 50): 50}


def test_activations_go_straight_to_the_estimators(tmp_path):
    samples = np.random.default_rng(0).standard_normal((500, 4))
    np.savez(tmp_path / "codes.npz", code=samples, twice=2 * samples, labels=np.arange(500))
    table = probe_file(Request(file=tmp_path / "codes.npz", estimators=("moment_kl",))).table
    kl = table[table["statistic"] == "statistic"].set_index("layer")["value"]
    assert list(kl.index) == ["code", "twice"]
    # doubling: (4 trace S + 4 m'm - d - log det S - 2 d log 2) / 2 against the same with factors 1
    difference = 0.5 * 3 * (samples**2).mean(0).sum() - 4 * np.log(2)
    assert kl["twice"] - kl["code"] == pytest.approx(difference, rel=1e-7)  # samples are kept in single precision


def test_more_samples_than_the_limit_are_a_seeded_choice(tmp_path):
    np.save(tmp_path / "codes.npy", np.random.default_rng(0).standard_normal((500, 2)))
    request = Request(file=tmp_path / "codes.npy", limit=100, estimators=QUICK)
    first, second = (probe_file(request).table for _ in range(2))
    assert set(first["n_samples"]) == {100} and first.equals(second)


def test_adversarial_activations_are_paired(tmp_path):
    samples = np.random.default_rng(0).standard_normal((300, 4))
    np.save(tmp_path / "clean.npy", samples)
    np.save(tmp_path / "adversarial.npy", 0.5 * samples)
    request = Request(
        file=tmp_path / "clean.npy", adversarial=tmp_path / "adversarial.npy", estimators=QUICK, limit=100
    )
    rows = probe_file(request).table.set_index("statistic")
    assert rows.loc["mean_difference", "value"] == pytest.approx(-0.5 * np.linalg.norm(samples, axis=1).mean())
    assert rows.loc["share_lower", "value"] == 1 and rows.loc["share_lower", "n_samples"] == 300


def test_adversarial_arrays_are_paired_by_name(tmp_path):
    a = np.random.default_rng(0).standard_normal((20, 2))
    np.savez(tmp_path / "clean.npz", first=a, second=a)
    np.savez(tmp_path / "other.npz", first=a)
    request = Request(file=tmp_path / "clean.npz", adversarial=tmp_path / "other.npz", estimators=QUICK)
    with pytest.raises(CheckpointError, match="no array 'second' to pair; it has: first"):
        probe_file(request)


@pytest.mark.parametrize("options", [{"adversarial": Path("x.npz")}, {"attacks": (AttackSpec(name="ddn"),)}])
def test_an_autoencoder_is_not_attacked(tiny_run, options):
    with pytest.raises(CheckpointError, match="holds an autoencoder, which gives no classes; expected a classifier"):
        probe_file(Request(file=tiny_run.checkpoint_file, **options))


def test_activations_are_paired_with_activations_not_attacked(tmp_path):
    np.save(tmp_path / "codes.npy", np.zeros((3, 2)))
    with pytest.raises(ConfigError, match="holds activations; --attack needs the network, --adv other activations"):
        probe_file(Request(file=tmp_path / "codes.npy", attacks=(AttackSpec(name="midpoint"),)))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"split": "tset"}, "split 'tset' is unknown; did you mean 'test'"),
        ({"limit": 1}, "limit must be a whole number of at least 2, got 1"),
        ({"attack_images": 1}, "attack_images must be a whole number of at least 2, got 1"),
        ({"effort": "fully"}, "unknown effort 'fully'; did you mean 'full'"),
        ({"attacks": (AttackSpec(name="ddn"),), "adversarial": Path("x")}, "--attack and --adv are two reports"),
        ({"images": 0}, "images must be a whole number of at least 2, got 0"),
        ({"estimators": ("knn",)}, "estimator 'knn' is unknown.*choices"),
    ],
)
def test_options_that_make_no_sense(options, text):
    with pytest.raises(ConfigError, match=text):
        Request(file=Path("x"), **options)


def test_to_shape_repeats_grey_averages_colour_and_resizes():
    grey = torch.rand(2, 1, 8, 8)
    assert torch.equal(to_shape(grey, (3, 8, 8)), grey.expand(-1, 3, -1, -1))
    colour = torch.rand(2, 3, 8, 8)
    assert torch.allclose(to_shape(colour, (1, 8, 8)), colour.mean(1, keepdim=True))
    assert to_shape(colour, None) is colour
    flat = torch.full((1, 1, 8, 8), 0.3)
    assert torch.allclose(to_shape(flat, (1, 20, 12)), torch.full((1, 1, 20, 12), 0.3))


def test_other_images_than_the_checkpoint_was_made_with_are_refused(tiny_run, tmp_path):
    stored = checkpoints.load(tiny_run.checkpoint_file)
    file = tmp_path / "checkpoint.pt"
    checkpoints.save(file, stored | {"data_digest": data.load(DIGITS).held_out_digest})
    assert len(open_network(Request(file=file), FileKind.CHECKPOINT).images) == 300
    checkpoints.save(file, stored | {"data_digest": "0" * 16})
    with pytest.raises(CheckpointError, match=r"the images of digits are not those .*name them with --data"):
        probe_file(Request(file=file))
    assert len(open_network(Request(file=file, data=DIGITS), FileKind.CHECKPOINT).images) == 300


def test_the_training_images_of_a_checkpoint_are_those_it_was_trained_on(tiny_run):
    file, trained_on = tiny_run.checkpoint_file, tiny_run.config.data
    assert trained_on.images is not None
    images = open_network(Request(file=file, split="train"), FileKind.CHECKPOINT).images
    assert torch.equal(images, data.load(trained_on).train.images)
    assert len(open_network(Request(file=file, split="train", data=DIGITS), FileKind.CHECKPOINT).images) == 1297


def test_the_digest_covers_the_bytes_of_the_adversarial_file(tmp_path):
    clean, adversarial = tmp_path / "clean.npy", tmp_path / "other.npy"
    np.save(clean, np.zeros((3, 2)))
    digests = {Request(file=clean).digest}
    for value in (1, 2):
        np.save(adversarial, np.full((3, 2), value))
        digests.add(Request(file=clean, adversarial=adversarial).digest)
    assert len(digests) == 3


@pytest.mark.parametrize("error", [KeyError(), AssertionError("\nno\nsuch"), IndexError("one\ntwo")])
def test_whatever_a_users_network_raises_is_one_line(foreign, monkeypatch, error):
    def fail(self, images):
        raise error

    monkeypatch.setattr(torch.nn.Sequential, "forward", fail)
    torch.save(foreign.state_dict(), "net.pt")
    with pytest.raises(ConfigError, match=rf"cannot take images of shape .*{type(error).__name__}") as caught:
        probe_file(Request(file=Path("net.pt"), model="usernet:net", data=DIGITS))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("option", "value"), [("model", "a:b"), ("data", DIGITS), ("input_shape", (1, 2, 2))])
def test_activations_take_no_network_and_no_images(tmp_path, option, value):
    np.save(tmp_path / "codes.npy", np.zeros((3, 2)))
    with pytest.raises(ConfigError, match="holds activations, which need no network and no images; leave --"):
        probe_file(Request(file=tmp_path / "codes.npy", **{option: value}))
