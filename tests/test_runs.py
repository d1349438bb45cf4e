"""The run directory: one configuration, one process, nothing half-written."""

import errno
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from gausslab import files
from gausslab.config import TrainConfig
from gausslab.errors import RunError
from gausslab.runs import Run
from gausslab.serialisation import to_json

CONFIG = TrainConfig()


def test_create_writes_the_configuration_and_open_reads_it(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    assert run.path == tmp_path / CONFIG.run_name
    assert [path.name for path in run.path.iterdir()] == ["config.json"]
    assert Run.open(run.path).config == CONFIG


def test_creating_again_changes_nothing(tmp_path):
    before = Run.create(tmp_path, CONFIG).config_file.stat()
    after = Run.create(tmp_path, CONFIG).config_file.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_done_is_written_by_finish_alone(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    assert not run.is_done
    run.finish()
    assert run.is_done
    assert Run.open(run.path).is_done


def test_another_configuration_is_refused(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    other = to_json(replace(CONFIG, seed=5))
    run.config_file.write_text(other)
    with pytest.raises(RunError, match="holds the run of another configuration; choose another --out"):
        Run.create(tmp_path, CONFIG)
    assert run.config_file.read_text() == other


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"sed": 1}', b"\xff\xfe", b'{"data": {"name": 3}}'])
@pytest.mark.usefixtures("unchecked")
def test_damaged_configuration_is_one_line(tmp_path, content):
    run = Run.create(tmp_path, CONFIG)
    run.config_file.write_bytes(content)
    for use in (lambda: Run.create(tmp_path, CONFIG), lambda: Run.open(run.path)):
        with pytest.raises(RunError, match="is not a run directory") as caught:
            use()
        assert "\n" not in str(caught.value)
    assert run.config_file.read_bytes() == content


def test_absent_run_is_one_line(tmp_path):
    with pytest.raises(RunError, match="is not a run directory"):
        Run.open(tmp_path / "none")


def test_a_file_in_place_of_the_directory(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"mine")
    with pytest.raises(RunError, match=r"cannot write the run directory .*blocked") as caught:
        Run.create(blocked, CONFIG)
    assert "\n" not in str(caught.value)
    assert blocked.read_bytes() == b"mine"


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_unwritable_directory_is_one_line(tmp_path, monkeypatch, number):
    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(RunError) as caught:
        Run.create(tmp_path, CONFIG)
    expected = f"cannot write the run directory {tmp_path / CONFIG.run_name}: {os.strerror(number)}"
    assert str(caught.value) == expected


def test_lock_keeps_others_out_and_is_given_back(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    with run.locked():
        with pytest.raises(RunError, match="another process is at work in"), run.locked():
            pass
        assert try_to_lock(run) == "busy"
    assert try_to_lock(run) == "free"


def test_lock_is_given_back_after_an_exception(tmp_path):
    run = Run.create(tmp_path, CONFIG)
    with pytest.raises(ZeroDivisionError), run.locked():
        raise ZeroDivisionError
    with run.locked():
        pass


def try_to_lock(run: Run) -> str:
    """From another process."""
    program = (
        "import sys; from pathlib import Path; from gausslab.runs import Run; from gausslab.errors import RunError\n"
        "try:\n"
        "    with Run.open(Path(sys.argv[1])).locked(): print('free')\n"
        "except RunError: print('busy')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(run.path)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_lock_and_leftovers_of_a_killed_process(tmp_path):
    """Killed with -9 between writing a temporary file and renaming it, the lock held."""
    run = Run.create(tmp_path, CONFIG)
    program = (
        "import os, signal, sys; from pathlib import Path; from gausslab.runs import Run\n"
        "from gausslab.files import write_atomically\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with Run.open(Path(sys.argv[1])).locked(): write_atomically(Path(sys.argv[1]) / 'history.csv', b'half')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(run.path)], check=False)
    assert done.returncode == -9
    assert len(list(run.path.glob(".history.csv.*.tmp"))) == 1
    with run.locked():
        assert not list(run.path.glob(".*.tmp"))
    assert not run.history_file.exists()
