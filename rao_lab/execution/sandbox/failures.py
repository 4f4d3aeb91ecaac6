"""Failures of sandboxed code, put in words for the model that wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pydantic_monty import Frame, MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from rao_lab.execution.sandbox.advice import advice
from rao_lab.execution.sandbox.aio import KIND, as_written, is_ours

MAX_MESSAGE = 600
"""Characters of an exception's own message that are kept: code may raise a message of any size."""
MAX_SOURCE = 100
UNCHANGED = "Your variables are as they were before this code."

# The interpreter's wording of its limits. Code can raise an exception with the same words. Only forging the limit
# on seconds would pay, because that limit marks the tree.
_SECONDS = re.compile(r"TimeoutError: (feed|turn) time limit exceeded")
_MEMORY = re.compile(r"MemoryError: (memory limit exceeded|the worker exceeded its memory limit).*")

_REWORDED = (
    (_MEMORY, "MemoryError: this code needs more memory than it may have"),
    (
        re.compile(
            r"(?:external|OS) function '([\w.]+)(?:\(\))?' cannot suspend in this synchronous context"
        ),
        r"'\1' cannot be called from within map, sorted or a method such as __repr__: use a loop",
    ),
    (
        re.compile(r".*asyncio scheduler stalled.*"),
        "RuntimeError: nothing answers this await: a handle does not outlive the turn that launched it",
    ),
    (re.compile(r"[Tt]he monty syntax parser does not yet support"), "this Python does not have"),
    (re.compile(r"Internal error in monty: "), ""),
    (re.compile(rf"'{KIND}' object has no attribute"), "module 'asyncio' has no attribute"),
)


class Place(NamedTuple):
    """A line of code on which an error arose, or through which it passed."""

    line: int
    source_line: str
    function_name: str = ""


def limit_of(error: MontyError) -> str:
    """The interpreter's limit that fired, "seconds" or "memory"; "" if the code failed by itself."""
    text = str(error)
    if memory_ran_out(text):
        return "memory"
    # The time limit stops the interpreter from outside, so it has no traceback; what code raises has one.
    outside = isinstance(error, MontyRuntimeError) and not error.traceback()
    return "seconds" if outside and _SECONDS.match(text) else ""


def memory_ran_out(error: str) -> bool:
    """Whether an error ("MemoryError: words") is the interpreter's limit on memory."""
    return _MEMORY.match(error) is not None


def ran_over(error: MontyError) -> bool:
    """Whether the worker did not stop at its time limit and was ended."""
    return isinstance(error, MontyCrashedError) and error.timed_out


def is_unread(error: MontyError) -> bool:
    """Whether the code itself could not be read, so that none of it ran. What running code cannot read, as in `eval`,
    fails in a function, or in `<module>`."""
    frames = error.traceback() if isinstance(error, MontySyntaxError) else []
    return bool(frames) and not any(frame.function_name for frame in frames)


def describe(error: MontyError, hidden: str = "") -> str:
    """Type, message and line, without the interpreter's name and without a traceback.

    Args:
        hidden: name of a file whose code the model did not write; its lines are left out.
    """
    if not isinstance(error, MontyRuntimeError | MontySyntaxError):
        return _cut(str(error), MAX_MESSAGE)
    frames = [frame for frame in error.traceback() if frame.filename != hidden and not _is_ours(frame)]
    places = [Place(frame.line, frame.source_line or "", frame.function_name or "") for frame in frames]
    return in_words(error.display("type-msg"), places)


def in_words(error: str, places: Sequence[Place]) -> str:
    """An error ("ValueError: words") and where it came from, the outermost place first."""
    text = _cut(error, MAX_MESSAGE)
    for pattern, words in _REWORDED:
        text = pattern.sub(words, text)
    if not places:
        return text
    said = f"{text} ({_where(places[0], places[-1])})"
    todo = advice(text, places[-1].source_line.strip())
    return f"{said}: {todo}" if todo else said


def _where(outer: Place, inner: Place) -> str:
    place = f"line {outer.line}{_source(outer)}"
    if inner.function_name and inner.function_name != "<module>":
        place += f", in {inner.function_name}{_source(inner)}"
    return place


def _is_ours(frame: Frame) -> bool:
    return is_ours(frame.source_line or "", frame.function_name or "")


def _source(place: Place) -> str:
    line = _cut(as_written(place.source_line.strip().partition("\n")[0]), MAX_SOURCE)
    return f": {line}" if line else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "..."
