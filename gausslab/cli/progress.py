"""Live progress of training runs on stderr: bars in a terminal, a line an epoch in a file."""

import sys
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from gausslab.cli.console import stderr
from gausslab.config import TrainConfig
from gausslab.training import Progress as Report
from gausslab.workers import Outcome


class Bars:
    """One bar a running run and one for all, with the time that is left."""

    def __init__(self, progress: Progress, runs: Collection[str]) -> None:
        self._progress = progress
        self._clock = Clock(runs)
        self._tasks: dict[str, TaskID] = {}
        self._all = progress.add_task("all runs", total=len(runs), state="starting")

    def report(self, progress: Report) -> None:
        """Move a run's bar."""
        if progress.run not in self._tasks:
            self._tasks[progress.run] = self._progress.add_task(progress.run, total=progress.steps, state="")
        state = f"epoch {progress.epoch + 1}/{progress.epochs}  loss {progress.loss:.4g}"
        self._progress.update(self._tasks[progress.run], completed=progress.step, state=state)
        self._clock.moved(progress)
        self._progress.update(self._all, completed=self._clock.done, state=self._clock.left())

    def ended(self, outcome: Outcome) -> None:
        """Take a run's bar away, leaving a line."""
        task = self._tasks.pop(outcome.config.run_name, None)
        if task is not None:
            self._progress.remove_task(task)
        self._clock.ended(outcome)
        self._progress.update(self._all, completed=self._clock.done, state=self._clock.left())
        self._progress.console.print(_line(outcome), markup=False)


class Lines:
    """One line an epoch."""

    def __init__(self, runs: Collection[str]) -> None:
        self._clock = Clock(runs)
        self._epochs: dict[str, int] = {}

    def report(self, progress: Report) -> None:
        """Say so when a run enters another epoch."""
        self._clock.moved(progress)
        if self._epochs.get(progress.run) != progress.epoch:
            self._epochs[progress.run] = progress.epoch
            state = f"epoch {progress.epoch + 1}/{progress.epochs}  loss {progress.loss:.4g}"
            _say(f"{progress.run}  {state}  {self._clock.left()}")

    def ended(self, outcome: Outcome) -> None:
        """Say that a run ended."""
        self._clock.ended(outcome)
        _say(_line(outcome))


class Clock:
    """How many runs are done, in fractions, and how long the rest will take at the speed so far.

    What else is trained beside them, such as a comparison's classifier, is shown and not counted.
    """

    def __init__(self, runs: Collection[str]) -> None:
        self._runs = frozenset(runs)
        self._start = time.monotonic()
        self._first: dict[str, float] = {}
        self._now: dict[str, float] = {}
        self._ended = 0

    def moved(self, progress: Report) -> None:
        """A run went on; what it had done before this session does not count for the speed."""
        if progress.run not in self._runs:
            return
        share = progress.step / progress.steps
        self._first.setdefault(progress.run, share)
        self._now[progress.run] = share

    def ended(self, outcome: Outcome) -> None:
        """A run ended."""
        self._ended += 1
        self._now.pop(outcome.config.run_name, None)
        if outcome.config.run_name not in self._first:
            self._first[outcome.config.run_name] = 1.0  # it was finished before this session

    @property
    def done(self) -> float:
        """Runs done, the running ones by their share."""
        return self._ended + sum(self._now.values(), 0.0)

    def left(self) -> str:
        """The time left, in words."""
        worked = self.done - sum(self._first.values())
        if worked <= 0:
            return ""
        seconds = (time.monotonic() - self._start) / worked * (len(self._runs) - self.done)
        minutes, rest = divmod(round(seconds), 60)
        return f"about {minutes}:{rest:02d} left"


@contextmanager
def live(configs: Iterable[TrainConfig]) -> Iterator[Bars | Lines]:
    """The display of these runs that suits stderr."""
    runs = [config.run_name for config in configs]
    if not sys.stderr.isatty():
        yield Lines(runs)
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=stderr(), transient=True) as progress:
        yield Bars(progress, runs)


def _line(outcome: Outcome) -> str:
    """How a run ended, and what could not be measured of it."""
    end = "done" if outcome.error is None else f"FAILED: {outcome.error}"
    return "\n".join([f"{outcome.config.run_name}  {end}", *(f"  not measured: {text}" for text in outcome.remarks)])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
