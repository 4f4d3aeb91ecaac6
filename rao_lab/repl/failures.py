"""Failures of sandboxed code, put in words for the model that wrote it."""

from __future__ import annotations

import re

from pydantic_monty import Frame, MontyError, MontyRuntimeError, MontySyntaxError

MAX_MESSAGE = 600
"""Characters of an exception's own message: code may raise one of any size."""
MAX_SOURCE = 100
UNCHANGED = "Your variables are as they were before this code."

_LIMITS = (
    ("seconds", re.compile(r"TimeoutError: (feed|turn) time limit exceeded")),
    ("suspensions", re.compile(r"RuntimeError: suspension limit \d+ exceeded")),
    ("memory", re.compile(r"MemoryError: (memory limit exceeded|the worker exceeded its memory limit)")),
)
_UNSUPPORTED = re.compile(r"[Tt]he monty syntax parser does not yet support")
_STALLED = "asyncio scheduler stalled"


def limit_of(error: MontyError) -> str:
    """Which limit this is: seconds, suspensions, memory, or "" for the code's own failure.

    Code can raise an exception that reads the same; it is then told so, and fools nobody but itself.
    """
    text = str(error)
    return next((name for name, pattern in _LIMITS if pattern.match(text)), "")


def describe(error: MontyError) -> str:
    """Type, message and line, without the interpreter's own name or a traceback."""
    text = _cut(str(error) or type(error).__name__, MAX_MESSAGE)
    text = _UNSUPPORTED.sub("this Python does not have", text)
    if _STALLED in text:
        text = "RuntimeError: nothing answers this await: a handle does not outlive the turn that launched it"
    where = _where(error)
    return f"{text} ({where})" if where else text


def _where(error: MontyError) -> str:
    if not isinstance(error, MontyRuntimeError | MontySyntaxError):
        return ""
    frames: list[Frame] = error.traceback()
    if not frames:
        return ""
    outer, inner = frames[0], frames[-1]
    place = f"line {outer.line}{_source(outer)}"
    if inner.function_name and len(frames) > 1:
        place += f", in {inner.function_name}{_source(inner)}"
    return place


def _source(frame: Frame) -> str:
    line = _cut((frame.source_line or "").strip(), MAX_SOURCE)
    return f": {line}" if line else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "..."
