"""Python as text: what is code in it, and what is a string or a comment. Nothing is parsed, so any text will do.

    >>> code_only("x = '# no'  # a note").rstrip()
    "x = '    '"

A model's text is hostile, and Python's own parser can be made to take any time and memory. The pattern below reads
any text once.
"""

from __future__ import annotations

import re

LITERAL = (
    r"#[^\n]*+"
    r"|'''(?:[^'\\]|\\.|'(?!''))*+(?:'''|(?P<open>\Z|\\\Z))"
    r'|"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|(?P<open2>\Z|\\\Z))'
    r"|'(?:[^'\\\n]|\\.)*+'?+"
    r'|"(?:[^"\\\n]|\\.)*+"?+'
)
"""Matches a comment or a string; to be compiled with `re.DOTALL`. The group `open` or `open2` matches if the text ends
within a string in triple quotes. A string in single quotes ends with its line at the latest."""

_LITERAL = re.compile(LITERAL, re.DOTALL)


def code_only(text: str) -> str:
    """The text with blanks in place of what stands in strings and comments. Every character keeps its place, so that
    what is found in it can be looked up in `text`."""
    return _LITERAL.sub(_blank, text)


def in_literal(text: str, place: int) -> bool:
    """Whether the character at `place` belongs to a string or a comment."""
    return any(found.start() <= place < found.end() for found in _LITERAL.finditer(text))


def _blank(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] == "#":
        return " " * len(text)
    return (
        text[0] + "".join("\n" if each == "\n" else " " for each in text[1:-1]) + text[-1:] * (len(text) > 1)
    )
