"""Forged run files: any cell of any table, and any place in any JSON that a run file holds."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rao_lab.errors import RunFileError
from rao_lab.store.columns.bytes import Allowance, pack, unpack
from rao_lab.store.schema import TABLES
from tests.support.run_files import forging

DIGITS = "0x" + "f" * 4152
"""An integer of 5,000 decimal digits, as values are written."""
CELLS: tuple[Any, ...] = (
    *(None, -1, 0, 1, 7, 2**31, 2**53 + 1, 2**62, -(2**63), 2**63 - 1),
    *(0.5, -0.5, 1e-320, 1e15, 1e308, -1e308, float("inf"), float("-inf"), 1.7976931348623157e308),
    *("x", "", "0", "0.0.0", "1e400", "finished", "\u202e\u2028", "y" * 300, b"\0\xff", b""),
)
"""What SQLite can hold. It keeps no NaN: it is NULL there."""
JSON: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        -1,
        0,
        1,
        7,
        2**31,
        2**62,
        10**400,
        0.5,
        -2.5,
        1e308,
        -1e308,
        1.7976931348623157e308,
    ),
    *("x", "", "0.0", "\u202e\u2028", "y" * 3000, [], [1], [[0]], {}, {"a": 1}, {"a": {"b": [None]}}),
    *({"$": "float", "v": "nan"}, {"$": "float", "v": "inf"}, {"$": "int", "v": DIGITS}),
    *({"$": "int", "v": "-" + DIGITS}, {"$": "tuple", "v": [1]}, {"$": "bytes", "v": "AAAA"}),
    *({"$": "dict", "v": [[1, 2]]}, {"$": "what", "v": 1}, {"$": 1}),
)


@dataclass(frozen=True)
class Place:
    """A cell, or a place in the JSON of a text or an event."""

    table: str
    column: str
    row: int
    """Its place in the order of the table's key."""
    inside: tuple[Any, ...] | None = None

    def __str__(self) -> str:
        return f"{self.table}.{self.column} row {self.row}" + (f" {self.inside}" if self.inside else "")


def places(path: Path) -> list[Place]:
    """Every cell, and every place of every JSON."""
    found = []
    with forging(path) as connection:
        for table in TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            found += [Place(table, column, row) for row in range(len(rows)) for column in columns]
            if table not in ("texts", "events"):
                continue
            for number, row in enumerate(rows):
                data = _json(*row[-2:])
                if data is not None:
                    found += [Place(table, "body", number, inside) for inside in _inside(data)]
    return found


def forge(path: Path, place: Place, value: Any) -> None:
    """Puts a value there. If SQLite refuses it, nothing is changed."""
    with forging(path) as connection, suppress(sqlite3.IntegrityError):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({place.table})")]
        keys = columns[:2]
        query = f"SELECT {', '.join(keys)}, * FROM {place.table} ORDER BY 1, 2 LIMIT 1 OFFSET ?"
        row = connection.execute(query, (place.row,)).fetchone()
        where = " AND ".join(f"{key} IS ?" for key in keys)
        if place.inside is None:
            connection.execute(
                f"UPDATE OR IGNORE {place.table} SET {place.column} = ? WHERE {where}", (value, *row[:2])
            )
            return
        raw = _with(_json(*row[-2:]), place.inside, value)
        size, body = pack(raw)
        also = ", hash = ?" if place.table == "texts" else ""
        digest = (blake2b(raw, digest_size=16).digest(),) if also else ()
        connection.execute(
            f"UPDATE OR IGNORE {place.table} SET size = ?, body = ?{also} WHERE {where}",
            (size, body, *digest, *row[:2]),
        )


def _json(size: Any, body: Any) -> Any:
    try:
        data = json.loads(unpack(size, body, Allowance(2**20), "events"))
    except (RunFileError, ValueError):
        return None
    return data if isinstance(data, (dict, list)) else None


def _inside(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(data, dict):
        for key in data:
            yield from _inside(data[key], (*at, key))
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            yield from _inside(inner, (*at, number))


def _with(data: Any, inside: tuple[Any, ...], value: Any) -> bytes:
    if not inside:
        data = copy.deepcopy(value)
    else:
        holder = data
        for step in inside[:-1]:
            holder = holder[step]
        holder[inside[-1]] = copy.deepcopy(value)
    return json.dumps(data).encode()


def named(path: Path, column: str, inside: tuple[Any, ...] | None) -> Place:
    """A cell by "table.column", in the last row that has something there; or a place in the JSON that it names."""
    table, name = column.split(".")
    with forging(path) as connection:
        keys = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")][:2]
        rows = connection.execute(f"SELECT {name} FROM {table} ORDER BY {', '.join(keys)}").fetchall()
        ids = [row[0] for row in connection.execute("SELECT id FROM texts ORDER BY id")]
    filled = [number for number, (value,) in enumerate(rows) if value is not None]
    if inside is None:
        return Place(table, name, filled[-1])
    return Place("texts", "body", ids.index(rows[filled[-1]][0]), inside)
