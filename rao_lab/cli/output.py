"""Where a command's words go: results to stdout, progress to stderr."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

from rao_lab.base.safe_text import one_line, visible

if TYPE_CHECKING:
    from rich.console import Console

    from rao_lab.store import Run

INTERRUPTED = 130
"""Exit status after Ctrl-C."""


def console_on_stderr(quiet: bool = False) -> Console:
    """The console for progress; if `quiet`, it shows nothing."""
    from rich.console import Console

    return Console(stderr=True, quiet=quiet)


@contextmanager
def loading(what: str) -> Iterator[None]:
    """A terminal says what is being loaded, and forgets it when it is loaded; a log says nothing."""
    from rich.text import Text

    console = console_on_stderr()
    if not console.is_terminal:
        yield
        return
    with console.status(Text(f"loading {one_line(what)}")):
        yield


@contextmanager
def own_prints_aside() -> Iterator[None]:
    """What a user's own code prints (tools, a world, a verifier) goes to stderr: stdout is for the result."""
    with redirect_stdout(sys.stderr):
        yield


def print_progress(line: str) -> None:
    """Prints a line of progress."""
    console = console_on_stderr()  # a terminal breaks lines between words, a log does not
    console.print(visible(line), markup=False, highlight=False, soft_wrap=not console.is_terminal)


def print_problems(run: Run) -> None:
    """Says what of a run cannot be read; the rest of it is shown."""
    for line in run.problems[:3]:
        print_progress(line)


def print_incomplete(run: Run, step: int, so: str) -> None:
    """Says that a step lacks trees, what comes of that, and what it lacks if `print_problems` has not said it."""
    lacks = run.missing(step)
    if lacks:
        print_progress(f"step {step} is incomplete, {so}" + ("" if lacks in run.problems else f": {lacks}"))


def print_text(text: str, sentences: bool = False) -> None:
    """Prints a result to read; a terminal folds `sentences` between words.

    A terminal without Unicode gets question marks for what it cannot show.
    """
    encoding = sys.stdout.encoding or "utf-8"
    shown = visible(text)
    if sentences and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        shown = "\n".join(folded(line, width) for line in shown.split("\n"))
    sys.stdout.write(shown.encode(encoding, "replace").decode(encoding) + "\n")


def folded(line: str, width: int) -> str:
    """A line that is too long, folded between words; what follows is indented."""
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_json(value: Any) -> None:
    """Prints a result to compute with: one JSON value on one line."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
