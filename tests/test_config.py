"""Configurations reject nonsense, survive JSON, and name runs by a digest that equal ones, and only those, share."""

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gausslab.config import (
    SCALES,
    TERMS,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    SweepConfig,
    TrainConfig,
    TrainingConfig,
)
from gausslab.config.model import CLASSIFIERS_OWN
from gausslab.errors import ConfigError
from gausslab.serialisation import from_dict, from_json, to_json

pytestmark = pytest.mark.usefixtures("unchecked")

NONSENSE = [
    (DataConfig, "name", "", "data must be the name of a data set, got ''"),
    (DataConfig, "name", 3, "data must be the name of a data set, got 3"),
    (DataConfig, "path", "", "path must be the path of a folder, got ''"),
    (DataConfig, "images", 1, "images must be a whole number of at least 2, got 1"),
    (DataConfig, "images", 2.5, "images must be a whole number of at least 2, got 2.5"),
    (DataConfig, "size", 0, "size must be a positive whole number, got 0"),
    (DataConfig, "crop", -3, "crop must be a positive whole number, got -3"),
    (ModelConfig, "width", 0, "width must be a whole number of at least 1, got 0"),
    (ModelConfig, "width", True, "width must be a whole number of at least 1, got True"),
    (ModelConfig, "channels", 0, "channels must be a whole number of at least 1, got 0"),
    (ModelConfig, "depth", 1, "depth must be a whole number of at least 2, got 1"),
    (ModelConfig, "bottleneck", "batchnrm", "bottleneck 'batchnrm' is unknown; did you mean 'batchnorm'?"),
    (ModelConfig, "levels", 0, "levels must be a whole number of at least 1, got 0"),
    (ModelConfig, "levels", 3, "levels must be 4 for an autoencoder (classifiers alone vary it), got 3"),
    (
        ModelConfig,
        "norm",
        "none",
        "norm must be 'batchnorm' for an autoencoder (classifiers alone vary it), got 'none'",
    ),
    (ModelConfig, "norm", "groupnorm", "norm 'groupnorm' is unknown; choices: batchnorm, layernorm, none"),
    (ModelConfig, "head_depth", 2.0, "head_depth must be a whole number of at least 1, got 2.0"),
    (ModelConfig, "head_depth", 2, "head_depth must be 1 for an autoencoder (classifiers alone vary it), got 2"),
    (ModelConfig, "head_units", 64, "head_units must be 128 for an autoencoder (classifiers alone vary it), got 64"),
    (ModelConfig, "classes", 3, "classes must be 10 for an autoencoder (classifiers alone vary it), got 3"),
    (ModelConfig, "bottleneck", "layernorm", "bottleneck must be 'batchnorm', 'l1norm' or 'none' for an autoencoder"),
    (ModelConfig, "kind", "vae", "kind 'vae' is unknown; "),
    (ModelConfig, "posterior", "gaussian", "posterior 'gaussian' is unknown; "),
    (ModelConfig, "posterior_sd", 0, "posterior_sd must be a positive finite number, got 0"),
    (ModelConfig, "spectral_norm", 1, "spectral_norm must be true or false, got 1"),
    (ModelConfig, "classes", 1, "classes must be a whole number of at least 2, got 1"),
    (ModelConfig, "init", 7, "init 7 is unknown; choices: torch, keras"),
    (DataConfig, "split", "overlapping", "split 'overlapping' is unknown; choices: disjoint, as-released"),
    (ObjectiveConfig, "name", "veae", "objective 'veae' is unknown; did you mean"),
    (ObjectiveConfig, "error", "rms", "error 'rms' is unknown; "),
    (ObjectiveConfig, "error_weight", -1, "error_weight must be a finite number of at least 0, got -1"),
    (ObjectiveConfig, "input_noise", -1, "input_noise must be a finite number of at least 0, got -1"),
    (ObjectiveConfig, "entropy_map", 0, "entropy_map must be a whole number of at least 1, got 0"),
    (ObjectiveConfig, "kl_weight", 1, "objective 'ae' has no kl term, got kl_weight 1.0; use objective 'vae' or"),
    (ObjectiveConfig, "kernel_scope", "dense", "kernel_scope 'dense' is unknown; choices: convolutions, all"),
    (ObjectiveConfig, "gradient_penalty", "code", "gradient_penalty 'code' is unknown; "),
    (TrainingConfig, "beta1", 1, "beta1 must be a number in [0, 1), got 1"),
    (TrainingConfig, "period", 0, "period must be a whole number of at least 1, got 0"),
    (ObjectiveConfig, "neighbours", 0, "neighbours must be a whole number of at least 1, got 0"),
    (ObjectiveConfig, "entropy_weight", 0.5, "objective 'ae' has no entropy term, got entropy_weight 0.5; use"),
    (TrainingConfig, "epochs", -1, "epochs must be a whole number of at least 0, got -1"),
    (TrainingConfig, "batch", 1, "batch must be a whole number of at least 2 (batch norm needs two images), got 1"),
    (TrainingConfig, "lr", 0, "lr must be a positive finite number, got 0"),
    (TrainingConfig, "lr", True, "lr must be a positive finite number, got True"),
    (TrainingConfig, "lr", math.nan, "lr must be a positive finite number, got nan"),
    (TrainingConfig, "lr", math.inf, "lr must be a positive finite number, got inf"),
    (TrainingConfig, "lr", 10**400, "lr must be a positive finite number, got 1000"),
    (TrainingConfig, "lr", "fast", "lr must be a positive finite number, got 'fast'"),
    (TrainingConfig, "schedule", "linear", "schedule 'linear' is unknown; "),
    (TrainingConfig, "decay", 0, "decay must be a number in (0, 1], got 0"),
    (TrainingConfig, "decay", 1.01, "decay must be a number in (0, 1], got 1.01"),
    (TrainingConfig, "threads", 0, "threads must be a whole number of at least 1, got 0"),
    (TrainingConfig, "device", "", "device must be the name of a device, such as 'cpu', got ''"),
    (TrainConfig, "seed", -1, "seed must be a whole number of at least 0, got -1"),
    (SweepConfig, "widths", (), "widths must be at least one value, got ()"),
    (SweepConfig, "widths", (8, 8), "widths must be values without repetition, got (8, 8)"),
    (SweepConfig, "widths", (8, 0), "width must be a whole number of at least 1, got 0"),
    (SweepConfig, "seeds", (0, -2), "seed must be a whole number of at least 0, got -2"),
    (SweepConfig, "depths", (4, 1), "depth must be a whole number of at least 2, got 1"),
    (SweepConfig, "channels", (0,), "channels must be a whole number of at least 1, got 0"),
]


