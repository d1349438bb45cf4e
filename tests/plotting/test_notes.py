import numpy as np
import pytest

from gausslab.plotting.notes import Note, write_beside
from gausslab.plotting.theme import new_figure, themed


@pytest.fixture
def axes():
    with themed():
        figure = new_figure(3.0, 3.0)
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        figure.draw_without_rendering()
        yield axes


def boxes(axes):
    """As matplotlib renders the texts, not as the module supposes, less the room for letters that hang lower."""
    return [text.get_window_extent().expanded(0.98, 0.66) for text in axes.texts]


def test_texts_neither_overlap_nor_leave_the_panel(axes):
    places = np.random.default_rng(0).uniform(size=(60, 2))
    write_beside(axes, [Note(x, y, f"{x:.2f}", "black") for x, y in places], [])
    found, panel = boxes(axes), axes.get_window_extent()
    assert 30 < len(found) < 60
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])
    assert all(panel.x0 <= box.x0 and box.x1 <= panel.x1 and panel.y0 <= box.y0 and box.y1 <= panel.y1 for box in found)


def test_a_text_stands_clear_of_points_and_lines(axes):
    line = np.array([(0.0, 0.5), (1.0, 0.5)])
    write_beside(axes, [Note(0.5, 0.5, "0.25", "black"), Note(0.5, 0.3, "1", "black")], [line])
    for box in boxes(axes):
        (_, low), (_, high) = axes.transData.inverted().transform([(box.x0, box.y0), (box.x1, box.y1)])
        assert not low < 0.5 < high


def test_the_first_notes_come_first_and_those_without_room_are_left_out(axes):
    write_beside(axes, [Note(0.5, 0.5, f"{i}.000", "black") for i in range(40)], [])
    assert [text.get_text() for text in axes.texts] == [f"{i}.000" for i in range(len(axes.texts))]
    assert 2 <= len(axes.texts) <= 8


def test_faint_points_decide_between_free_sides_and_forbid_none(axes):
    right = np.column_stack([np.linspace(0.52, 0.6, 9), np.full(9, 0.5)])
    write_beside(axes, [Note(0.5, 0.5, "RAE-GP", "black")], [], faint=right)
    write_beside(axes, [Note(0.5, 0.5, "RAE-GP", "black")], [], faint=np.random.default_rng(0).uniform(size=(4000, 2)))
    write_beside(axes, [Note(0.5, 0.5, "RAE-GP", "black")], [])
    assert [text.get_horizontalalignment() for text in axes.texts][::2] == ["right", "left"]
    assert len(axes.texts) == 3


def test_long_names_of_capitals_do_not_overlap(axes):
    places = np.random.default_rng(1).uniform(size=(40, 2))
    write_beside(axes, [Note(x, y, "WAE-MMD (ICLR)", "black") for x, y in places], [])
    found = boxes(axes)
    assert 5 < len(found) < 40
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])


def test_nothing_to_write(axes):
    write_beside(axes, [], [np.array([(0.1, 0.1), (0.2, 0.2)])])
    assert not axes.texts
