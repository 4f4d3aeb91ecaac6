"""How a run file is opened, and what SQLite's and the system's complaints mean to the user.

Readers are read-only, distrust the schema, and bound the work of every statement by the size of the
file: a forged tree of pages cannot make them run on and on. Nobody keeps a connection while idle, so
that a writer can always fold its journal back into one plain file.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from urllib.parse import quote

from rao_lab.base.safe_text import for_shell, one_line, quoted, unquoted
from rao_lab.errors import MissingError, RunFileError, UnavailableError
from rao_lab.store.columns.bytes import MAX_BODY
from rao_lab.store.foreign import looks_like

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises; SQLite's own complaints may quote bytes that are no text."""
MAGIC = b"SQLite format 3\0"
READ_WAIT = 5.0
"""Seconds a reader waits for a lock; in WAL it never has to."""
WRITE_WAIT = 30.0
"""Seconds the writer waits for readers if the journal is not WAL."""
PAGE_SIZE = 8192
_TRY = "try `rao-lab export "
_OCTAL = re.compile(r"\\([0-7]{3})")
"""As mountinfo writes blanks and backslashes of a path."""
_STEP_OF_BUDGET = 20_000
_SHARED_MEMORY = (
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_SHMLOCK,
)
_NETWORK = (
    *("nfs", "cifs", "smb", "9p", "afs", "lustre", "beegfs", "gpfs", "ceph", "glusterfs", "fuse."),
    *("panfs", "wekafs", "pvfs2", "orangefs", "vboxsf"),
)


def file_path(path: object) -> Path:
    """The path that a caller gave as the name of a run file.

    Raises:
        RunFileError: no file could be called so.
    """
    try:
        found = Path(path)  # type: ignore[arg-type]
        if b"\0" not in os.fsencode(found):
            return found
    except (TypeError, UnicodeEncodeError):
        pass
    raise RunFileError(f"a run file is named by a path, not by {quoted(path)}")


def real_path(path: Path) -> Path:
    """Where the file itself lies: its journal and its lock stand there, whatever links lead to it."""
    return Path(os.path.realpath(path))


