"""Hostile text made safe to look at: in a terminal, a notebook or a log.

Whatever a model or a file says may hold characters that act instead of showing: terminal escapes,
direction overrides, invisible joiners, towers of accents. Each becomes a mark that can be read. The
front end does the same (`widgets/src/shared/text.js`).
"""

from __future__ import annotations

import re
import unicodedata

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e03ff]"
)
"""C0 and C1 controls, direction and other invisible formatting, tags, lone surrogates. Tab and newline
are layout and stay."""

MOST_MARKS = 4
"""Combining marks kept on one character; more would cover the lines above."""


def visible(text: str) -> str:
    """The text with every acting character replaced; lines and tabs stay.

    A control becomes its picture (escape: ␛), anything else its number (⟨202E⟩).
    """
    if text.isascii() and text.isprintable():
        return text
    return _thin_marks(_ACTING.sub(_shown, text.replace("\r\n", "\n")))


def one_line(text: str, limit: int = 400) -> str:
    """One line of at most `limit` terminal cells: line breaks become ⏎, runs of blanks one blank."""
    line = visible(text[: limit * 4]).replace("\n", " ⏎ ")
    return shorten(" ".join(line.split()), limit)


def shorten(line: str, limit: int, more: str = "…") -> str:
    """The line cut at the end to `limit` terminal cells, with `more` where something is missing."""
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
    """Columns that a terminal needs: 2 for wide characters, 0 for combining marks."""
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
