"""Numbers by which rows of a run file are named."""

from __future__ import annotations

import operator
import sqlite3
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import MissingError


def whole(what: str, value: object) -> int:
    """An id as Python's own int: numpy's, from columns, would be unknown to SQLite.

    Raises:
        MissingError: it is no whole number.
    """
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise MissingError(f"{what} is named by a whole number, not by {quoted(value)}") from None


def row_of(connection: sqlite3.Connection, query: str, number: int) -> Any:
    """The row with this number; none if no SQLite file could hold the number."""
    return connection.execute(query, (number,)).fetchone() if abs(number) < 2**63 else None
