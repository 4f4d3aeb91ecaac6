"""A plain copy of a run file, also of one that is being written."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import RunFileError, UnavailableError
from rao_lab.store import schema
from rao_lab.store.files import check_file, file_path, file_uri, reading, why_not_written

_OUT = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)


def export_copy(path: str | Path, out: str | Path) -> Path:
    """Writes the run as it is at this moment into a new file without gaps.

    Raises:
        MissingError: there is no run file at `path`.
        RunFileError: damaged, newer, or `out` exists.
        UnavailableError: `out` cannot be written.
    """
    source, target = file_path(path), file_path(out)
    check_file(source)
    refuse_to_overwrite(target)
    with reading(source) as connection:
        schema.version_of(connection, source.name)
        schema.check_tables(connection, source.name)
        connection.execute("ROLLBACK")  # VACUUM begins a read transaction of its own
        connection.execute("PRAGMA query_only = OFF")  # opened read-only, or a copy: this writes `out`
        try:
            connection.execute("VACUUM INTO ?", (file_uri(target.absolute()),))
        except BaseException as error:
            with suppress(OSError):  # a name that cannot be made cannot be removed either
                target.unlink(missing_ok=True)
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _OUT:
                raise UnavailableError(
                    f"{unquoted(target.name)} cannot be written: {why_not_written(error)}"
                ) from None
            raise
    return target


def refuse_to_overwrite(target: Path) -> None:
    """Raises: RunFileError: it exists. UnavailableError: it could not be made there."""
    try:
        target.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise UnavailableError(f"{unquoted(target.name)} cannot be written: {error.strerror}") from None
    else:
        raise RunFileError(f"{unquoted(target.name)} exists already: choose another name")
    if not target.parent.is_dir():
        raise UnavailableError(
            f"{unquoted(target.name)} cannot be written: there is no folder {unquoted(target.parent)}"
        )
