"""Attacks by name: what is written, what is meant, what is refused."""

import pytest

from gausslab.adversarial.specs import FAMILIES, NAMES, SUITE, AttackSpec, Effort, parse_attacks
from gausslab.errors import ConfigError

FAMILY = {
    "ddn": "minimal",
    "cw": "minimal",
    "cw:5": "confident",
    "fgsm:0.03": "fixed budget",
    "pgd-l2-targeted:1.5": "targeted",
    "noise": "control",
    "noise:1.5": "control",
    "midpoint": "control",
    "radial-linf:0.1": "radial",
    "adaptive:1.5": "adaptive",
}


def test_the_suite_has_every_attack_and_every_family_and_reads_itself_back():
    specs = parse_attacks(SUITE)
    assert [str(spec) for spec in specs] == list(SUITE)
    assert {spec.name for spec in specs} == set(NAMES)
    assert {spec.family for spec in specs} == set(FAMILIES)
    assert len({spec.label for spec in specs}) == len(specs)


@pytest.mark.parametrize(("text", "family"), FAMILY.items())
def test_families(text, family):
    assert AttackSpec.parse(text).family == family


def test_what_attacks_need():
    assert [text for text in FAMILY if not AttackSpec.parse(text).needs_labels] == [
        *("noise", "noise:1.5", "midpoint", "radial-linf:0.1")
    ]
    assert [text for text in FAMILY if AttackSpec.parse(text).needs_norms] == ["noise"]
    assert AttackSpec.parse("pgd-linf:0.1").norm == "linf"
    assert AttackSpec.parse("cw:0") == AttackSpec.parse("cw") == AttackSpec(name="cw")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dnd", "unknown attack 'dnd'; did you mean 'ddn'. choices: ddn, deepfool, cw, fgsm"),
        ("fmn", "unknown attack 'fmn'; choices: ddn"),
        ("fgsm", "attack 'fgsm' needs a size, for example fgsm:0.1"),
        ("pgd-l2:", "attack 'pgd-l2:': expected a number after the colon, got ''"),
        ("pgd-l2:big", "expected a number after the colon, got 'big'"),
        ("ddn:3", "attack 'ddn' takes no number, got 3"),
        ("midpoint:1", "attack 'midpoint' takes no number"),
        ("fgsm:2", "attack 'fgsm': size must be above 0 and at most 1, got 2"),
        ("pgd-l2:-1", "attack 'pgd-l2': size must be above 0, got -1"),
        ("pgd-l2:inf", "size must be above 0, got inf"),
        ("radial-l2:nan", "size must be above 0, got nan"),
        ("cw:-1", "attack 'cw': kappa must be above 0, got -1"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(ConfigError, match=message):
        AttackSpec.parse(text)


def test_the_same_attack_twice_is_refused():
    with pytest.raises(ConfigError, match=r"attack 'pgd-l2:1\.5' is given twice"):
        parse_attacks(["pgd-l2:1.5", "ddn", "pgd-l2:1.50"])


def test_effort():
    with pytest.raises(ConfigError, match="cw_steps must be at least 1, got 0"):
        Effort(cw_steps=0)
