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


def points(figure):
    """Sampler -> means, as drawn."""
    return {
        axes.get_title("left"): next(c for c in axes.collections if c.get_gid() == "means").get_offsets().tolist()
        for axes in figure.axes
    }


def test_points_are_means_over_seeds_of_reconstructions_and_samples():
    found = points(pareto(TABLE))
    np.testing.assert_allclose(sorted(found["gmm"]), [[1.05, 7], [2.05, 6], [4.05, 8]])
    np.testing.assert_allclose(found["isotropic"], [[4.05, 9]])


def test_the_front_is_what_no_other_beats_in_both():
    for axes in pareto(TABLE).axes:
        (front,) = axes.get_lines()
        np.testing.assert_allclose(front.get_xydata(), [[1.05, 7], [2.05, 6]])


def test_rows_are_named_and_the_caption_names_extractor_number_and_what_real_images_score():
    figure = pareto(TABLE)
    assert [{text.get_text() for text in axes.texts} for axes in figure.axes] == [{"VAE"}, {"VAE", "RAE", "EAE"}]
    caption = figure.get_supxlabel()
    assert caption == "FD(classifier) of reconstructions; 1,000 images a score, as many real ones score 0.5"


def test_names_keep_apart_and_inside():
    """Twenty rows that all score the same."""
    table = made({f"row {index}": (1.0 + index, {"gmm": 5.0}) for index in range(20)} | {"far": (1.0, {"gmm": 50.0})})
    heights = sorted(text.xyann[1] for text in pareto(table).axes[0].texts)
    assert min(np.diff(heights)) > 0.03
    assert heights[-1] <= 1.0001


def test_a_rows_own_second_stage_decides_its_reconstruction():
    own = made({"2svae": (3.0, {"second-stage": 5.0})})
    through = own[own["statistic"] == "reconstructions"].assign(sampler="second-stage", value=9.0)
    np.testing.assert_allclose(points(pareto(pd.concat([own, through])))["second-stage"], [[9, 5]])


def test_a_table_without_scores_is_refused():
    with pytest.raises(GausslabError, match="no row with both samples and reconstructions scored"):
        pareto(TABLE[TABLE["statistic"] == "samples"])
