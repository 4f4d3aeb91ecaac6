"""What a run was made with: versions and the kind of machine, but never the name of the machine or its user."""

from __future__ import annotations

import platform
import sqlite3
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "rao-lab",
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "pydantic-monty",
    "peft",
    "accelerate",
)


def package_versions() -> dict[str, str]:
    """Versions by name; packages that are not installed are left out."""
    found = {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "sqlite": sqlite3.sqlite_version,
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit that this package is of, as `git describe` names it; "" if it lies in no checkout of its own."""
    home = Path(__file__).resolve().parents[2]
    if not (home / ".git").exists():
        return ""
    order = ["git", "-C", str(home), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(order, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()
