"""The line of a user's code that an exception comes from, or that runs now."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

_OURS = Path(__file__).resolve().parents[1]
_WORLDS = _OURS / "environments"
_CALLING = _WORLDS / "functions" / "calling.py"
_PYTHON = Path(sysconfig.get_path("stdlib"))


def raised_at(problem: BaseException) -> str:
    """The line of a user's code that an exception comes from, as "my_world.py:12 in call"; "" = of none."""
    while problem.__cause__ is not None:
        problem = problem.__cause__
    return place_of(_of_traceback(problem.__traceback__))


def running_at(thread: int | None) -> str:
    """The line of a user's code that a thread is at, as `raised_at` says it."""
    return "" if thread is None else place_of(_inner_first(sys._current_frames().get(thread)))


def place_of(places: list[tuple[str, int, str]]) -> str:
    """The innermost place that is neither ours nor Python's. A cell of a notebook has a made-up name, and no file."""
    for file, line, function in places:
        path = Path(file)
        ours = path == _CALLING or (_OURS in path.parents and _WORLDS not in path.parents)
        pythons = file.startswith(("<frozen", "<string>")) or (  # "<string>" = made by dataclasses
            _PYTHON in path.parents and "site-packages" not in path.parts
        )
        if not ours and not pythons and path.parent.name.startswith("ipykernel_"):
            return f"line {line} of a cell, in {function}"
        if not ours and not pythons:
            return f"{path.name}:{line} in {function}"
    return ""


def _inner_first(frame: FrameType | None) -> list[tuple[str, int, str]]:
    found = []
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return found


def _of_traceback(traceback: TracebackType | None) -> list[tuple[str, int, str]]:
    def parts() -> Iterator[tuple[str, int, str]]:
        at = traceback
        while at is not None:
            yield at.tb_frame.f_code.co_filename, at.tb_lineno, at.tb_frame.f_code.co_name
            at = at.tb_next

    return [*parts()][::-1]
