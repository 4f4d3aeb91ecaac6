"""A plain copy of a run file, also of one that is being written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from rao_lab.errors import RunFileError, UnavailableError
from rao_lab.store import schema
from rao_lab.store.files import check_file, reading, write_failure


def export_copy(path: str | Path, out: str | Path) -> Path:
    """Writes the run as it is at this moment into a new file without gaps.

    Raises:
        MissingError: there is no run file at `path`.
        RunFileError: damaged, newer, or `out` exists.
        UnavailableError: `out` cannot be written.
    """
    source, target = Path(path), Path(out)
    check_file(source)
    if target.exists():
        raise RunFileError(f"{target.name} exists already: choose another name")
    if not target.parent.is_dir():
        raise UnavailableError(f"{target.name} cannot be written: there is no folder {target.parent}")
    with reading(source) as connection:
        schema.version_of(connection, source.name)
        schema.check_tables(connection, source.name)
        connection.execute("ROLLBACK")  # VACUUM begins a read transaction of its own
        connection.execute("PRAGMA query_only = OFF")  # still opened read-only; this writes `out` alone
        connection.set_progress_handler(None, 0)
        try:
            connection.execute("VACUUM INTO ?", (str(target),))
        except sqlite3.OperationalError as error:
            target.unlink(missing_ok=True)
            if error.sqlite_errorcode & 0xFF in (
                sqlite3.SQLITE_FULL,
                sqlite3.SQLITE_CANTOPEN,
                sqlite3.SQLITE_IOERR,
                sqlite3.SQLITE_READONLY,
            ):
                raise write_failure(target.name, error) from None
            raise
    return target
