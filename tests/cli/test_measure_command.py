"""`gausslab measure` as a user calls it."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gausslab import files
from gausslab.cli import run
from gausslab.cli.battery import print_table
from gausslab.estimators import DEFAULT_ESTIMATORS, measure
from gausslab.estimators.measure import COLUMNS

QUICK = ["--estimators", "moment_kl", "radial_ks", "jarque_bera"]


def samples(count=80):
    array = np.random.default_rng(0).standard_normal((count, 3))
    array[:, 1] **= 3
    return array


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("codes.npy", samples())
    return tmp_path


def complaint(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gausslab: ")]
    assert len(lines) == 1
    return lines[0]


def test_results_on_stdout_and_progress_on_stderr(capsys):
    assert run(["measure", "codes.npy", *QUICK]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[0] == "codes.npy: 80 samples of 3 units"
    assert [f"{index}/3 {name}" for index, name in enumerate(QUICK[1:], 1)] == [
        line for line in printed.err.splitlines() if line[0].isdigit()
    ]
    for text in (
        "estimator",
        "statistic",
        "value",
        "standard_error",
        "null_mean",
        "p_value",
        "debiased",
        "worst units",
    ):
        assert text in printed.out
    assert "1 (p " in printed.out.split("worst units")[1]  # the cubed unit


def test_the_table_is_that_of_the_api(capsys):
    assert run(["measure", "codes.npy", *QUICK, "--out", "new/table.csv"]) == 0
    written = pd.read_csv("new/table.csv", dtype={"unit": str}, keep_default_na=False, na_values={"standard_error": ""})
    expected = measure(samples(), QUICK[1:])
    assert tuple(written.columns) == COLUMNS
    pd.testing.assert_frame_equal(written, expected, check_dtype=False, rtol=1e-15)
    assert "table: new/table.csv" in capsys.readouterr().out


def test_the_replicates_of_the_nulls_and_their_error_are_said(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path))  # a cache may have more
    # half of a p of .05 is a binomial share of 39 replicates: 2 sqrt(.025 * .975 / 39) = .050
    names = ["--estimators", "moment_kl", "energy", "jarque_bera", "kl_decomposition"]
    assert run(["measure", "codes.npy", *names, "--calibrate", "39"]) == 0
    told = capsys.readouterr().out.splitlines()
    lines = [line for line in told if line.startswith("Monte Carlo: B = ")]
    assert lines[0].startswith(
        "Monte Carlo: B = 39 replicates (column null_replicates), so p = 0.05 is known to ±0.05; "
    )
    assert lines[0].endswith("; a two-sided p is at least 2 / (B + 1).")
    assert lines[1].startswith("Monte Carlo: B = 20,000 replicates ")
    assert lines[2].startswith("Monte Carlo: B = 39 replicates ")  # of the decomposition
    assert len(lines) == 3


def test_the_decomposition_and_the_verdict_come_last(capsys):
    assert run(["measure", "codes.npy", "--estimators", "kl_decomposition", "radial_ks"]) == 0
    printed = capsys.readouterr().out
    assert "kl_decomposition" not in printed.split("null_mean, null_sd:")[0]
    assert printed.index("radial_ks") < printed.index("KL from N(0, I)")
    assert printed.splitlines()[-1].startswith("not Gaussian: ")


def test_against_laplaces_law(capsys):
    np.save("laplace.npy", np.random.default_rng(0).laplace(0, 1, (250, 2)))
    names = ["--estimators", "kl_decomposition", "radial_ks", "jarque_bera"]
    assert run(["measure", "laplace.npy", "--reference", "laplace", *names, "--out", "t.csv"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("laplace.npy against iid Laplace(0, 1): the whole code")
    assert "KL from iid Laplace(0, 1): " in told and "N(0, I)" not in told
    assert "All after the map of every unit from Laplace(0, 1) to N(0, 1)." in told
    verdict = told.splitlines()[-2]
    assert verdict.startswith("no evidence against iid Laplace(0, 1): ")
    assert verdict.endswith("; all after the map of every unit from Laplace(0, 1) to N(0, 1)")
    assert set(pd.read_csv("t.csv")["reference"]) == {"laplace"}
    assert run(["measure", "laplace.npy", *names, "--out", "t.csv"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[-2].startswith("not Gaussian: ") and "Laplace" not in told
    assert set(pd.read_csv("t.csv")["reference"]) == {"normal"}


def test_names_of_columns_are_shown(capsys):
    pd.DataFrame(samples(), columns=["hue", "size", "tilt"]).to_csv("codes.csv", index=False)
    assert run(["measure", "codes.csv", *QUICK]) == 0
    assert "size (p " in capsys.readouterr().out


def test_what_the_samples_do_not_allow_leaves_the_rest(capsys):
    np.save("repeated.npy", np.concatenate([samples(), samples()[:4]]))
    assert run(["measure", "repeated.npy", "--estimators", "knn_kl", "knn_entropy", "radial_ks"]) == 0
    printed = capsys.readouterr()
    assert "radial_ks" in printed.out and "knn_kl" not in printed.out
    assert "not measured: knn_kl, knn_entropy: 4 of 84 samples repeat an earlier one" in printed.err


def test_where_nothing_is_allowed_it_fails(capsys):
    np.save("few.npy", samples(3))
    assert run(["measure", "few.npy", "--estimators", "moment_kl", "--out", "table.csv"]) == 1
    assert "moment_kl: whitening needs more samples than units" in complaint(capsys)
    assert not Path("table.csv").exists()


def test_options_reach_the_estimators_that_have_them(capsys):
    np.save("repeated.npy", np.concatenate([samples(), samples()[:4]]))
    arguments = ["measure", "repeated.npy", "--estimators", "knn_entropy", "radial_ks", "--out", "t.csv"]
    assert run([*arguments, "--k", "3", "--duplicates", "drop"]) == 0
    expected = measure(samples(), "knn_entropy", k=3)
    assert pd.read_csv("t.csv")["value"].tolist()[:2] == pytest.approx(expected["value"].tolist(), rel=1e-12)


def test_calibrate_draws_laws_for_this_n_and_d(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("GAUSSLAB_CACHE", str(tmp_path / "cache"))
    for arguments, count in ((["--calibrate", "59"], 59), (["--calibrate"], 199)):
        assert run(["measure", *arguments, "codes.npy", "--estimators", "moment_kl", "--out", "t.csv"]) == 0
        assert pd.read_csv("t.csv")["p_value"].min() == pytest.approx(2 / (count + 1))


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((80, 3), "null laws are not shipped for n=80, d=3: those not yet in the cache are drawn, once"),
        ((300, 2), "null laws are interpolated to n=300 from those of other n"),
        ((250, 2), None),
    ],
)
def test_where_null_laws_are_not_exact_it_is_said(shape, text, capsys):
    np.save("normal.npy", np.random.default_rng(0).standard_normal(shape))
    assert run(["measure", "normal.npy", "--estimators", "moment_kl"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("null laws")]
    assert told == [] if text is None else told[0].startswith(text)


def test_the_list_teaches(capsys):
    assert run(["measure", "--list"]) == 0
    printed = capsys.readouterr().out
    for name in DEFAULT_ESTIMATORS:
        assert name in printed
    row = next(line for line in printed.splitlines() if "shapiro_wilk" in line)
    assert "Shapiro-Wilk test" in row and "each unit" in row and "composite" in row


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 2, "which FILE?"),
        (["absent.npy"], 1, "absent.npy: No such file"),
        (["--estimators", "moment_kl", "codes.npy"], 2, "which FILE? codes.npy was taken as the name of an estimator"),
        (["--estimators", "moment_kl", "none.npy", "--k", "3"], 2, "put FILE before --estimators"),
        (["--estimators", "moment_kl"], 2, "which FILE? gausslab measure codes.npy, or gausslab measure --list"),
        (["codes.npy", "--estimators", "shapiro"], 2, "unknown estimator 'shapiro'; did you mean 'shapiro_wilk'"),
        (["codes.npy", "--estimators", "radial_ks", "--k", "3"], 2, "unknown option 'k'"),
        (["codes.npy", "--estimators", "knn_kl", "--k", "0"], 2, "k must be at least 1"),
        (["codes.npy", "--duplicates", "dropp"], 2, "did you mean 'drop'"),
        (["absent.npy", "--reference", "laplac"], 2, "unknown reference law 'laplac'; did you mean 'laplace'"),
        (["codes.npy", "--calibrate", "10"], 2, "at least 39 replicates"),
        (["codes.npy", "--calibrate", "ten"], 2, "unexpected extra argument"),
        (["codes.npy", "--key", "a", *QUICK], 2, "codes.npy"),
        (["codes.npy", "--threads", "0"], 2, "--threads"),
        (["codes.npy", *QUICK, "--out", "."], 1, "cannot write .: it is a folder"),
        (["codes.npy", *QUICK, "--out", "codes.npy/t.csv"], 1, "cannot write codes.npy/t.csv"),
    ],
)
def test_mistakes_are_one_line(arguments, code, text, capsys):
    assert run(["measure", *arguments]) == code
    assert text in complaint(capsys)


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (np.where(samples() > 2, np.nan, samples()), "measure: expected finite values, got NaN or infinity"),
        (samples() * [1, 0, 1], "measure: expected units that vary, got 1 constant of 3: 1"),
    ],
)
def test_samples_that_cannot_be_used_are_one_line(bad, text, capsys):
    np.save("bad.npy", bad)
    assert run(["measure", "bad.npy"]) == 1
    assert text in complaint(capsys)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_table(error, monkeypatch, capsys):
    Path("table.csv").write_text("old")

    def fail(*_):
        raise error

    monkeypatch.setattr(files.os, "fsync", fail)
    code = run(["measure", "codes.npy", "--estimators", "radial_ks", "--out", "table.csv"])
    assert code == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert Path("table.csv").read_text() == "old"
    assert {path.name for path in Path().iterdir()} == {"codes.npy", "table.csv"}
    assert complaint(capsys)


def test_a_folder_that_is_read_only_is_told_before_anything_is_measured(monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run(["measure", "absent.npy", "--out", "t.csv"]) == 1
    assert "cannot write t.csv: Permission denied" in complaint(capsys)


def test_tests_of_units_alone_have_their_table_alone(capsys):
    print_table(measure(samples(), ["jarque_bera", "shapiro_wilk"]), "codes")
    printed = capsys.readouterr().out
    assert "single units" in printed and "codes: the whole code" not in printed


def test_help_teaches(capsys):
    assert run(["measure", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "gausslab measure codes.npy --estimators" in text and "exact Gaussian samples" in text
