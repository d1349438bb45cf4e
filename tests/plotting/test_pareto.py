"""The Pareto plot from a made table: points where the table says, and the front that nothing beats."""

import numpy as np
import pandas as pd
import pytest

from gausslab.errors import GausslabError
from gausslab.plotting.pareto import pareto


def made(values, seeds=(0, 1)):
    """values: row -> (reconstruction, {sampler: samples})."""
    shared = {"estimator": "frechet_distance", "extractor": "classifier", "null_mean": 0.5, "n_samples": 1000}
    rows = []
    for row, (reconstruction, samples) in values.items():
        for seed in seeds:
            rows.append(shared | {"row": row, "seed": seed, "statistic": "reconstructions", "sampler": "",
                                  "value": reconstruction + 0.1 * seed})  # fmt: skip
            rows += [
                shared | {"row": row, "seed": seed, "statistic": "samples", "sampler": name, "value": value}
                for name, value in samples.items()
            ]
    return pd.DataFrame(rows)


TABLE = made({"vae": (4.0, {"isotropic": 9.0, "gmm": 8.0}), "rae": (2.0, {"gmm": 6.0}), "eae": (1.0, {"gmm": 7.0})})


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].get_lines()}


def test_points_are_means_over_seeds_of_reconstructions_and_samples():
    found = lines(pareto(TABLE))
    np.testing.assert_allclose(sorted(found["gmm"].get_xdata()), [1.05, 2.05, 4.05])
    np.testing.assert_allclose(sorted(found["gmm"].get_ydata()), [6, 7, 8])
    np.testing.assert_allclose(found["isotropic"].get_ydata(), [9])


def test_the_front_is_what_no_other_beats_in_both():
    front = lines(pareto(TABLE))["best"]
    np.testing.assert_allclose(front.get_xdata(), [1.05, 2.05])
    np.testing.assert_allclose(front.get_ydata(), [7, 6])


def test_real_images_are_drawn_and_axes_name_the_extractor():
    figure = pareto(TABLE)
    assert lines(figure)["real images"].get_ydata()[0] == 0.5
    assert figure.axes[0].get_xlabel() == "FD(classifier) of reconstructions, 1,000 images"
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert texts == {"VAE", "RAE", "EAE"}


def test_a_rows_own_second_stage_decides_its_reconstruction():
    own = made({"2svae": (3.0, {"second-stage": 5.0})})
    through = own[own["statistic"] == "reconstructions"].assign(sampler="second-stage", value=9.0)
    found = lines(pareto(pd.concat([own, through])))
    np.testing.assert_allclose(found["second-stage"].get_xdata(), [9])


def test_a_table_without_scores_is_refused():
    with pytest.raises(GausslabError, match="no row with both samples and reconstructions scored"):
        pareto(TABLE[TABLE["statistic"] == "samples"])