@pytest.mark.parametrize(("kind", "name", "value", "message"), NONSENSE)
def test_rejects_nonsense_in_one_line(kind, name, value, message):
    with pytest.raises(ConfigError) as caught:
        from_dict(kind, {name: list(value) if isinstance(value, tuple) else value})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_entropy_weight_must_be_finite_and_not_negative():
    for value in (-0.1, math.nan):
        with pytest.raises(ConfigError, match="entropy_weight must be a finite number of at least 0, got"):
            ObjectiveConfig(name="eae", entropy_weight=value)


def test_neighbours_must_be_fewer_than_a_batch():
    with pytest.raises(ConfigError, match=r"neighbours must be below batch \(4\), got 4"):
        TrainConfig(objective=ObjectiveConfig(name="eae", neighbours=4), training=TrainingConfig(batch=4))


@pytest.mark.parametrize(
    ("objective", "model", "message"),
    [
        ({"name": "vae"}, {}, "posterior must be 'learned' or 'constant' for objective 'vae', got 'none'"),
        ({}, {"posterior": "learned"}, "posterior must be 'none' for objective 'ae', got 'learned'"),
        ({}, {"kind": "classifier"}, "objective 'classifier' and kind 'classifier' go together, got objective 'ae'"),
        ({"name": "classifier"}, {}, "objective 'classifier' and kind 'classifier' go together, got objective"),
        ({"error": "likelihood"}, {}, "error 'likelihood' and learned_error_sd go together, got error 'likelihood'"),
        ({"name": "eae", "entropy_map": 17}, {}, "entropy_map must be at most width (16), got 17"),
    ],
)
def test_objective_and_network_must_fit(objective, model, message):
    with pytest.raises(ConfigError) as caught:
        TrainConfig(objective=ObjectiveConfig(**objective), model=ModelConfig(**model))
    assert str(caught.value).startswith(message)


