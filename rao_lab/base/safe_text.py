"""Text from anywhere made safe to show: in an error, a terminal, a notebook or a log.

What a model or a file says may hold characters that act instead of showing (terminal escapes, direction
overrides, invisible joiners, towers of accents), and a value may be of any size. One family of functions
shows them:

    quoted(value)     any value in an error, as Python writes it
    unquoted(name)    the name of a file or a setting in an error, without quotation marks
    one_line(text)    a text on one line, such as a goal or a reason
    visible(text)     a text of several lines
    shorten(line)     a safe line, cut to the cells of a terminal
    for_shell(path)   a path in a command that can be pasted

The front end replaces the same characters (`widgets/src/shared/text.js`).
"""

from __future__ import annotations

import os
import re
import reprlib
import shlex
import unicodedata
from typing import Any

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e03ff]"
)
"""C0 and C1 controls, direction and other invisible formatting, tags, lone surrogates. Tab and newline
are layout and stay."""

MOST_QUOTED = 100
"""Characters of a value that an error shows."""

MOST_MARKS = 4
"""Combining marks kept on one character; more would cover the lines above."""


class _Short(reprlib.Repr):
    """`repr` that reads no further into a value than is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = MOST_QUOTED - 20


def quoted(value: Any) -> str:
    """The start of a value as Python writes it, on one line; it never fails, whatever the value is."""
    try:
        return unquoted(_Short().repr(value))
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too long to print"


def unquoted(name: Any) -> str:
    """The start of a name as it is, on one line; what cannot be printed becomes an escape."""
    line = str(name).encode("utf-8", "replace").decode()
    line = line if line.isprintable() else ascii(line)[1:-1]
    return line if len(line) <= MOST_QUOTED else line[: MOST_QUOTED - 3] + "..."


def for_shell(path: Any, windows: bool = os.name == "nt") -> str:
    """A path as a word of a command for this system's shell. Both shells of Windows take quotation marks, but in them
    PowerShell replaces what looks like its variables.
    """
    word = str(path)
    word = word if word.isprintable() else unquoted(word)
    word = f"./{word}" if word.startswith("-") else word
    if not windows:
        return shlex.quote(word)
    if re.fullmatch(r"[\w.:/\\-]+", word):
        return word
    return "'" + word.replace("'", "''") + "'" if re.search("[$`]", word) else f'"{word}"'


def visible(text: str) -> str:
    """The text with every acting character replaced; line breaks and tabs stay.

    A control character becomes its picture (escape: ␛), any other its number (⟨202E⟩).
    """
    if text.isascii() and text.isprintable():
        return text
    return _thin_marks(_ACTING.sub(_shown, text.replace("\r\n", "\n")))


def one_line(text: str, limit: int = 400) -> str:
    """One line of at most `limit` terminal cells: line breaks become ⏎, runs of blanks one blank."""
    line = visible(text[: limit * 4]).replace("\n", " ⏎ ")
    return shorten(" ".join(line.split()), limit)


def shorten(line: str, limit: int, more: str = "…") -> str:
    """The line cut to `limit` terminal cells; `more` at its end says that something is missing."""
    if cells(line) <= limit:
        return line
    kept, used = [], cells(more)
    for character in line:
        used += cells(character)
        if used > limit:
            break
        kept.append(character)
    return ("".join(kept).rstrip() + more)[: max(0, limit)]


def cells(line: str) -> int:
    """Columns that the line takes in a terminal: 2 for each wide character, 0 for each combining mark."""
    if line.isascii():
        return len(line)
    return sum(_width(character) for character in line)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨{code:04X}⟩"


def _thin_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= MOST_MARKS:
            kept.append(character)
        elif marks == MOST_MARKS + 1:
            kept.append("…")
    return "".join(kept)
