"""What grids of runs have in common: a directory that one process holds, a plan in it, jobs side by side."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

from gausslab.config import TrainConfig
from gausslab.errors import ConfigError, GausslabError, RunError
from gausslab.files import write_atomically
from gausslab.runs import exclusive
from gausslab.serialisation import digest, from_json, to_json
from gausslab.workers import Outcome


@runtime_checkable
class Grid(Protocol):
    """A configuration of many runs."""

    def configs(self) -> Iterable[TrainConfig]:
        """The runs."""


Plan = TypeVar("Plan")


@dataclass(frozen=True)
class GridFolder(Generic[Plan]):
    """The directory of a grid, which keeps what another grid left there.

    Attributes:
        path: the directory.
        kind: the plan's class.
        name: of the file that holds the plan.
        current: names of the present grid's table and pictures; those of earlier ones end in a digest.
    """

    path: Path
    kind: type[Plan]
    name: str
    current: re.Pattern[str]

    @contextmanager
    def claimed(self, plan: Plan) -> Iterator[None]:
        """Hold the directory for this plan alone, with the plan in it.

        Raises:
            RunError: it cannot be written, another process holds it, or the plan in it is damaged.
        """
        with ExitStack() as held:
            with self.writing():
                self.path.mkdir(parents=True, exist_ok=True)
                held.enter_context(exclusive(self.path))
                self._put_aside(plan)
                write_atomically(self.path / self.name, to_json(plan).encode())
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What cannot be written is told in a line."""
        try:
            yield
        except OSError as error:
            raise RunError(f"cannot write {error.filename or self.path}: {error.strerror or error}") from None

    def read(self) -> Plan:
        """The plan in the directory.

        Raises:
            RunError: there is none, or it is damaged.
        """
        file = self.path / self.name
        try:
            return from_json(self.kind, file.read_text())
        except OSError as error:
            raise RunError(f"cannot read {file}: {error.strerror or error}") from None
        except (ConfigError, UnicodeDecodeError) as error:
            raise RunError(f"{file} is damaged ({error}); choose another --out, or delete that file") from None

    def _put_aside(self, plan: Plan) -> None:
        """Rename the table and pictures of another grid; its plan last, so that a second try ends the first."""
        file = self.path / self.name
        if not file.exists() or (before := self.read()) == plan:
            return
        stale = [path for path in self.path.iterdir() if path.is_file() and self.current.fullmatch(path.name)]
        for path in [*stale, file]:
            path.rename(self.path / f"{path.stem}-{digest(before)}{path.suffix}")


def default_jobs(grid: Grid) -> int:
    """`jobs_for` the grid's runs."""
    return jobs_for(list(grid.configs()))


def jobs_for(configs: Sequence[TrainConfig]) -> int:
    """As many single runs side by side as the processor has cores for: faster than one run on all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    training = configs[0].training
    return 1 if training.device != "cpu" else max(1, min(cores // training.threads, len(configs)))


def failures_of(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The runs that failed.

    Raises:
        GausslabError: all of them did; RuntimeError, with a traceback, if the first of them is a bug.
    """
    failures = tuple(outcome for outcome in outcomes if outcome.error is not None)
    if len(failures) < len(outcomes):
        return failures
    first = failures[0]
    if first.details:
        raise RuntimeError(f"no run ended well; the first failure:\n{first.details}")
    raise GausslabError(f"no run ended well; the first failure: {first.error}")