def test_a_classifier_has_no_posterior():
    with pytest.raises(ConfigError, match="posterior must be 'none' for a classifier, got 'learned'"):
        ModelConfig(kind="classifier", posterior="learned")


def test_a_classifier_reconstructs_nothing():
    with pytest.raises(ConfigError, match="learned_error_sd must be false for a classifier, got True"):
        ModelConfig(kind="classifier", learned_error_sd=True)
    for name, value in {"error": "mean", "error_weight": 2.0, "entropy_map": 2, "input_noise": 0.1}.items():
        with pytest.raises(ConfigError, match=f"{name} must be .* for objective 'classifier', got"):
            ObjectiveConfig(name="classifier", **{name: value})


def test_layer_normed_codes_of_one_or_two_units_hold_nothing():
    with pytest.raises(ConfigError, match="width must be at least 3 for bottleneck 'layernorm', got 2"):
        ModelConfig(kind="classifier", bottleneck="layernorm", width=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"sed": 1}', "TrainConfig has no field 'sed'; did you mean 'seed'?"),
        ('{"model": {"widht": 1}}', "ModelConfig has no field 'widht'; did you mean 'width'?"),
        ("[]", "TrainConfig must be an object of fields, got list"),
        ('{"data": null}', "DataConfig must be an object of fields, got NoneType"),
        ('{"training": {"lr": [1]}}', r"lr must be a positive finite number, got [1]"),
        ('{"model": {"init": {}}}', "init {} is unknown"),
        ("{", "configuration is not JSON"),
        ("", "configuration is not JSON"),
    ],
)
def test_damaged_json(text, message):
    with pytest.raises(ConfigError) as caught:
        from_json(TrainConfig, text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("value", [8, None, {"a": 1}])
def test_grid_axis_must_be_a_list(value):
    with pytest.raises(ConfigError, match="list of values"):
        from_json(SweepConfig, json.dumps({"widths": value}))


OBJECTIVES = st.one_of(
    st.just(ObjectiveConfig()),
    st.builds(ObjectiveConfig, name=st.just("eae"), entropy_weight=st.floats(0, 1e9), neighbours=st.integers(1, 3)),
)
TRAIN_CONFIGS = st.builds(
    TrainConfig,
    data=st.builds(
        DataConfig,
        name=st.sampled_from(["digits", "mnist", "folder", "a\u00e9\U0001f600"]),
        path=st.none() | st.text(min_size=1),
        images=st.none() | st.integers(2, 10**9),
        size=st.integers(1, 512),
        crop=st.none() | st.integers(1, 512),
    ),
    model=st.builds(
        ModelConfig,
        width=st.integers(1, 10**6),
        channels=st.integers(1, 4096),
        depth=st.integers(2, 20),
        bottleneck=st.sampled_from(["batchnorm", "none"]),
        init=st.sampled_from(["torch", "keras"]),
    ),
    objective=OBJECTIVES,
    training=st.builds(
        TrainingConfig,
        epochs=st.integers(1, 10**6),
        batch=st.integers(4, 10**6),
        lr=st.floats(1e-300, 1e300),
        schedule=st.sampled_from(["constant", "exponential", "plateau"]),
        decay=st.floats(1e-300, 1),
        threads=st.integers(1, 64),
        device=st.sampled_from(["cpu", "cuda:1"]),
    ),
    seed=st.integers(0, 2**63),
)


@given(TRAIN_CONFIGS)
def test_json_both_ways(config):
    again = from_json(TrainConfig, to_json(config))
    assert again == config
    assert again.digest == config.digest
    assert to_json(again) == to_json(config)


@given(
    st.builds(
        SweepConfig,
        base=TRAIN_CONFIGS,
        widths=st.lists(st.integers(1, 99), min_size=1, unique=True).map(tuple),
        objectives=st.lists(OBJECTIVES, min_size=1, max_size=3, unique=True).map(tuple),
    )
)
def test_grid_json_both_ways(config):
    again = from_json(SweepConfig, to_json(config))
    assert again == config
    assert again.digest == config.digest
    assert list(again.configs()) == list(config.configs())


@given(TRAIN_CONFIGS, TRAIN_CONFIGS)
def test_digests_are_equal_just_when_the_configurations_are(left, right):
    assert (left.digest == right.digest) == (left == right)


OTHER = TrainConfig(
    data=DataConfig(name="mnist", images=12_000),
    model=ModelConfig(width=32, channels=16, init="keras"),
    objective=ObjectiveConfig(name="eae", entropy_weight=0.05, neighbours=2),
    training=TrainingConfig(lr=5e-4, schedule="plateau"),
    seed=2,
)

CLASSIFIER = TrainConfig(model=ModelConfig(kind="classifier"), objective=ObjectiveConfig(name="classifier"))


def test_digests_are_pinned():
    """A changed digest renames every run on every disk: it must not happen by accident."""
    assert TrainConfig().digest == "44136fa3"
    assert OTHER.digest == "1e45fca4"
    assert OTHER.run_name == "mnist-eae-0.05-k2-w32-c16-d4-s2-1e45fca4"
    assert replace(OTHER, objective=ObjectiveConfig()).run_name == "mnist-ae-w32-c16-d4-s2-9fad2162"
    assert CLASSIFIER.run_name == "mnist-5k-classifier-0-w16-c8-d4-s0-dd38f6e8"


CHANGES = {
    DataConfig: {
        "name": "digits", "path": "x", "images": 7, "size": 64, "crop": 28, "split": "as-released",
        "resampling": "lanczos",
    },
    ModelConfig: {
        "kind": "classifier", "width": 3, "channels": 3, "depth": 3, "bottleneck": "none", "posterior": "constant",
        "posterior_sd": 0.5, "learned_error_sd": True, "spectral_norm": True, "classes": 3, "init": "keras",
        "levels": 3, "norm": "layernorm", "head_depth": 2, "head_units": 64,
    },
    ObjectiveConfig: {
        "name": "eae", "error": "mean", "error_weight": 0.05, "entropy_weight": 0.1, "neighbours": 2, "entropy_map": 3,
        "code_weight": 0.1, "kl_weight": 0.1, "mmd_weight": 0.1, "sigreg_weight": 0.1, "free_energy_weight": 0.1,
        "kernel_weight": 0.1, "kernel_scope": "all", "gradient_weight": 0.1, "gradient_penalty": "input",
        "input_noise": 0.1,
    },
    TrainingConfig: {
        "epochs": 3, "batch": 32, "lr": 0.1, "beta1": 0.5, "schedule": "constant", "decay": 0.5, "period": 3,
        "threads": 2, "device": "cuda",
    },
}  # fmt: skip
NEEDS = {
    "kind": {"objective": ObjectiveConfig(name="classifier")},
    "posterior": {"objective": ObjectiveConfig(name="vae")},
    "learned_error_sd": {"objective": ObjectiveConfig(error="likelihood")},
    **{name: {"objective": ObjectiveConfig(name="classifier")} for name in CLASSIFIERS_OWN},
}
"""Fields of the network that only go with certain objectives."""
OWNERS = {f"{term}_weight": name for name, terms in TERMS.items() for term in terms if name != "classifier"}
"""Fields of the objective that only go with certain names, one of them."""
PARTS = {"data": DataConfig, "model": ModelConfig, "objective": ObjectiveConfig, "training": TrainingConfig}


def changed(part: str, name: str) -> TrainConfig:
    own = {"name": OWNERS.get(name, "ae")} if part == "objective" else {}
    needed = {"model": ModelConfig(posterior="learned")} if own.get("name") in ("vae", "info-vae", "cv-vae") else {}
    needed |= NEEDS.get(name, {}) if part == "model" else {}
    own |= {"kind": "classifier"} if part == "model" and name in CLASSIFIERS_OWN else {}
    return TrainConfig(**(needed | {part: PARTS[part](**(own | {name: CHANGES[PARTS[part]][name]}))}))


def test_digest_changes_with_every_field():
    for kind, values in CHANGES.items():
        assert set(values) == {field.name for field in fields(kind)}, "a new field needs a line in CHANGES"
    one_changed = [changed(part, name) for part, kind in PARTS.items() for name in CHANGES[kind]]
    digests = {config.digest for config in [TrainConfig(), TrainConfig(seed=1), *one_changed]}
    assert len(digests) == 2 + len(one_changed)


def test_whole_and_floating_values_that_are_equal_share_a_digest():
    assert TrainingConfig(lr=1) == TrainingConfig(lr=1.0)
    assert TrainConfig(training=TrainingConfig(lr=1)).digest == TrainConfig(training=TrainingConfig(lr=1.0)).digest
    whole, floating = (ObjectiveConfig(name="eae", entropy_weight=weight) for weight in (1, 1.0))
    assert SweepConfig(objectives=(whole,)).digest == SweepConfig(objectives=(floating,)).digest


def test_grid_order_the_last_axis_varies_fastest():
    grid = SweepConfig(
        widths=(8, 4),
        channels=(2, 3),
        depths=(4, 5),
        seeds=(1, 0),
        objectives=(ObjectiveConfig(), ObjectiveConfig(name="eae", entropy_weight=1.0)),
    )
    found = [(c.objective.name, c.model.depth, c.model.channels, c.model.width, c.seed) for c in grid.configs()]
    expected = [
        (objective, depth, channels, width, seed)
        for objective in ("ae", "eae")
        for depth in (4, 5)
        for channels in (2, 3)
        for width in (8, 4)
        for seed in (1, 0)
    ]
    assert found == expected


def test_grid_keeps_everything_else_of_its_base():
    base = replace(OTHER, objective=ObjectiveConfig())
    for config in SweepConfig(base=base).configs():
        assert (config.data, config.training, config.model.init) == (base.data, base.training, "keras")


def test_labels_tell_objectives_apart():
    labels = [
        ObjectiveConfig().label,
        ObjectiveConfig(name="eae", entropy_weight=0.05).label,
        ObjectiveConfig(name="eae", entropy_weight=1.0, neighbours=2).label,
        ObjectiveConfig(name="eae", entropy_weight=1.0, entropy_map=8).label,
        ObjectiveConfig(name="rae-l2", code_weight=1e-4, kernel_weight=1e-7).label,
    ]
    assert labels == ["ae", "eae-0.05", "eae-1-k2", "eae-1-map8", "rae-l2-0.0001"]


def test_scales_name_fields_and_the_default_scale_is_the_default_configuration():
    laptop = SCALES["laptop"]
    default = TrainConfig()
    assert laptop["channels"] == default.model.channels
    assert laptop["init"] == default.model.init
    assert (laptop["epochs"], laptop["lr"]) == (default.training.epochs, default.training.lr)
    assert all(scale.keys() == laptop.keys() for scale in SCALES.values())
