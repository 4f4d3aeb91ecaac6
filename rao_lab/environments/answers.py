"""Compares what an agent passed to `finish` with the answer: tolerant of form, strict about content.

An answer is the whole value. One that stands among others, in a list or in a sentence, is none: otherwise whoever
names everything is right.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

MOST_CHARS = 1000
"""Longest text that may be an answer."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|[+-]?[0-9]+(\.[0-9]+)?")
_AROUND = " \t\n\r\"'`“”‘’«»()[]<>.,;:!?*"


def same(value: Any, wanted: str | float) -> bool:
    """Whether a value is the wanted text or number, in whatever form.

    >>> same(" ada  Lovelace. ", "Ada Lovelace"), same("1,200", 1200), same(12.0, "12")
    (True, True, True)
    >>> same(["Ada", "Bob"], "Ada"), same("Ada or Bob", "Ada"), same("", ""), same(True, 1)
    (False, False, False, False)
    """
    right, given = number_of(wanted), number_of(value)
    if right is not None:
        return given is not None and given == right
    return isinstance(value, str) and bool(value) and plain_text(value) == plain_text(str(wanted)) != ""


def number_of(value: Any) -> float | int | None:
    """The value as a number, if it is one or spells one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = value.strip() if isinstance(value, str) and len(value) <= MOST_CHARS else ""
    if not _NUMBER.fullmatch(text):
        return None
    text = text.replace(",", "")
    return float(text) if "." in text else int(text)


def plain_text(text: str) -> str:
    """The text without what does not matter: case, width and kinds of blanks, what stands around it."""
    if len(text) > MOST_CHARS:
        return ""
    words = unicodedata.normalize("NFKC", text).casefold().split()
    return " ".join(words).strip(_AROUND)
