"""How much is done and how long the rest takes."""

import pytest

from gausslab.cli import progress
from gausslab.cli.progress import Clock
from gausslab.config import TrainConfig
from gausslab.training import Progress
from gausslab.workers import Outcome

ONE, TWO = TrainConfig(seed=1), TrainConfig(seed=2)


@pytest.fixture
def now(monkeypatch):
    """A clock that the test moves."""
    seconds = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


def step(run, done, of=10):
    return Progress(run=run, epoch=0, epochs=1, step=done, steps=of, loss=1.0)


def test_the_rest_takes_as_long_as_what_was_done_says(now):
    clock = Clock([ONE.run_name, TWO.run_name])
    clock.moved(step(ONE.run_name, 0))
    now[0] = 30.0
    clock.moved(step(ONE.run_name, 5))
    assert (clock.done, clock.left()) == (0.5, "about 1:30 left")


def test_what_is_trained_beside_the_runs_is_not_counted(now):
    """A comparison's classifier once made the time left negative."""
    clock = Clock([ONE.run_name])
    clock.moved(step("classifier", 0))
    clock.moved(step("classifier", 10))
    assert (clock.done, clock.left()) == (0, "")
    clock.moved(step(ONE.run_name, 0))
    now[0] = 10.0
    clock.moved(step(ONE.run_name, 8))
    assert (clock.done, clock.left()) == (0.8, "about 0:02 left")


def test_runs_of_earlier_sessions_do_not_count_for_the_speed(now):
    clock = Clock([ONE.run_name, TWO.run_name])
    clock.ended(Outcome(config=ONE, error=None, details=""))
    clock.moved(step(TWO.run_name, 0))
    now[0] = 10.0
    clock.moved(step(TWO.run_name, 5))
    assert (clock.done, clock.left()) == (1.5, "about 0:10 left")
