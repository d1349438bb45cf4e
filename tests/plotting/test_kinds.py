from gausslab.plotting.kinds import KINDS, OTHER, kind_of
from gausslab.presets import ROWS


def test_every_row_of_the_comparison_has_a_kind():
    assert [name for name in ROWS if kind_of(name) == OTHER] == []


def test_a_variant_is_of_its_rows_kind():
    for name in ROWS:
        assert kind_of(f"{name} weight 0.05, batch 25") == kind_of(name)


def test_names_that_only_begin_alike_are_others():
    assert {kind_of(name) for name in ("aether", "eaex", "vaevae", "")} == {OTHER}


def test_kinds_are_told_apart_with_and_without_colour():
    assert len({kind.marker for kind in KINDS}) == len({kind.color for kind in KINDS}) == len(KINDS)
