"""The range of every number that a record or a run file may hold, by the kind of number.

Writers stay far within them. Readers refuse what lies outside, so that arithmetic on what was read never leaves
what Python's floats, 32-bit columns and JavaScript can hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rao_lab.base.checks import MOST

MAX_INT_BITS = 14_000
"""Of an int among the values that agents hand about: Python refuses to print ints of more than 4,300 digits."""


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both included: whole numbers only, or finite floats too."""

    low: float
    high: float
    whole: bool = True

    def holds(self, value: Any) -> bool:
        kind = type(value)
        return (kind is int or (kind is float and not self.whole)) and self.low <= value <= self.high

    def __str__(self) -> str:
        what = "a whole number" if self.whole else "a number"
        return f"{what} from {self.low:g} to {self.high:g}"


COUNT = Range(0, MOST)
"""How many, and the place of something among others."""
SIGNED = Range(-MOST, MOST)
WINDOW = Range(-1, MOST)
"""Size of a context window; -1 = not known."""
LONG = Range(0, 2**53)
"""Commits, and what else only ever grows."""
ID = Range(0, 2**63 - 1)
"""Of a text or a tree, as SQLite numbers them."""
FLAG = Range(0, 1)
SEED = Range(-(10**100), 10**100)
SECONDS = Range(-1e12, 1e12, whole=False)
"""A time in a tree, or since 1970."""
SHARE = Range(0.0, 1.0, whole=False)
REAL = Range(-1e12, 1e12, whole=False)
"""Any other number."""
METRIC = Range(-1e300, 1e300, whole=False)
"""A finite number among a step's metrics: the sum of a million of them is finite too."""
