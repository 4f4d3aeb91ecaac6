"""The fenced blocks of a reply, read by a scanner that knows Python's strings.

Which text is a Python block:

- It begins with a line that ends with a fence (``` or more, or ~~~) and the word python, py, python3, py3 or ipython.
  The fence may be indented, and text or the mark of a list may stand before it. Nothing may stand after the word.
- It ends with the next fence of that kind that is at least as long and stands in no string and in no comment. Text may
  follow that fence. A fence that begins another Python block ends it too.
- If a string in triple quotes is never closed, quotes do not count: the first line that begins with a fence ends it.
- A block within one that has a longer fence or the label markdown is an example, and no block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

from rao_lab.base.python_text import LITERAL

PYTHON = frozenset({"python", "py", "python3", "py3", "ipython"})
"""Labels of blocks that run."""
_QUOTING = frozenset({"markdown", "md"})
"""Labels of blocks that show how others are written."""

_AT_START = re.compile(
    r"[ \t]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)*+(?P<fence>`{3,}+|~{3,}+)(?P<label>[^`\n]*+)$"
)
_AT_END = re.compile(
    rf"(?<!`)(?P<fence>`{{3,}}+)(?P<label>[ \t]*+(?:{'|'.join(PYTHON)})[ \t]*+)$", re.IGNORECASE
)
_CLOSES = re.compile(rf"(?P<fence>`{{3,}}+|^[ \t]*+~{{3,}}+(?=[ \t]*$))|{LITERAL}", re.DOTALL | re.MULTILINE)
_CLOSES_LINE = re.compile(r"^[ \t]*+(?P<fence>`{3,}+|~{3,}+(?=[ \t]*$))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. Its places are offsets into the text."""

    label: str
    """In lower case; "" = it has none."""
    starts: int
    """Where its first fence begins."""
    begins: int
    """Where what it holds begins."""
    ends: int
    """Where that ends."""
    after: int
    """Where the text after it begins."""
    code: str
    """What it holds, without a margin that all its lines share."""
    closed: bool

    @property
    def python(self) -> bool:
        return self.label in PYTHON


def python_block_at(text: str, place: int, at: int = 0) -> Block | None:
    """The Python block that holds the character at `place`, if the text is read from `at`."""
    read = (block for block in blocks(text, at, place) if block.python)
    return next((block for block in read if block.starts <= place < block.after), None)


def blocks(text: str, at: int = 0, until: int | None = None) -> Iterator[Block]:
    """Every fenced block that begins on the lines from one place to another, in order."""
    until = len(text) if until is None else until
    while at < len(text) and at <= until:
        end = _line_end(text, at)
        opening = _opening(text[at:end])
        if opening is None:
            at = end + 1
            continue
        read = _python if opening.label in PYTHON else _other
        block = read(text, at + opening.place, min(end + 1, len(text)), opening)
        yield block
        at = max(block.after, at + 1)


@dataclass(frozen=True, slots=True)
class _Opening:
    fence: str
    label: str
    place: int
    """Of the fence in its line."""


def _opening(line: str) -> _Opening | None:
    """What opens a block in this line."""
    found = _AT_START.match(line.rstrip()) or _AT_END.search(line)
    return None if found is None else _Opening(found["fence"], _label(found["label"]), found.start("fence"))


def _label(info: str) -> str:
    """The label, also as {python} and {.python}."""
    return info.strip().strip("{}").lstrip(".").strip().lower()


def _python(text: str, starts: int, begins: int, opening: _Opening) -> Block:
    closing = _closing(text, begins, opening.fence)
    if closing is None:
        return Block(
            opening.label, starts, begins, len(text), len(text), _without_margin(text[begins:]), False
        )
    ends, after = closing
    again = _opening(text[ends : _line_end(text, ends)])
    if (
        again is not None and again.label in PYTHON
    ):  # the next block begins here, and this one was never closed
        after = ends
    return Block(opening.label, starts, begins, ends, after, _without_margin(text[begins:ends]), True)


def _closing(text: str, begins: int, fence: str) -> tuple[int, int] | None:
    """Where the fence that ends a Python block begins and ends."""
    for found in _CLOSES.finditer(text, begins):
        if found["fence"] is not None:
            if _same(found["fence"], fence):
                return found.start("fence"), found.end("fence")
        elif found["open"] is not None or found["open2"] is not None:
            break  # a string that is never closed
    else:
        return None
    for found in _CLOSES_LINE.finditer(text, begins):
        if _same(found["fence"], fence):
            return found.start("fence"), found.end("fence")
    return None


def _other(text: str, starts: int, begins: int, opening: _Opening) -> Block:
    """A block of another kind. A Python block that begins in it ends it, unless it shows how blocks are written."""
    at, label, fence = begins, opening.label, opening.fence
    quotes = len(fence) > 3 or label in _QUOTING
    while at < len(text):
        end = _line_end(text, at)
        line = text[at:end].strip()
        if line and _same(line, fence) and not line.strip(fence[0]):
            return Block(label, starts, begins, at, min(end + 1, len(text)), text[begins:at], True)
        if not quotes and (inner := _opening(text[at:end])) is not None and inner.label in PYTHON:
            return Block(label, starts, begins, at, at, text[begins:at], False)
        at = end + 1
    return Block(label, starts, begins, len(text), len(text), text[begins:], False)


def _same(found: str, fence: str) -> bool:
    """Whether a fence can close a block that this one opened."""
    found = found.strip()
    return found[0] == fence[0] and len(found) >= len(fence)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _without_margin(code: str) -> str:
    """The code without a margin that all its lines share, and without the line break before its closing fence."""
    code = code.rstrip(" \t").removesuffix("\n")
    first = next((line for line in code.split("\n") if line.strip()), "")
    return dedent(code) if first[:1] in (" ", "\t") else code
