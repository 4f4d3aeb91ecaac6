"""How the writer's connection begins (a new file, or one to go on with) and ends (one plain file)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from rao_lab.errors import RunFileError
from rao_lab.store import schema
from rao_lab.store.files import PAGE_SIZE, WRITE_WAIT, check_file, complaints, on_network

_CLOSE_TRIES = 100
_CLOSE_PAUSE = 0.05


def open_for_writing(
    path: Path, resume: bool, journal: str, notice: Callable[[str], None]
) -> tuple[sqlite3.Connection, bool]:
    """A connection for the writing thread, outside of any transaction, and whether the file held a run.

    Raises:
        RunFileError: there is a file already, or the one to go on with is damaged, newer, foreign.
    """
    begun = path.exists() and (not path.is_file() or path.stat().st_size > 0)
    if begun and resume:
        check_file(path)
    elif begun:
        raise RunFileError(f"{path.name} exists already: resume it, or choose another name")
    uri = f"file:{quote(str(path.resolve()))}?mode=rwc"
    connection = sqlite3.connect(
        uri, uri=True, timeout=WRITE_WAIT, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        if begun:
            with complaints(path.name):
                # A writer that died while it made the tables is rolled back to nothing.
                begun = connection.execute("PRAGMA page_count").fetchone() != (0,)
                if begun:
                    _check_existing(connection, path.name)
        if not begun:
            _make(connection)
        _set_journal(connection, path, journal, notice)
    except BaseException:
        connection.close()
        raise
    return connection, begun


def _check_existing(connection: sqlite3.Connection, name: str) -> None:
    schema.migrate(connection, name)
    schema.check_tables(connection, name)
    (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if problem != "ok":
        raise RunFileError(f"{name} is damaged and cannot be resumed: try salvage")


def _make(connection: sqlite3.Connection) -> None:
    """The tables, in one transaction and before WAL, so that a file is either empty or a run file."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA auto_vacuum = NONE")
    connection.execute("BEGIN IMMEDIATE")
    schema.create(connection)
    connection.execute("INSERT INTO meta VALUES ('created', ?)", (round(time.time(), 3),))
    connection.execute("COMMIT")


def _set_journal(
    connection: sqlite3.Connection, path: Path, journal: str, notice: Callable[[str], None]
) -> None:
    network = journal == "auto" and on_network(path.parent)
    if journal != "rollback" and not network:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode == "wal":
            return
    connection.execute("PRAGMA journal_mode = DELETE")
    if journal != "rollback":
        where = "lies on a network file system" if network else "lies where SQLite cannot use WAL"
        notice(f"{path.name} {where}: its readers may make the writer wait; a local folder has no such limit")


def close_to_one_file(connection: sqlite3.Connection) -> None:
    """Folds the journal into the file and closes. A reader that is just reading is waited for; one that
    never stops keeps the journal beside the file, which the next writer or reader folds in."""
    try:
        for _ in range(_CLOSE_TRIES):
            try:
                connection.execute("PRAGMA journal_mode = DELETE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    break  # a full disk: what is committed stays in the journal
                time.sleep(_CLOSE_PAUSE)
    finally:
        connection.close()
