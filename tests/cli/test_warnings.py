"""What the commands say beside their tables of codes that hold more entropy than Gaussian ones; the tables are made."""

import pytest
from plotting.made import joint_rows, row

from gausslab.cli.comparison_table import print_comparison
from gausslab.cli.report import print_layers, print_sweep
from gausslab.tables import concat, to_frame

WEIGHT = "the entropy weight has moved the code past exact Gaussian samples, towards a thin shell"
NO_WEIGHT = "its samples keep further apart than exact Gaussian ones, as on a thin shell or between bounds"


def code(beyond, **given):
    """A code of 16 units: so many nats a unit beyond second order, 9 of 10 of them in the entropy gap."""
    rows = joint_rows(16, (0.001, 0.01, beyond), 0.4, 0.1, **given)
    rows += [row("moment_kl", "mean_scale", 0.016, n_units=16, **given)]
    return [*rows, row("reconstruction", "mse_per_element", 0.1, **given | {"layer": ""})]


def warnings_of(text):
    return [line.removeprefix("warning: ") for line in text.splitlines() if line.startswith("warning: ")]


def test_of_one_network_a_layer(capsys):
    """What `train` and `probe` print: the weight is named of the code it acts on, and of no other layer."""
    given = {"run": "eae", "model": "eae-1"}
    layers = [("encoder.0.1", -0.1), ("encoder.1.1", 0.1), ("bottleneck", -0.1)]
    print_layers(to_frame(row for name, beyond in layers for row in code(beyond, layer=name, **given)))
    first, second = warnings_of(capsys.readouterr().out)
    assert first.startswith(
        "encoder.0.1: over-entropised, 1.44 nats above Gaussian samples of the same size, radii spr"
    )
    assert first.endswith(f": {NO_WEIGHT}")
    assert second.startswith("bottleneck: over-entropised, 1.44 nats") and second.endswith(f": {WEIGHT}")


def test_of_a_foreign_network_no_weight_is_named(capsys):
    print_layers(to_frame(code(-0.1, run="net", model="ResNet", layer="bottleneck")))
    (only,) = warnings_of(capsys.readouterr().out)
    assert only.endswith(f": {NO_WEIGHT}")


def test_of_a_sweep_a_width_with_most_of_its_seeds(capsys):
    beyond = {(8, 0): -0.1, (8, 1): -0.1, (8, 2): 0.1, (16, 0): -0.1, (16, 1): 0.1, (16, 2): 0.1}
    rows = [
        each
        for (width, seed), value in beyond.items()
        for each in code(value, width=width, seed=seed, run=f"w{width}-s{seed}", model="eae-0.05")
    ]
    print_sweep(to_frame(rows))
    (only,) = warnings_of(capsys.readouterr().out)
    assert only.startswith("width 8: over-entropised, ") and only.endswith(f": {WEIGHT}")


def test_of_a_comparison_a_row(capsys):
    score = row("frechet_distance", "samples", 2.0, 1.0, layer="", n_samples=200)
    made = {"eae": code(-0.1, run="a", model="eae-1"), "cv-vae": code(0.1, run="b", model="cv-vae-0.039")}
    frames = [
        concat(
            [
                to_frame(rows).assign(sampler="", extractor=""),
                to_frame([score]).assign(sampler="isotropic", extractor="classifier"),
            ]
        ).assign(row=name)
        for name, rows in made.items()
    ]
    print_comparison(concat(frames), "mnist")
    (only,) = warnings_of(capsys.readouterr().out)
    assert only.startswith("eae: over-entropised, ") and only.endswith(f": {WEIGHT}")


@pytest.mark.parametrize("show", [print_layers, print_sweep])
def test_of_other_codes_nothing(show, capsys):
    show(to_frame(code(0.1, width=16, seed=0)))
    assert warnings_of(capsys.readouterr().out) == []
