"""Where the output goes: full disks, readers that go away, and a script under the command line's rules."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gausslab.cli import guarded, run
from gausslab.errors import ConfigError

FULL = Path("/dev/full")


def gausslab(*arguments, stdout, **environment):
    command = [sys.executable, "-m", "gausslab", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=os.environ | environment)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["data", "list"], ["--help"], ["data", "info", "digits"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_line(arguments, unbuffered):
    with FULL.open("w") as full:
        done = gausslab(*arguments, stdout=full, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (1, "gausslab: cannot write the output: No space left on device\n")


@pytest.mark.parametrize("arguments", [["data", "list"], ["--version"]])
def test_a_reader_that_went_away_is_no_complaint(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = gausslab(*arguments, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_head_takes_what_it_wants():
    command = f"'{sys.executable}' -m gausslab data list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_script_has_the_same_codes_and_lines(capsys):
    def raising(error):
        def function():
            raise error

        return function

    assert [guarded(lambda: None), guarded(lambda: 3)] == [0, 3]
    assert guarded(raising(ConfigError("no such\noption"))) == 2
    assert guarded(raising(KeyboardInterrupt())) == 130
    first, second = capsys.readouterr().err.splitlines()
    assert first == "gausslab: no such option" and second.startswith("gausslab: interrupted; ")
    for bug in (ZeroDivisionError(), OSError(errno.ENOSPC, "No space left on device", "some.file")):
        with pytest.raises(type(bug)):
            guarded(raising(bug))


def test_an_interrupt_while_modules_load_is_a_line(monkeypatch, capsys):
    class Interrupted:
        def find_spec(self, name, *_):
            if name == "gausslab.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "gausslab.cli.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert run(["--version"]) == 130
    assert capsys.readouterr().err.startswith("gausslab: interrupted; ")


def test_info_tells_whether_a_set_is_in_the_cache(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GAUSSLAB_DATA", str(tmp_path))
    assert run(["data", "info", "mnist"]) == 0
    assert f"it is not in {tmp_path / 'mnist'}" in capsys.readouterr().out
    (tmp_path / "mnist").mkdir()
    assert run(["data", "info", "mnist"]) == 0
    assert f"it is in {tmp_path / 'mnist'}" in capsys.readouterr().out
