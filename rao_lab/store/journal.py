"""How the writer's connection begins (a new file, or one to go on with) and ends (one plain file)."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import RunFileError, UnavailableError
from rao_lab.store import schema
from rao_lab.store.files import (
    PAGE_SIZE,
    WRITE_WAIT,
    begins_as_run,
    beside_refused,
    check_file,
    complaints,
    file_uri,
    free_name,
    on_network,
    real_path,
    salvage_hint,
)

_CLOSE_TRIES = 100
_CLOSE_PAUSE = 0.05
JOURNAL_BYTES = 64 * 2**20
"""Above this the journal is folded in even if readers have to be waited for."""
_FOLD_WAIT = 1.0


def is_begun(path: Path) -> bool:
    """Whether something lies there that only a resumption may write in; an empty file is nothing."""
    return path.exists() and (not path.is_file() or path.stat().st_size > 0)


def in_the_way(path: Path) -> RunFileError:
    """What is said of it if no resumption was asked for."""
    if path.is_dir():
        return RunFileError(f"{unquoted(path.name)} is a folder: name a file in it")
    with suppress(OSError):  # who reads it says why it cannot be read
        if path.is_file() and not begins_as_run(path):
            return RunFileError(f"{unquoted(path.name)} exists already and is no run: choose another name")
    return RunFileError(
        f"{path.name} exists already: --resume goes on with it (in Python resume=True), or choose another name"
    )


def open_for_writing(
    path: Path, resume: bool, journal: str, notice: Callable[[str], None]
) -> tuple[sqlite3.Connection, bool]:
    """A connection for the writing thread, with no transaction begun, and whether the file held a run.

    Raises:
        RunFileError: there is a file already, or the one to go on with is damaged, newer, foreign.
    """
    begun = is_begun(path)
    if begun and resume:
        check_file(path)
    elif begun:
        raise in_the_way(path)
    real = real_path(path)
    connection = _connect(real)
    try:
        if begun:
            with complaints(path):
                if not _can_write(connection):  # a crash left it in WAL, which is refused in this folder
                    connection.close()
                    connection = _connect(real, without_wal=True)
                # A writer that died while it made the tables is rolled back to nothing.
                begun = connection.execute("PRAGMA page_count").fetchone() != (0,)
                if begun:
                    _check_existing(connection, path)
        if not begun:
            _make(connection)
        network = journal == "auto" and on_network(real.parent)
        if journal == "rollback" or network or not _set_wal(connection):
            connection.close()
            connection = _connect(real, without_wal=True)
            if journal != "rollback":
                where = "on a network file system" if network else "where SQLite cannot use WAL"
                notice(
                    f"{path.name} lies {where}: its readers may make the writer wait; a local folder has no"
                    " such limit"
                )
    except BaseException:
        connection.close()
        if not begun:  # tables without a run would be refused as a run that exists
            real.unlink(missing_ok=True)
        raise
    return connection, begun


def _connect(real: Path, without_wal: bool = False) -> sqlite3.Connection:
    """Raises: sqlite3.OperationalError, if it may not be written at all."""
    connection = sqlite3.connect(
        f"{file_uri(real)}?mode=rwc",
        uri=True,
        timeout=WRITE_WAIT,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        if without_wal:  # who has the file alone can leave WAL without the memory that is shared in it
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA locking_mode = NORMAL")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # lets go of the lock
    except BaseException:
        connection.close()
        raise
    return connection


def _check_existing(connection: sqlite3.Connection, path: Path) -> None:
    schema.migrate(connection, path.name)
    schema.check_tables(connection, path.name)
    (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if problem != "ok":
        raise RunFileError(f"{path.name} is damaged and cannot be resumed: {salvage_hint(path)}")


def _make(connection: sqlite3.Connection) -> None:
    """The tables, in one transaction and before WAL, so that a file is either empty or a run file."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA auto_vacuum = NONE")
    connection.execute("BEGIN IMMEDIATE")
    schema.create(connection)
    connection.execute("INSERT INTO meta VALUES ('created', ?)", (round(time.time(), 3),))
    connection.execute("COMMIT")


def _set_wal(connection: sqlite3.Connection) -> bool:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    return mode == "wal" and _can_write(connection)


def _can_write(connection: sqlite3.Connection) -> bool:
    """Whether a transaction can begin: WAL needs memory shared through a file, which a file system may
    refuse as late as this."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if not beside_refused(error):
            raise
        return False
    return True


class WriteAhead:
    """Keeps the journal of WAL from growing on: SQLite begins it anew only in a moment without readers, and
    many followers leave none. They are then waited for, for a second, and less often if that fails."""

    def __init__(self, path: Path) -> None:
        self._path = Path(f"{real_path(path)}-wal")
        self._fold_above = JOURNAL_BYTES

    def fold_if_large(self, connection: sqlite3.Connection) -> None:
        """Outside of any transaction."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:  # a rollback journal
            return
        if size <= self._fold_above:
            return
        connection.execute(f"PRAGMA busy_timeout = {int(1000 * _FOLD_WAIT)}")
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.execute(f"PRAGMA busy_timeout = {int(1000 * WRITE_WAIT)}")
        self._fold_above = 2 * size if busy else JOURNAL_BYTES


class Standing:
    """Whether a file that is being written still lies where it was opened, under its name."""

    def __init__(self, path: Path) -> None:
        self._path = real_path(path)
        self._was = self._path.stat()

    def holds(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), self._was)
        except OSError:
            return False

    def rescue(self, connection: sqlite3.Connection) -> UnavailableError:
        """Copies what was recorded to another place, and says what happened."""
        gone = f"{unquoted(self._path.name)} was removed, moved or replaced while it was being written"
        for folder in (lambda: self._path.parent, lambda: Path(tempfile.gettempdir())):
            with suppress(sqlite3.Error, OSError):  # the next one
                kept = free_name(folder() / f"{self._path.stem}.kept.rao")
                connection.execute("VACUUM INTO ?", (file_uri(kept),))
                return UnavailableError(
                    f"{gone}: what was recorded so far is kept in {unquoted(kept)}{self._about_weights(kept)}"
                )
        return UnavailableError(f"{gone}, and what was recorded could not be kept elsewhere")

    def _about_weights(self, kept: Path) -> str:
        """A run goes on from the checkpoints that are named after its file."""
        weights = checkpoint_folder(self._path)
        if not os.path.isdir(weights):  # noqa: PTH112 - Path.is_dir raises if the folder above is closed to us
            return ""
        return (
            ". To resume it, rename the folder of its checkpoints too: "
            f"{unquoted(weights)} to {unquoted(checkpoint_folder(kept))}"
        )


def checkpoint_folder(path: str | Path) -> Path:
    """Where the checkpoints of a run file lie."""
    return Path(f"{path}.ckpt")


def checkpoint_steps(folder: Path) -> list[int]:
    """The steps that checkpoints in this folder are named after, in order."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
    found = [name.removeprefix("step-") for name in names if name.startswith("step-")]
    return sorted(int(number) for number in found if number.isdecimal())


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
