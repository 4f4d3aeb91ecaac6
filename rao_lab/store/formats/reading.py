"""Foreign files as bounded JSON. Whatever is wrong is said in one line, with the file, the line and the value.

A file may come from anywhere: its size, its lines, their parts and their depth are bounded before they are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import InputError, MissingError
from rao_lab.tree.ranges import COUNT, REAL
from rao_lab.tree.values import encode, loads

MOST_BYTES = 1 << 30
"""Of one file, and of all that a zip archive holds."""
MOST_LINE = 1 << 26
"""Bytes of one line."""
MOST_PARTS = 1 << 25
"""Elements of one JSON value."""
MOST_TEXT = 5_000_000
"""Characters of one text."""
MOST_LINES = 5_000_000
MOST_REPEATED = 5_000_000
"""Messages that all turns of a file read together: a small file may name the same ones again and again."""
MOST_LEVELS = 1000
"""Of spans within spans."""


@dataclass(frozen=True, slots=True)
class At:
    """A place in a file, for whoever has to look there."""

    file: str
    line: int | None = None
    inner: str = ""
    """What of the line, such as "sample s1"."""

    def __str__(self) -> str:
        words = [unquoted(self.file), f"line {self.line}" if self.line else "", self.inner]
        return ", ".join(word for word in words if word)

    def within(self, inner: str) -> At:
        return At(self.file, self.line, inner)

    def wrong(self, what: str, value: Any) -> InputError:
        """The error to raise: what is due, and the value that stands there."""
        return InputError(f"{self}: {what}, not {quoted(value)}")


@dataclass(slots=True)
class Notes:
    """What was not understood, or left out, each with how often."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, times: int = 1) -> None:
        if times and (what in self.counts or len(self.counts) < 200):
            self.counts[what] = self.counts.get(what, 0) + times


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller said about the traces."""

    reward: str | None = None
    """Name of the reward or the scorer that counts, if a file has several."""


def size_of(path: Path) -> int:
    """Raises: InputError: it is too large, or no file. MissingError: there is none."""
    name = unquoted(path.name)
    try:
        if not path.exists():
            raise MissingError(f"there is no file {unquoted(path)}: check the name")
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"{unquoted(path)} cannot be read: {error.strerror or error}") from None
    if not path.is_file():
        raise InputError(f"{unquoted(path)} is no file that could be read")
    if size > MOST_BYTES:
        raise InputError(f"{name} has {size:,} bytes: a trace of at most {MOST_BYTES:,} is read; split it")
    return size


def parse(text: bytes | str, at: At, nan: bool = False) -> Any:
    """JSON text as a value.

    Args:
        nan: NaN and infinities are taken, as Python writes them; who reads the number has to look.

    Raises:
        InputError: no JSON, too deep or too large.
    """
    try:
        return loads(text, MOST_PARTS, nan=nan)
    except InputError as error:
        raise InputError(f"{at}: {unquoted(error)}") from None


def lines_of(path: Path) -> Iterator[tuple[At, bytes]]:
    """The lines of a file that are not blank.

    Raises:
        InputError: one is too long, or there are too many.
    """
    size_of(path)
    try:
        with path.open("rb") as file:
            for number in range(1, MOST_LINES + 2):
                line = file.readline(MOST_LINE + 1)
                if not line:
                    return
                at = At(path.name, number)
                if len(line) > MOST_LINE or number > MOST_LINES:
                    raise InputError(f"{at}: a line of over {MOST_LINE:,} bytes, or too many lines")
                if stripped := line.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield at, stripped
    except OSError as error:
        raise InputError(f"{unquoted(path)} cannot be read: {error.strerror or error}") from None


def objects(path: Path, nan: bool = False) -> Iterator[tuple[At, dict[str, Any]]]:
    """The objects of a file: one a line, or one value that is an object or a list of objects.

    A last line that is cut off, as of a program that was killed, is left out.

    Raises:
        InputError: naming the first line that is no JSON object.
    """
    first = next(iter(lines_of(path)), None)
    if first is None:
        raise InputError(f"{unquoted(path.name)} is empty")
    if not _is_object(first[1]):
        value = whole(path, nan)
        for number, each in enumerate(value if isinstance(value, list) else [value], 1):
            at = At(path.name, None, f"element {number}" if isinstance(value, list) else "")
            yield at, an_object(each, at)
        return
    held: tuple[At, bytes] | None = None
    for at, line in lines_of(path):
        if held is not None:
            yield held[0], an_object(parse(held[1], held[0], nan), held[0])
        held = at, line
    assert held is not None
    at, line = held
    try:
        last = parse(line, at, nan)
    except InputError:
        if at.line == 1:
            raise
        return  # the program that wrote it was killed
    yield at, an_object(last, at)


def whole(path: Path, nan: bool = False) -> Any:
    """A file that is one JSON value."""
    size_of(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{unquoted(path)} cannot be read: {error.strerror or error}") from None
    return parse(text.removeprefix(b"\xef\xbb\xbf"), At(path.name), nan)


def _is_object(line: bytes) -> bool:
    """Whether the first line is a JSON object of its own."""
    try:
        return isinstance(loads(line, MOST_PARTS, nan=True), dict)
    except InputError:
        return False


# Values of fields


def an_object(value: Any, at: At) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise at.wrong("a JSON object is due", value)
    return value


def a_list(value: Any, at: At, what: str) -> list[Any]:
    """A list; none = an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise at.wrong(f"{what} must be a list", value)
    return value


def text(value: Any, at: At, what: str) -> str:
    """Text; none = "". Numbers and truth values are written out."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        value = str(value)
    if not isinstance(value, str):
        raise at.wrong(f"{what} must be text", value)
    if len(value) > MOST_TEXT:
        raise InputError(f"{at}: {what} has {len(value):,} characters: at most {MOST_TEXT:,} are read")
    return value


def key(value: Any, at: At, what: str) -> str:
    """An id: text that is not empty, or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= 400:
        raise at.wrong(f"{what} must be an id of 1 to 400 characters", value)
    return value


def number(value: Any, at: At, what: str) -> float | None:
    """A finite number; None for none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise at.wrong(f"{what} must be a finite number", value)
    if not REAL.holds(value):
        raise at.wrong(f"{what} must be {REAL}", value)
    return float(value)


def count(value: Any, at: At, what: str) -> int:
    """How many; none = 0, which records take as not known."""
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not COUNT.holds(value):
        raise at.wrong(f"{what} must be {COUNT}", value)
    return int(value)


def moment(value: Any, at: At, what: str) -> float | None:
    """Seconds since 1970, of a number or of an ISO time; a time without a zone is taken as UTC. None for none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise at.wrong(f"{what} must be a time", value) from None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return number(value, at, what)


def named(value: Any) -> Mapping[str, Any]:
    """An object of arguments, if it is one; otherwise nothing."""
    return value if isinstance(value, dict) and all(isinstance(name, str) for name in value) else {}


def plain(value: Any, at: At, what: str) -> Any:
    """A value that records can hold: of a bounded depth and size."""
    try:
        encode(value)
    except InputError as error:
        raise InputError(f"{at}: {what}: {error}") from None
    return value
