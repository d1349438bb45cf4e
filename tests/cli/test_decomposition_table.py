"""The decomposition in the terminal."""

import re

import pytest
from plotting.made import row

from gausslab.cli.decomposition import bars, print_decomposition
from gausslab.errors import GausslabError
from gausslab.parts import decomposition
from gausslab.tables import to_frame

NAMES = ("mean_scale", "correlation", "marginal_negentropy", "dependence")


def code(values, **given):
    given = {"null_mean": 0.0, "null_sd": 0.05, "standard_error": 0.1, "p_value": 0.02, "n_units": 16} | given
    parts = [row("kl_decomposition", name, value, **given) for name, value in zip(NAMES, values, strict=True)]
    return [row("kl_decomposition", "total", sum(values), **given), *parts]


def printed(rows, capsys):
    print_decomposition(to_frame(rows))
    return capsys.readouterr().out


def test_a_row_a_part(capsys):
    text = printed(code((0.6, 5.2, 1.5, -0.2)), capsys)
    assert text.startswith("KL from N(0, I): of 7.1 nats, 5.2 are correlation")
    assert re.search(r"correlation +5\.20 +5\.00 to 5\.40 +0\.05 +0\.02 +73%  +█+\s*$", text, re.MULTILINE)
    assert re.search(r"dependence +-0\.20 +-0\.40 to 0\.00 +0\.05 +0\.02 +-3%  +▒\s*$", text, re.MULTILINE)
    assert re.search(r"total +7\.10 +6\.90 to 7\.30 +0\.05 +0\.02 +100%  +█+\s*$", text, re.MULTILINE)
    assert "1,000 samples of 16 units. Above 4 units dependence, and so the sum, is a test and no measure." in text


def test_each_bar_begins_where_the_one_before_ended():
    found = bars(decomposition(to_frame(code((1.0, 2.0, 1.0, -2.0)))))
    spans = [(len(bar) - len(bar.lstrip()), len(bar)) for bar in found]
    assert spans[0][0] == 0 and spans[2][1] == 30
    assert spans[1][0] == spans[0][1] and spans[2][0] == spans[1][1]
    assert spans[3] == (15, 30) and set(found[3].strip()) == {"▒"}


def test_what_is_known_beside_it_is_told(capsys):
    bound = row("kl_lower_bound", "statistic", 6.3, standard_error=0.1)
    winner = row("kl_lower_bound", "winner=elliptical", 6.3)
    units = [row("negentropy", "statistic", 0.1 * unit, unit=str(unit)) for unit in range(7)]
    text = printed([*code((0.6, 5.2, 1.5, -0.2)), bound, winner, *units], capsys)
    assert "Held-out lower bound: at least 6.3 nats [6.1, 6.5], by elliptical." in text
    assert "Least Gaussian units: 6 (0.60), 5 (0.50), 4 (0.40), 3 (0.30), 2 (0.20)." in text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((0.0, 0.05, 0.0, 0.0), "0.05 nats, not told from N(0, I)"),
        ((0.0, 0.0, 0.0, -0.6), "-0.60 nats, which no divergence can be: a test, no measure"),
        ((0.0, 0.0, 1.1, -0.4), "0.70 nats: 1.10 non-Gaussian units, -0.40 dependence"),
        ((0.3, 0.2, 0.0, 0.1), "of 0.60 nats, 0.30 are mean and scale"),
    ],
)
def test_the_sentence(values, sentence):
    assert decomposition(to_frame(code(values))).sentence == sentence


def test_what_it_was_measured_against_is_told(capsys):
    bound = row("kl_lower_bound", "statistic", 0.0, standard_error=0.1, reference="laplace")
    winner = row("kl_lower_bound", "winner=standard_normal", 0.0, reference="laplace")
    unit = row("negentropy", "statistic", 0.1, unit="0", reference="laplace")
    text = printed([*code((0.6, 0.2, 1.5, -0.2), reference="laplace"), bound, winner, unit], capsys)
    assert text.startswith("KL from iid Laplace(0, 1): of 2.1 nats, 1.5 are shape of units")
    assert "All after the map of every unit from Laplace(0, 1) to N(0, 1). Above 4 units dependence" in text
    assert "no held-out density does better than iid Laplace(0, 1)." in text
    assert "Least Gaussian units after the map: 0 (0.10)." in text
    assert "null sd: of exact Laplace(0, 1) samples of the same n and d" in text
    assert "N(0, I)" not in text and "non-Gaussian" not in text
    undecided = decomposition(to_frame(code((0.0, 0.05, 0.0, 0.0), reference="laplace")))
    assert undecided.sentence == "0.05 nats, not told from iid Laplace(0, 1)"


@pytest.mark.parametrize("said", ["normal", ""])
def test_against_the_normal_law_nothing_more_is_told(said, capsys):
    text = printed(code((0.6, 5.2, 1.5, -0.2), reference=said), capsys)
    assert text.startswith("KL from N(0, I): of 7.1 nats, 5.2 are correlation")
    assert "exact Gaussian samples" in text and "map" not in text


def test_a_share_of_nothing_is_not_told(capsys):
    assert "%" not in printed(code((0.0, 0.05, 0.0, 0.0)), capsys).replace("95% interval", "")


def test_tables_without_it_are_refused():
    with pytest.raises(GausslabError, match="expected a table with the rows of kl_decomposition: total, mean_scale, "):
        decomposition(to_frame([row("energy", "statistic", 1.0)]))
    mixed = [*code((0.0, 0.0, 0.0, 0.0), reference="laplace"), row("energy", "statistic", 1.0, reference="normal")]
    with pytest.raises(GausslabError, match="expected numbers of one reference law, got laplace, normal: choose one"):
        decomposition(to_frame(mixed))
    with pytest.raises(GausslabError, match="unknown reference law 'cauchy'; choices: normal, laplace"):
        decomposition(to_frame(code((0.0, 0.0, 0.0, 0.0), reference="cauchy")))
