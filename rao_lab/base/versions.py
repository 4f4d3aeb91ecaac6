"""What a run was made with: versions and the kind of machine, but never the name of the machine or its user."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version

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
