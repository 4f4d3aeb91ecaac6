"""Whether an answer is right: in whatever form a date, a time, an amount or a telephone number is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from rao_lab.environments.answers import number_of, plain_text, same
from rao_lab.environments.mail.quantity import alike, quantity

NOTHING = frozenset({"", "nothing", "none", "not found", "unknown", "no answer", "nothing found"})
"""What says that there is no answer."""
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")
"""The day first: nobody writes the month first with dots. With slashes some do, so these are no date."""
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([a-z]{3,9})\.?,? (\d{4})")
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_TIME = re.compile(r"(\d{1,2})[:.](\d{2}) ?(am|pm|a\.m|p\.m)?(?: ?h| o'clock)?")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_PHONE = re.compile(r"\+?[\d ()/-]{6,24}")
_BEFORE = re.compile(r"^(?:the|a|an|at|on|in|room|no|number|code) (?=\S)")


def is_right(value: Any, accepted: Sequence[str | float]) -> bool:
    """Whether a value is one of the accepted answers; if there are none, whether it says that there is none.

    >>> is_right("17 May 2024", ["2024-05-17"]), is_right("EUR 1,250.00", [1250]), is_right("2:30 pm", ["14:30"])
    (True, True, True)
    >>> is_right("17 May 2024 or 18 May 2024", ["2024-05-17"]), is_right("", ["B412"]), is_right(None, [])
    (False, False, True)
    """
    if not accepted:
        return value is None or (isinstance(value, str) and plain_text(value) in NOTHING)
    return any(same(value, wanted) or _alike(value, wanted) for wanted in accepted)


def _alike(value: Any, wanted: str | float) -> bool:
    due = quantity(_plain(str(wanted)))
    if due is not None:
        number = number_of(value)
        given = (
            quantity(_plain(value)) if isinstance(value, str) else None if number is None else (number, "")
        )
        return alike(given, due)
    form = _form(str(wanted))
    return isinstance(value, str) and form[1] != "" and _form(value) == form


def _plain(text: str) -> str:
    return _BEFORE.sub("", plain_text(text))


def _form(text: str) -> tuple[str, str]:
    """What kind of thing a text says, and which one."""
    plain = _plain(text)
    if day := _day(plain):
        return "day", day
    if found := _TIME.fullmatch(plain):
        hour = int(found[1]) % 12 + 12 * found[3].startswith("p") if found[3] else int(found[1])
        return "time", f"{hour:02d}:{found[2]}"
    if _PHONE.fullmatch(plain):
        return "phone", re.sub(r"\D", "", plain)
    return "text", _GROUPED.sub(lambda found: found[0].replace(",", ""), plain)


def _day(text: str) -> str:
    if found := _ISO.fullmatch(text):
        year, month, day = (int(found[place]) for place in (1, 3, 4))
    elif found := _DOTTED.fullmatch(text):
        year, month, day = int(found[3]), int(found[2]), int(found[1])
    elif found := _DAY_FIRST.fullmatch(text):
        year, month, day = int(found[3]), _month(found[2]), int(found[1])
    elif found := _MONTH_FIRST.fullmatch(text):
        year, month, day = int(found[3]), _month(found[1]), int(found[2])
    else:
        return ""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _month(name: str) -> int:
    return next((number for number, each in enumerate(MONTHS, 1) if each.startswith(name)), 0)