def check_regular(path: Path) -> None:
    """Refuses what is no file before anything is read: to read a pipe would wait.

    Raises:
        MissingError: there is no such file.
        RunFileError: a folder, a device, or out of reach.
    """
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise _no_such_file(path) from None
    except OSError as error:
        raise RunFileError(f"{unquoted(path.name)} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "a device or a pipe"
        raise RunFileError(f"{unquoted(path)} is {what}, not a run file")


def check_file(path: Path) -> None:
    """Refuses what is no SQLite file before SQLite sees it.

    Raises:
        MissingError: there is no such file.
        RunFileError: a folder, empty, unreadable or something else.
    """
    check_regular(path)
    name = unquoted(path.name)
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except FileNotFoundError:
        raise _no_such_file(path) from None
    except OSError as error:
        raise RunFileError(f"{name} cannot be read: {error.strerror}") from None
    if not head:
        raise RunFileError(f"{name} is empty: the run that made it never began to write")
    if head != MAGIC:
        raise RunFileError(
            f"{name} is no run file: it looks like {looks_like(path)}. RAO Lab opens the .rao files that it records "
            "(`rao-lab train --out FILE.rao`); rl.open_trace and `rao-lab import` open traces of other programs"
        )


def _no_such_file(path: Path) -> MissingError:
    return MissingError(
        f"no run file {unquoted(path)}: check the name, or record one with `rao-lab train --out`"
    )


def spare_run_file(path: Path) -> None:
    """Refuses to write anything else where a run lies, or under a name that only runs have.

    Raises:
        RunFileError: a run would be lost, or the file be taken for one.
    """
    try:
        run = path.is_file() and begins_as_run(path)
    except OSError:
        run = False  # whoever writes there says why it cannot be done
    if run or path.suffix == ".rao":
        name, other = unquoted(path.name), unquoted(f"{path.stem}.html")
        raise RunFileError(f"{name} is a run file or named like one: choose another name, such as {other}")


def begins_as_run(path: Path) -> bool:
    """Raises: OSError."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection in one read transaction, closed at the end.

    A file whose writer died in the middle has to be rolled back, or its journal folded in, before it can
    be read. If this may not be done beside the file, or the shared memory for it is refused, it is done in
    a private copy: to look at a file never changes it.

    Raises:
        MissingError: there is no such file any more.
        RunFileError: locked, damaged, or the contents contradict themselves.
    """
    real = real_path(path)
    with ExitStack() as held, complaints(path):
        try:
            connection = held.enter_context(_connected(real, "ro"))
        except FileNotFoundError:
            raise _no_such_file(path) from None
        except sqlite3.OperationalError as error:
            if not beside_refused(error):
                raise
            connection = held.enter_context(_connected(_private_copy(path, held), "rw", Copied))
            connection.execute("PRAGMA query_only = ON")
            if connection.execute("PRAGMA page_count").fetchone() == (0,):
                raise RunFileError(
                    f"{path.name} is empty: the run that made it never began to write"
                ) from None
        yield connection


def beside_refused(error: sqlite3.Error) -> bool:
    """Whether SQLite lacks what it keeps beside the file: a journal it may write, memory it may share."""
    beside = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
    return error.sqlite_errorcode in _SHARED_MEMORY or error.sqlite_errorcode & 0xFF in beside


def _private_copy(path: Path, held: ExitStack) -> Path:
    """A copy that lives as long as `held`.

    Raises:
        MissingError: there is no such file any more.
        RunFileError: it cannot be copied.
    """
    try:
        return copy_with_journal(path, Path(held.enter_context(TemporaryDirectory())))
    except FileNotFoundError:
        raise _no_such_file(path) from None
    except OSError as error:
        raise RunFileError(
            f"{path.name} cannot be read in its place, nor copied to be read: {error.strerror}"
        ) from None


class Copied(sqlite3.Connection):
    """To a private copy of the file. A copy takes long to make: a reader that comes back keeps what it holds."""


@contextmanager
def _connected(
    path: Path, mode: str, kind: type[sqlite3.Connection] = sqlite3.Connection
) -> Iterator[sqlite3.Connection]:
    uri = f"{file_uri(path)}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=READ_WAIT, isolation_level=None, factory=kind)
    try:
        guard(connection, size_on_disk(path))
        if mode == "ro":
            connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield connection
    finally:
        connection.close()


def file_uri(path: Path) -> str:
    """The path for SQLite, whatever characters or bytes are in it."""
    return f"file:{quote(os.fsencode(path))}"


def size_on_disk(path: Path) -> int:
    """Bytes, with those that still stand in the journal of a run that is being written."""
    journal = path.with_name(path.name + "-wal")
    try:
        waiting = journal.stat().st_size
    except FileNotFoundError:
        waiting = 0
    return path.stat().st_size + waiting


def copy_with_journal(path: Path, folder: Path) -> Path:
    """Raises: OSError."""
    real = real_path(path)
    copy = Path(copyfile(real, folder / "copy.rao"))
    for suffix in ("-journal", "-wal"):
        beside = real.with_name(real.name + suffix)
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
def complaints(path: Path) -> Iterator[None]:
    """Turns SQLite's errors while reading into one clear line.

    Raises:
        RunFileError: with what was wrong in place of SQLite's words.
    """
    try:
        yield
    except UNREADABLE as error:
        raise RunFileError(f"{path.name} {_meaning(error, path)}") from None


def salvage_hint(path: Path) -> str:
    """What to do with a damaged file: a command that can be pasted. The new file lies beside it, where it is found by
    whoever looked for this one. If nothing can be written there, it lies in the present folder, and its name
    begins with the last two folders of this one: each student's run may be called first.rao."""
    with suppress(OSError, ValueError):  # no folder is the present one, or the file lies elsewhere
        path = path.relative_to(Path.cwd())
    folders = [name for name in path.parent.parts if name not in (path.anchor, "..")][-2:]
    new = path.with_name(f"{path.stem}.salvaged.rao")
    out = free_name(new if os.access(path.parent, os.W_OK) else Path(".".join([*folders, new.name])))
    words = [str(path), str(out)] if str(path).isprintable() else ["FILE", "NEW.rao"]
    run, left = map(for_shell, words)
    return f"{_TRY}{run} --salvage --out {left}`"


def without_hint(line: str) -> str:
    """An error to be handed on in a file: the path in a hint is of this machine."""
    return line.partition(f"; {_TRY}")[0].partition(f": {_TRY}")[0]


def free_name(path: Path) -> Path:
    """The path, or one like it where nothing lies yet: a.kept.rao, a.kept-2.rao."""
    for number in range(2, 100):
        if not os.path.lexists(path):
            break
        stem = path.stem if number == 2 else path.stem.rpartition("-")[0]
        path = path.with_name(f"{stem}-{number}{path.suffix}")
    return path


def write_failure(path: Path, error: Exception) -> UnavailableError:
    """The words for a write that failed; what was committed before stands."""
    damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT
    why = f"it is damaged: {salvage_hint(path)}" if damaged else why_not_written(error)
    then = "" if damaged else ", and a training can be resumed when this is mended"
    return UnavailableError(
        f"{path.name} cannot be written any more: {why}; what was saved stays readable{then}"
    )


def why_not_written(error: Exception) -> str:
    return {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_IOERR: "the disk failed or is full",
        sqlite3.SQLITE_BUSY: "another program holds it locked",
        sqlite3.SQLITE_READONLY: "it is read-only",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened for writing",
    }.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, str(error))


def _meaning(error: Exception, path: Path) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"is damaged (a text in it is none): {salvage_hint(path)}"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"is locked by another program (waited {READ_WAIT:g} s): close it and try again"
    if code == sqlite3.SQLITE_CANTOPEN:
        return (
            "cannot be opened: it, or the journal beside it, is unreadable here; copy it to a folder of yours"
        )
    if code == sqlite3.SQLITE_READONLY:
        return "is read-only here: copy it to a folder of yours"
    if code == sqlite3.SQLITE_IOERR:
        return "cannot be read: the disk or network failed"
    if code == sqlite3.SQLITE_INTERRUPT:
        return "is damaged: reading it takes more work than its size explains"
    return f"is damaged ({one_line(str(error), 120)}): {salvage_hint(path)}"


def on_network(folder: Path, mounts: str | None = None) -> bool:
    """Whether a folder lies on a network file system, where SQLite's WAL does not work.

    `mounts` is the text of Linux's mountinfo, read if None. On other systems the answer is no, and SQLite
    itself refuses WAL if it can tell.
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
            point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4]).rstrip("/") + "/"
            if target.startswith(point) and len(point) >= len(best):
                best, kind = point, kinds[0]
    return kind.startswith(_NETWORK)
