"""Answers that are known, and how what an agent returns compares with them.

The form is free, the content is not: 12, 12.0 and " 12 " are one number, but a list of all numbers is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rao_lab.environments.answers import number_of, plain_text, same
from rao_lab.protocols import Score

CLOSE = 0.75
"""What is left of a number's score for each unit that it is off: that of Oolong."""
FAR = 1000
"""Distance from which on a number is simply wrong."""
MOST = 10**18
"""Largest number that an answer may be."""
MAX_NAMES = 1000
"""Names of a dict that are looked at."""


class Answer(Protocol):
    """What is right."""

    @property
    def wanted(self) -> Any:
        """The right value, as plain data."""
        ...

    def closeness(self, value: Any) -> float:
        """How close a value comes, in [0, 1]; 1 = it is right."""
        ...


def score(answer: Answer, value: Any, partial: bool) -> Score:
    """Success 1 if the value is right, otherwise 0, or, with `partial`, how close it comes."""
    close = answer.closeness(value)
    return Score(close if partial else float(close == 1), "verifier", close)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number."""

    wanted: int

    def closeness(self, value: Any) -> float:
        found = whole_number(value)
        if found is None or abs(found - self.wanted) >= FAR:
            return 0.0
        return float(CLOSE ** abs(found - self.wanted))


def whole_number(value: Any) -> int | None:
    """The number that a value says; None if it says none, several, or no whole one."""
    number = number_of(value)
    return int(number) if number is not None and abs(number) < MOST and number == int(number) else None


@dataclass(frozen=True, slots=True)
class OneOf:
    """A name; any of these is right (several may come first together)."""

    names: tuple[str, ...]

    @property
    def wanted(self) -> str:
        return self.names[0]

    def closeness(self, value: Any) -> float:
        return float(any(same(value, name) for name in self.names))


@dataclass(frozen=True, slots=True)
class Counts:
    """A number for each name, or for each name a number for each name. Those that are left out count 0."""

    wanted: Mapping[str, Any]

    def closeness(self, value: Any) -> float:
        """The share of right numbers, of all that either side gives and that are not 0."""
        found, due = _flat(value), _flat(self.wanted)
        if found is None or due is None:
            return 0.0
        names = [name for name in {**found, **due} if found.get(name, 0) != 0 or due.get(name, 0) != 0]
        right = sum(found.get(name, 0) == due.get(name, 0) for name in names)
        return right / len(names) if names else 1.0


def _flat(value: Any) -> dict[tuple[str, str], int | None] | None:
    """The numbers by their names, as they are compared; None if a value is no such dict."""
    if not isinstance(value, Mapping) or len(value) > MAX_NAMES:
        return None
    flat: dict[tuple[str, str], int | None] = {}
    for name, each in value.items():
        row = each if isinstance(each, Mapping) else {"": each}
        if len(row) > MAX_NAMES:
            return None
        flat.update({(_name(name), _name(inner)): whole_number(number) for inner, number in row.items()})
    return flat


def _name(value: Any) -> str:
    return plain_text(value) if isinstance(value, str) else ""
