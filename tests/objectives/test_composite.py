"""Every autoencoder's loss: the sum it claims to be, gradients by finite differences, what it draws and records."""

import dataclasses

import pytest
import torch
from tiny import central_differences, finite, generator, squared_error_by_loops, tiny_net
from torch import nn

from gausslab.config import TERMS, ModelConfig, ObjectiveConfig, TrainConfig
from gausslab.objectives import Batch, build, build_composite, errors
from gausslab.objectives.passes import forward_pass

AUTOENCODERS = [name for name in TERMS if name != "classifier"]
WEIGHTS = {"entropy": 0.7, "code": 0.3, "kl": 0.2, "mmd": 3.0, "sigreg": 0.5, "free_energy": 0.1, "gradient": 0.4}
WEIGHTS["kernel"] = 0.05


def composed(name, **options):
    weights = {f"{term}_weight": WEIGHTS[term] for term in TERMS[name]}
    return ObjectiveConfig(name=name, **({"kernel_scope": "all"} | weights | options))


def net_for(config, **options):
    spread = "learned" if config.has("kl") else None
    return tiny_net(spread=spread, learned_error_sd=config.error == "likelihood", **options)


def test_ae_is_the_squared_error_of_the_network():
    model, images = tiny_net()
    loss = build(TrainConfig())(model, Batch(images), generator())
    expected = squared_error_by_loops(images, model(images))
    assert loss.total.item() == pytest.approx(expected, rel=1e-12)
    assert {name: part.item() for name, part in loss.parts.items()} == {"reconstruction": loss.total.item()}


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_total_is_the_weighted_sum_of_the_parts_that_are_recorded(name):
    config = composed(name, error_weight=1.5)
    model, images = net_for(config, images=12)
    loss = build_composite(config, 3, seed=0)(model, Batch(images), generator())
    parts = {part: value.item() for part, value in loss.parts.items()}
    expected = 1.5 * parts.pop("reconstruction")
    for part, value in parts.items():
        expected += (-1 if part == "entropy" else 1) * WEIGHTS[part] * value
    assert set(parts) == set(TERMS[name])
    assert loss.total.item() == pytest.approx(expected, rel=1e-12)
    assert not any(part.requires_grad for part in loss.parts.values())


@pytest.mark.parametrize(
    ("name", "error"),
    [*((name, "sum") for name in AUTOENCODERS), ("vae", "channel-mean"), ("vae", "likelihood"), ("rae-gp", "mean")],
)
def test_gradients_by_finite_differences(name, error):
    """Every weight moved by 1e-6 either way, too little to change a neighbour: error of order 1e-9 in float64."""
    config = composed(name, error=error)
    model, images = net_for(config)
    objective = build_composite(config, 3, seed=0)
    objective(model, Batch(images), generator()).total.backward()

    def total():
        with torch.enable_grad():
            return objective(model, Batch(images), generator()).total.item()

    parameters = list(model.parameters())
    for parameter, expected in zip(parameters, central_differences(total, parameters), strict=True):
        torch.testing.assert_close(parameter.grad, expected.double(), rtol=2e-6, atol=2e-6)


def test_a_term_without_weight_is_left_out_unless_the_objective_is_named_after_it():
    assert list(build_composite(ObjectiveConfig(name="eae"), 3, 0).terms) == ["entropy"]
    assert list(build_composite(ObjectiveConfig(name="rae-gp"), 3, 0).terms) == ["code"]
    assert list(build_composite(ObjectiveConfig(name="rae-gp", gradient_weight=1.0), 3, 0).terms) == [
        "code",
        "gradient",
    ]


def test_likelihood_without_a_learned_sd_is_refused():
    from gausslab.errors import ConfigError

    model, images = tiny_net()
    with pytest.raises(ConfigError, match="needs a network that learns"):
        build_composite(ObjectiveConfig(error="likelihood"), 3, 0)(model, Batch(images), generator())


def test_duplicates_are_finite_in_value_and_gradient():
    model, images = tiny_net(images=4, bottleneck=nn.Identity())
    loss = build_composite(composed("eae"), 3, 0)(model, Batch(images[[0, 0, 0, 1, 2, 3]]), generator())
    loss.total.backward()
    assert finite(model, loss)


def test_all_images_equal_is_finite():
    """A batch norm of a constant batch gives zeros: every distance is nought."""
    model, images = tiny_net()
    loss = build_composite(composed("eae"), 3, 0)(model, Batch(images[:1].expand(6, -1, -1, -1)), generator())
    loss.total.backward()
    assert finite(model, loss)


def test_input_noise_is_clipped_at_its_sd_seen_by_the_encoder_alone_and_absent_in_evaluation():
    model, images = tiny_net(images=40)
    seen = forward_pass(model, Batch(images), generator(), input_noise=0.01)
    noise = (seen.inputs - images).abs()
    assert 0.005 < noise.mean() < noise.max() <= 0.01 + 1e-15
    assert torch.equal(seen.images, images)
    assert torch.equal(forward_pass(model.eval(), Batch(images), generator(), input_noise=0.01).inputs, images)


def test_what_is_drawn_depends_on_the_generator_alone():
    config = composed("info-vae")
    model, images = net_for(config)
    objective = build_composite(config, 3, 0)
    totals = [objective(model, Batch(images), generator(seed)).total.item() for seed in (0, 0, 1)]
    assert totals[0] == totals[1] != totals[2]


def test_error_scale_is_the_configurations():
    model, images = tiny_net()
    for scale, function in errors.SCALES.items():
        loss = build_composite(ObjectiveConfig(error=scale), 3, 0)(model, Batch(images), generator())
        assert loss.total.item() == pytest.approx(function(images, model(images)).item(), rel=1e-12)


def test_the_entropys_map_is_fixed_by_the_runs_seed():
    config = TrainConfig(
        model=ModelConfig(width=3), objective=ObjectiveConfig(name="eae", entropy_weight=1.0, entropy_map=2)
    )
    maps = [build(dataclasses.replace(config, seed=seed)).terms["entropy"][1].projection for seed in (0, 0, 1)]
    assert maps[0].shape == (3, 2)
    assert torch.equal(maps[0], maps[1])
    assert not torch.equal(maps[0], maps[2])
