"""How a run file is opened, and what SQLite's and the system's complaints mean to the user.

Readers are read-only, distrust the schema, and bound the work of every statement by the size of the
file: a forged tree of pages cannot make them run on and on. Nobody keeps a connection while idle, so
that a writer can always fold its journal back into one plain file.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from urllib.parse import quote

from rao_lab.errors import MissingError, RunFileError, UnavailableError
from rao_lab.store.blobs import MAX_BODY
from rao_lab.visible import one_line

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises; SQLite's own complaints may quote bytes that are no text."""
MAGIC = b"SQLite format 3\0"
READ_WAIT = 5.0
"""Seconds a reader waits for a lock; in WAL it never has to."""
WRITE_WAIT = 30.0
"""Seconds the writer waits for readers where the journal is not WAL."""
PAGE_SIZE = 8192
_STEP_OF_BUDGET = 20_000
_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "lustre", "beegfs", "gpfs", "ceph", "glusterfs", "fuse.")


def check_file(path: Path) -> None:
    """Refuses what is no SQLite file before SQLite sees it.

    Raises:
        MissingError: there is no such file.
        RunFileError: a folder, empty, unreadable or something else.
    """
    if not path.exists():
        raise MissingError(f"no run file {path}: check the name, or record one with `rao-lab train --out`")
    if not path.is_file():
        raise RunFileError(f"{path} is a folder, not a run file")
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        raise RunFileError(f"{path.name} cannot be read: {error.strerror}") from None
    if not head:
        raise RunFileError(f"{path.name} is empty: the run that made it never began to write")
    if head != MAGIC:
        raise RunFileError(f"{path.name} is no run file: it does not begin as SQLite files do")


def spare_run_file(path: Path) -> None:
    """Refuses to write anything else where a run lies, or under a name that only runs have.

    Raises:
        RunFileError: a run would be lost, or the file be taken for one.
    """
    try:
        with path.open("rb") as file:
            run = file.read(len(MAGIC)) == MAGIC
    except OSError:
        run = False
    if run or path.suffix == ".rao":
        raise RunFileError(
            f"{path.name} is a run file or named like one: choose another name, such as {path.stem}.html"
        )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection in one read transaction, closed at the end.

    A file whose writer died in the middle of a commit, in rollback mode, has to be rolled back before it
    can be read. That is done in a private copy: to look at a file never changes it.

    Raises:
        RunFileError: locked, damaged, or the contents contradict themselves.
    """
    with ExitStack() as held, complaints(path.name):
        try:
            connection = held.enter_context(_connected(path, "ro"))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
                raise
            folder = Path(held.enter_context(TemporaryDirectory()))
            connection = held.enter_context(_connected(copy_with_journal(path, folder), "rw"))
            connection.execute("PRAGMA query_only = ON")
            if connection.execute("PRAGMA page_count").fetchone() == (0,):
                raise RunFileError(
                    f"{path.name} is empty: the run that made it never began to write"
                ) from None
        yield connection


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    uri = f"file:{quote(str(path.resolve()))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=READ_WAIT, isolation_level=None)
    try:
        guard(connection, path.stat().st_size)
        if mode == "ro":
            connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield connection
    finally:
        connection.close()


def copy_with_journal(path: Path, folder: Path) -> Path:
    copy = Path(copyfile(path, folder / "copy.rao"))
    for suffix in ("-journal", "-wal"):
        beside = path.with_name(path.name + suffix)
        if beside.is_file():
            copyfile(beside, folder / f"copy.rao{suffix}")
    return copy


def guard(connection: sqlite3.Connection, file_size: int) -> None:
    """Distrusts the file: no code from its schema, bounded values, bounded work a statement."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BODY)
    budget = Work(2_000_000 + 40 * file_size)
    connection.set_progress_handler(budget.spend, _STEP_OF_BUDGET)


class Work:
    """Instructions that SQLite may run on one connection: far above what honest rows of the file need."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self) -> int:
        self.left -= _STEP_OF_BUDGET
        return int(self.left < 0)


@contextmanager
def complaints(name: str) -> Iterator[None]:
    """Turns SQLite's errors while reading into one clear line.

    Raises:
        RunFileError: with what was wrong in place of SQLite's words.
    """
    try:
        yield
    except UNREADABLE as error:
        raise RunFileError(f"{name} {_meaning(error)}") from None


def write_failure(name: str, error: Exception) -> UnavailableError:
    """The words for a write that failed; what was committed before stands."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    reason = {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_IOERR: "the disk failed or is full",
        sqlite3.SQLITE_BUSY: "another program holds it locked",
        sqlite3.SQLITE_READONLY: "it is read-only",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened for writing",
        sqlite3.SQLITE_CORRUPT: "it is damaged: try salvage",
    }.get(code, str(error))
    return UnavailableError(f"{name} cannot be written any more: {reason}; what was saved stays readable")


def _meaning(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is damaged (a text in it is none): try salvage"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"is locked by another program (waited {READ_WAIT:g} s): close it and try again"
    if code == sqlite3.SQLITE_CANTOPEN:
        return (
            "cannot be opened: it, or the journal beside it, is unreadable here; copy it to a folder of yours"
        )
    if code == sqlite3.SQLITE_IOERR:
        return "cannot be read: the disk or network failed"
    if code == sqlite3.SQLITE_INTERRUPT:
        return "is damaged: reading it takes more work than its size explains"
    return f"is damaged ({one_line(str(error), 120)}): try salvage"


def on_network(folder: Path, mounts: str | None = None) -> bool:
    """Whether a folder lies on a network file system, where SQLite's WAL does not work.

    `mounts` is the text of Linux's mountinfo, read when None; elsewhere the answer is no, and SQLite
    itself refuses WAL where it can tell.
    """
    if mounts is None:
        if not sys.platform.startswith("linux"):
            return False
        try:
            mounts = Path("/proc/self/mountinfo").read_text(errors="replace")
        except OSError:
            return False
    best, kind = "", ""
    target = str(folder.resolve()) + "/"
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if len(fields) > 4 and kinds:
            point = fields[4].replace("\\040", " ").rstrip("/") + "/"
            if target.startswith(point) and len(point) >= len(best):
                best, kind = point, kinds[0]
    return kind.startswith(_NETWORK)
