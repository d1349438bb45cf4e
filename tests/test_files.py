"""A file is whole or absent, whatever stops the writer."""

import errno
import os

import pytest

from gausslab.files import write_atomically


def disk_full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_writes_and_makes_folders(tmp_path):
    target = tmp_path / "a" / "b" / "file.bin"
    write_atomically(target, b"\x00\xffbytes")
    assert target.read_bytes() == b"\x00\xffbytes"
    assert contents(target.parent).keys() == {"file.bin"}


def test_replaces_the_old_content(tmp_path):
    target = tmp_path / "file"
    write_atomically(target, b"a longer old content")
    write_atomically(target, b"new")
    assert contents(tmp_path) == {"file": b"new"}


def test_is_readable_by_others(tmp_path):
    write_atomically(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("call", ["fsync", "fdopen"])
def test_disk_full_leaves_the_target_and_nothing_else(tmp_path, monkeypatch, call):
    target = tmp_path / "file"
    write_atomically(target, b"old")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, call, disk_full)
        write_atomically(target, b"new")
    assert contents(tmp_path) == {"file": b"old"}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_interruption_leaves_the_target_and_nothing_else(tmp_path, monkeypatch, stop):
    def interrupt(*_):
        raise stop

    target = tmp_path / "file"
    write_atomically(target, b"old")
    with monkeypatch.context() as patch, pytest.raises(stop):
        patch.setattr(os, "fsync", interrupt)
        write_atomically(target, b"new")
    assert contents(tmp_path) == {"file": b"old"}


def test_failing_rename_leaves_no_temporary_file(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        write_atomically(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "blocked").write_bytes(b"")
    with pytest.raises(OSError):
        write_atomically(tmp_path / "blocked" / "file", b"new")
    assert contents(tmp_path) == {"blocked": b""}
