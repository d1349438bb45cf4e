"""Runs side by side: one process a job, each with its own pipe, none of which outlives the process that started it."""

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import NoReturn

from gausslab.config import TrainConfig
from gausslab.errors import GausslabError
from gausslab.experiments import perform
from gausslab.runs import Run
from gausslab.training import Progress, Reporter

_REPORT_SECONDS = 0.2
Work = Callable[[Run, Reporter], tuple[str, ...]]
"""What is done with a run, until it is done: its remarks come back. Goes to other processes, so it must pickle."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        config: the run.
        error: one line if it failed, else None.
        details: a traceback if the failure is a bug, else empty.
        remarks: what could not be measured although the run ended well.
    """

    config: TrainConfig
    error: str | None = None
    details: str = ""
    remarks: tuple[str, ...] = ()


def run_all(
    configs: Iterable[TrainConfig],
    root: Path,
    jobs: int,
    report: Reporter,
    ended: Callable[[Outcome], None],
    work: Work | None = None,
) -> list[Outcome]:
    """Perform every run under `root`, `jobs` at a time; one that fails does not stop the others.

    Args:
        configs: what to run.
        root: where the run directories go.
        jobs: processes; with 1 everything happens in this one.
        report: called with the progress of each run a few times a second.
        ended: called when a run ends, in whatever order they do.
        work: what is done with each; None is `perform`.

    Returns:
        The outcomes, in the order of `configs`.
    """
    waiting = list(configs)
    outcomes = _in_turn(waiting, root, report, work) if jobs == 1 else _side_by_side(waiting, root, jobs, report, work)
    found: dict[TrainConfig, Outcome] = {}
    for outcome in outcomes:
        found[outcome.config] = outcome
        ended(outcome)
    return [found[config] for config in waiting]


def perform_safely(config: TrainConfig, root: Path, report: Reporter, work: Work | None = None) -> Outcome:
    """Perform one run; whatever goes wrong becomes part of its outcome."""
    try:
        remarks = (work or perform)(Run.create(root, config), _throttled(report))
    except GausslabError as error:
        return Outcome(config, str(error))
    except Exception as error:  # a bug in one run must not take the others with it; the caller shows the traceback
        return Outcome(config, f"{config.run_name}: {type(error).__name__}: {error}", traceback.format_exc())
    return Outcome(config, remarks=remarks)


def _in_turn(configs: list[TrainConfig], root: Path, report: Reporter, work: Work | None) -> Iterator[Outcome]:
    return (perform_safely(config, root, report, work) for config in configs)


def _side_by_side(
    configs: list[TrainConfig], root: Path, jobs: int, report: Reporter, work: Work | None
) -> Iterator[Outcome]:
    waiting = deque(configs)
    with _staff(min(jobs, len(configs)), root, work) as workers:
        for worker in workers:
            worker.give(waiting)
        while busy := {worker.connection: worker for worker in workers if worker.config is not None}:
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                message = worker.receive()
                if isinstance(message, Progress):
                    report(message)
                    continue
                yield message
                worker.give(waiting)


@contextmanager
def _staff(number: int, root: Path, work: Work | None) -> Iterator[list["_Worker"]]:
    workers = [_Worker(root, work) for _ in range(number)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()


class _Worker:
    """A process that performs one run after another."""

    def __init__(self, root: Path, work: Work | None = None) -> None:
        self._root = root
        self._work = work
        self.config: TrainConfig | None = None
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a forked torch may deadlock in its thread pools
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, self._root, self._work), daemon=True)
        with _interrupts_ignored():
            self.process.start()
        theirs.close()

    def give(self, waiting: deque[TrainConfig]) -> None:
        """Hand over the next run, if there is one."""
        self.config = waiting.popleft() if waiting else None
        if self.config is not None:
            with suppress(OSError):  # it died while it was idle; `receive` will notice
                self.connection.send(self.config)

    def receive(self) -> Progress | Outcome:
        """The next message; a worker that died is replaced, and its run has failed."""
        assert self.config is not None
        try:
            message: Progress | Outcome = self.connection.recv()
        except (EOFError, OSError):  # at its end, or in the middle of a message
            self.connection.close()
            self.process.join()
            code = self.process.exitcode
            failed = Outcome(
                self.config, f"{self.config.run_name}: its process died (exit code {code}); out of memory?"
            )
            self._start()
            return failed
        return message


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process started in here ignores Ctrl-C, which reaches the whole group, from its first moment on."""
    if threading.current_thread() is not threading.main_thread():  # only there can a handler be set
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(connection: Connection, root: Path, work: Work | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C ends
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        while True:
            connection.send(perform_safely(connection.recv(), root, connection.send, work))
    except (EOFError, OSError):  # the parent has gone
        os._exit(1)


def _stop(*_: object) -> NoReturn:
    """End as after an exception: a file that is being written leaves nothing behind."""
    raise SystemExit(1)


def _die_with_parent() -> None:
    """A parent killed with -9 cannot stop its children: they watch it instead."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _throttled(report: Reporter) -> Reporter:
    """At most five reports a second, the last step always."""
    last = 0.0

    def throttled(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > _REPORT_SECONDS or progress.step == progress.steps:
            last = now
            report(progress)

    return throttled
