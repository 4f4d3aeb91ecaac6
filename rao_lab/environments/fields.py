"""The fields of one line of a user's file: each error names the line, the field and its value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rao_lab.base.calls import nearest
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.warned import warn_user
from rao_lab.errors import InputError

NAMES_SAID = 12


def row_of(value: Any, where: str, example: str) -> dict[str, Any]:
    """The line, if it is an object.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, dict):
        raise InputError(f"{where} must be an object such as {example}, not {quoted(value)}")
    return value


def has(row: Mapping[str, Any]) -> str:
    """What a line has, in an error."""
    return f"it has {unquoted(', '.join(map(str, list(row)[:NAMES_SAID])))}" if row else "it is empty"


def named(row: Mapping[str, Any], names: Sequence[str], where: str) -> str | None:
    """What a line calls a field that has several names; None if it does not have it.

    Raises:
        InputError: it has the field under two names.
    """
    there = [name for name in names if name in row]
    if len(there) > 1:
        both = " and ".join(f'"{name}"' for name in there)
        raise InputError(f"{where} has {both}, which are one field: leave one of them out")
    return there[0] if there else None


def text_in(row: Mapping[str, Any], names: Sequence[str], where: str, most: int, usual: str = "") -> str:
    """The text of a field, without blanks around it.

    Args:
        names: what the field may be called.
        usual: the text if the line has none; "" = it must have one.

    Raises:
        InputError: it has none, or no text of 1 to `most` characters, or the field under two names.
    """
    name = named(row, names, where)
    if name is None:
        if usual:
            return usual
        any_ = " or ".join(f'"{each}"' for each in names)
        raise InputError(f"{where} has no {any_}: {has(row)}")
    value = row[name]
    if not isinstance(value, str):
        raise InputError(f'{where}: "{name}" must be a text, not {quoted(value)}')
    if len(value) > most:
        raise InputError(f'{where}: "{name}" has {len(value):,} characters: at most {most:,} are read')
    if not value.strip():
        raise InputError(f'{where}: "{name}" is empty: give a text')
    return value.strip()


class Others:
    """Fields that mean nothing: one that is nearly the name of another is refused, the rest is said in one note."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._found: dict[str, None] = {}

    def look(self, row: Mapping[str, Any], where: str) -> None:
        """Raises: InputError, if a field is misspelt."""
        for name in row.keys() - self._known:
            near = nearest(str(name), [each for each in self._known if each not in row])
            if near is not None:
                raise InputError(f"{where} has a field {quoted(name)}: did you mean {near!r}?")
        self._found.update(dict.fromkeys(name for name in row if name not in self._known))

    def say(self, file: str) -> None:
        """Warns of those that were found."""
        if self._found:
            names = ", ".join(quoted(name) for name in list(self._found)[:NAMES_SAID])
            more = f" and {len(self._found) - NAMES_SAID} more" if len(self._found) > NAMES_SAID else ""
            warn_user(f"{file}: fields that mean nothing here: {names}{more}")
