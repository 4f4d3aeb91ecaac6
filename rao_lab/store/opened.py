"""A run file that is read now and then: every reading opens it anew and leaves nothing of it open."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rao_lab.errors import RunFileError
from rao_lab.store import schema
from rao_lab.store.files import (
    Copied,
    check_file,
    complaints,
    file_path,
    guard,
    reading,
    salvage_hint,
    size_on_disk,
)
from rao_lab.store.rows.summaries import meta_value


class OpenedFile:
    """A run file of ours, checked once.

    A file of an older schema, or one that can only be read from a copy, is turned into a private database
    once; later readings are of that.
    """

    def __init__(self, path: str | Path, follow: bool) -> None:
        given = file_path(path)
        check_file(given)
        self.path = given.absolute()
        self.closed = False
        self._follow = follow
        self._copy: sqlite3.Connection | None = None  # read in place of the file
        self._copy_lock = threading.Lock()
        with reading(self.path) as connection:
            self.schema_version = schema.version_of(connection, self.path.name)
            older = self.schema_version != schema.SCHEMA_VERSION
            if older or (isinstance(connection, Copied) and not follow):
                self._copy = connection = schema.turned_copy(connection, self.path.name)
            else:
                schema.check_tables(connection, self.path.name)
            self._created = meta_value(connection, "created")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One read transaction.

        Raises:
            RunFileError: closed, damaged, or another run lies in its place and it is not followed.
        """
        if self.closed:
            raise RunFileError(f"{self.path.name} was closed here: open it again")
        with self._connected() as connection:
            if not self._follow and meta_value(connection, "created") != self._created:
                raise RunFileError(
                    f"another run has taken the place of {self.path.name} since it was opened: open it again"
                )
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        check_file(self.path)
        with self._named():
            if self._copy is None:
                with reading(self.path) as connection:
                    yield connection
                return
            with complaints(self.path), self._copy_lock:
                guard(self._copy, size_on_disk(self.path))
                yield self._copy

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Puts the file's name before what a row reader found wrong."""
        try:
            yield
        except RunFileError as error:
            if self.path.name in str(error):
                raise
            raise RunFileError(f"{self.path.name} is damaged: {error}; {salvage_hint(self.path)}") from None

    def close(self) -> None:
        """Later readings are refused."""
        self.closed = True
        if self._copy is not None:
            self._copy.close()
            self._copy = None
