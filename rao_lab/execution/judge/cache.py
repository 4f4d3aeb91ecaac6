"""Verdicts by the content that they are about: in memory, and in a file if one is given."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from rao_lab.base.safe_text import one_line, unquoted
from rao_lab.base.warned import warn_user
from rao_lab.errors import InputError, UnavailableError

APPLICATION = 0x52414A47
"""Marks the file as ours: no other database is written into."""
MOST_KEPT = 100_000
"""Verdicts in memory; the oldest go first."""
MOST_WORDS = 2000
"""Characters of a reply that are kept."""
WAIT = 10.0
"""Seconds to wait for another process that writes the file."""


class Verdict(NamedTuple):
    """What a judge said of a node."""

    success: float
    words: str
    """Its reply."""


class Cache:
    """Verdicts by key.

    Args:
        path: a file that is made if there is none; several processes may share it. None = memory alone.

    Raises:
        InputError: the file is none of verdicts. UnavailableError: it cannot be opened or written.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._known: dict[str, Verdict] = {}
        self._path = None if path is None else Path(path)
        self._told = False
        if self._path is not None:
            self._open(self._path)

    def get(self, key: str) -> Verdict | None:
        """What is known of this content."""
        found = self._known.get(key)
        if found is None and self._path is not None:
            found = self._read(key)
            if found is not None:
                self._keep(key, found)
        return found

    def put(self, found: dict[str, Verdict]) -> None:
        """Keeps new verdicts. If the file cannot be written, a warning says so once."""
        for key, verdict in found.items():
            self._keep(key, verdict)
        if self._path is None or not found:
            return
        try:
            with self._connected(self._path) as connection, connection:
                rows = [(key, each.success, each.words[:MOST_WORDS]) for key, each in found.items()]
                connection.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?)", rows)
        except sqlite3.Error as problem:
            if not self._told:
                self._told = True
                warn_user(f"{unquoted(self._path)} keeps no new verdicts: {problem}")

    def _keep(self, key: str, verdict: Verdict) -> None:
        self._known[key] = Verdict(verdict.success, verdict.words[:MOST_WORDS])
        while len(self._known) > MOST_KEPT:
            del self._known[next(iter(self._known))]

    def _read(self, key: str) -> Verdict | None:
        assert self._path is not None
        try:
            with self._connected(self._path) as connection:
                row = connection.execute(
                    "SELECT success, substr(words, 1, ?) FROM verdicts WHERE key = ?", (MOST_WORDS, key)
                ).fetchone()
        except (sqlite3.Error, UnicodeDecodeError):
            return None
        sound = row is not None and isinstance(row[0], float) and isinstance(row[1], str)
        # What another program wrote is no verdict: the policy is asked.
        return Verdict(row[0], row[1]) if sound and math.isfinite(row[0]) and 0 <= row[0] <= 1 else None

    def _open(self, path: Path) -> None:
        name = unquoted(path)
        try:
            with self._connected(path) as connection, connection:
                (mark,) = connection.execute("PRAGMA application_id").fetchone()
                empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
                if mark != APPLICATION and not empty:
                    raise InputError(f"{name} is another database, no cache of verdicts: name a new file")
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS verdicts (key TEXT PRIMARY KEY, success REAL, words TEXT) WITHOUT ROWID"
                )
        except sqlite3.DatabaseError as problem:
            if isinstance(problem, sqlite3.OperationalError):
                said = one_line(str(problem), 120)
                raise UnavailableError(f"{name} cannot be opened as a cache of verdicts: {said}") from None
            raise InputError(f"{name} is no cache of verdicts: name a new file") from None

    @contextmanager
    def _connected(self, path: Path) -> Iterator[sqlite3.Connection]:
        """A connection for a moment: training asks from a thread of its own, and other processes write too."""
        with closing(sqlite3.connect(path, timeout=WAIT)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
