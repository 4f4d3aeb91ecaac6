"""Where a command's words go: results to stdout, progress to stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rao_lab.base.safe_text import visible

if TYPE_CHECKING:
    from rich.console import Console


def console_on_stderr(quiet: bool = False) -> Console:
    """For progress; `quiet` shows nothing."""
    from rich.console import Console

    return Console(stderr=True, quiet=quiet)


def print_progress(line: str) -> None:
    """A line of its own on stderr."""
    console_on_stderr().print(visible(line), markup=False, highlight=False)


def print_text(text: str) -> None:
    """A result to read; a terminal without Unicode gets marks for what it lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(visible(text).encode(encoding, "replace").decode(encoding) + "\n")


def print_json(value: Any) -> None:
    """A result to compute with: one JSON value on one line."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
