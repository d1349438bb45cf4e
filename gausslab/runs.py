"""The run directory: what lies in it, who may write to it, and when it is finished.

config.json         what the run is
provenance.json     where it came from, how long it took
checkpoint.pt       the weights with the lowest validation loss: give this one to `gausslab probe`
last.pt             everything the training loop needs to go on
history.csv         losses by epoch
measurements.csv    the run's rows of the tidy table
samples.png         images decoded from N(0, I)
reconstructions.png test images above their reconstructions
done                empty; written last
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from gausslab.config import TrainConfig
from gausslab.errors import ConfigError, RunError
from gausslab.files import write_atomically
from gausslab.serialisation import from_json, to_json


class Run:
    """One run directory.

    Attributes:
        path: the directory.
        config: what the run is.
    """

    def __init__(self, path: Path, config: TrainConfig) -> None:
        self.path = path
        self.config = config
        self.config_file = path / "config.json"
        self.provenance_file = path / "provenance.json"
        self.checkpoint_file = path / "checkpoint.pt"
        self.state_file = path / "last.pt"
        self.history_file = path / "history.csv"
        self.measurements_file = path / "measurements.csv"
        self.samples_file = path / "samples.png"
        self.reconstructions_file = path / "reconstructions.png"
        self.done_file = path / "done"

    @classmethod
    def create(cls, root: Path, config: TrainConfig) -> "Run":
        """The run of `config` under `root`, new or as an earlier session left it.

        Raises:
            RunError: the directory holds another configuration, or cannot be written.
        """
        run = cls(root / config.run_name, config)
        try:
            run._claim()
        except OSError as error:
            raise RunError(f"cannot write the run directory {run.path}: {error.strerror or error}") from None
        return run

    @classmethod
    def open(cls, path: Path) -> "Run":
        """A run that exists.

        Raises:
            RunError: there is none, or its configuration cannot be read.
        """
        try:
            return cls(path, from_json(TrainConfig, (path / "config.json").read_text()))
        except (OSError, ConfigError, UnicodeDecodeError) as error:
            raise RunError(f"{path} is not a run directory: {error}") from None

    def _claim(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.config_file.exists():
            write_atomically(self.config_file, to_json(self.config).encode())
        elif Run.open(self.path).config != self.config:
            raise RunError(f"{self.path} holds the run of another configuration; choose another --out")

    @property
    def is_done(self) -> bool:
        """Whether the run was trained, measured and written to its end."""
        return self.done_file.exists()

    def finish(self) -> None:
        """Mark the run as finished."""
        write_atomically(self.done_file, b"")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process alone; the lock ends with the process, however it ends.

        Raises:
            RunError: another process is at work in the directory.
        """
        with exclusive(self.path):
            yield


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone, without the temporary files of one that was killed while it wrote.

    Raises:
        RunError: another process holds it.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(f"another process is at work in {folder}; wait for it or stop it") from None
    try:
        for leftover in folder.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)
        yield
    finally:
        lock.release()
