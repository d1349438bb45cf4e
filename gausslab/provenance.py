"""Where a result came from: commit, versions, hardware, threads, command line, time."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "numpy", "scipy", "statsmodels", "pandas")


def record(threads: int, seconds: float | None = None) -> dict[str, Any]:
    """What a result needs to be traced back, as JSON types.

    Args:
        threads: CPU threads the work used.
        seconds: wall-clock time of the work; None while it is still going on.
    """
    return {
        "gausslab": _version("gausslab"),
        "commit": commit(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "threads": threads,
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": None if seconds is None else round(seconds, 1),
    }


def to_bytes(values: dict[str, Any]) -> bytes:
    """A record as the bytes of its JSON file."""
    return (json.dumps(values, indent=2) + "\n").encode()


def commit() -> str | None:
    """The commit of the checkout this package runs from, with a `+` if files differ from it; None outside one."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    head, status = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain", "--untracked-files=no")
    return None if head is None else head + ("+" if status else "")


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]  # a status must not lock a user's index
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
