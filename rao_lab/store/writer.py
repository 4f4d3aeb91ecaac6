"""The one writer of a run file: calls queue up, one thread writes them.

The caller only appends to a locked queue. Every 0.2 s, and whenever a tree ends, the thread writes what
is there in one transaction. So a follower sees live nodes, and a crash loses at most 0.2 s. The end of a
step and a checkpoint wait until they are on the disk.

If the thread fails (a full disk, or the file is removed or moved meanwhile), every later call raises the
error; all that was committed stays readable. This module knows no training: the caller says when a step
begins, to which step it rewinds and which folders hold its checkpoints.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from rao_lab.base.versions import package_versions
from rao_lab.base.warned import warn_user
from rao_lab.credit import Attributions
from rao_lab.errors import RaoLabError, UnavailableError
from rao_lab.store.files import UNREADABLE, file_path, real_path, write_failure
from rao_lab.store.journal import (
    Standing,
    WriteAhead,
    checkpoint_folder,
    close_to_one_file,
    open_for_writing,
)
from rao_lab.store.lock import WriteLock
from rao_lab.store.rows.transaction import RunTables
from rao_lab.tree import Event, Tree, TreeHeader

FLUSH_SECONDS = 0.2
MAX_QUEUED = 100_000
"""Calls that may wait for a slow disk before the caller has to wait too."""

Journal = Literal["auto", "wal", "rollback"]
_Call = tuple[Callable[..., Any], tuple[Any, ...], "Future[Any] | None"]


@dataclass(frozen=True, slots=True)
class NotedCheckpoint:
    """The folder that the run names for the weights after a step."""

    step: int
    folder: Path


class RunWriter:
    """Records a run. Use as a context manager, or call `close`.

    Args:
        path: the file to make; missing folders above it are made too.
        config: plain values that say how the run was made. Absolute paths and addresses are cut.
        resume: go on in a file that exists; without it such a file is refused. Nothing is deleted
            before `rewind`. A file that is absent or empty begins anew.
        packages: versions to record; by default those installed here.
        notice: told, once, if the file system forces a rollback journal, in which readers may make
            the writer wait.
        journal: "auto" decides by the file system.

    Raises:
        RunFileError: it exists and `resume` is false, is being written, newer, or no run file.
        UnavailableError: it cannot be written here.
    """

    def __init__(
        self,
        path: str | Path,
        config: Mapping[str, Any],
        *,
        resume: bool = False,
        packages: Mapping[str, str] | None = None,
        notice: Callable[[str], None] = warn_user,
        journal: Journal = "auto",
    ) -> None:
        self.path = file_path(path).absolute()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(f"{path} cannot be made: {error.strerror}") from None
        self.resumed = False
        """Whether the file already held a run."""
        self._lock = WriteLock(self.path)
        with ExitStack() as undo:
            undo.callback(self._lock.release)
            try:
                self._lock.hold_file()
                connection, self.resumed = open_for_writing(self.path, resume, journal, notice)
                if not self.resumed:  # a file that was never begun is not left to be refused later
                    undo.callback(real_path(self.path).unlink, missing_ok=True)
                undo.callback(close_to_one_file, connection)
                self._lock.hold_file()
                self._tables = RunTables(connection)
                self._standing = Standing(self.path)
                self._journal = WriteAhead(self.path)
                # A resumption that is given up before it rewinds leaves the run as it was.
                first = _nothing if self.resumed else RunTables.set_config
                self._about = (config, packages or package_versions())
                self._write([(first, () if self.resumed else self._about, None)])
            except (*UNREADABLE, OSError) as error:
                raise write_failure(self.path, error) from None
            undo.pop_all()
        self._changed = threading.Condition()
        self._queue: list[_Call] = []
        self._urgent = self._closing = self._closed = False
        self._failure: BaseException | None = None
        self._told = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name=f"write {self.path.name}", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def attempt(self) -> int:
        """From 1; one more after each `rewind`."""
        return self._tables.attempt

    def begin_step(self, step: int, attempt: int | None = None) -> None:
        """A step begins. What an earlier try left of it, if it never ended, is deleted."""
        self._put(RunTables.begin_step, step, self.attempt if attempt is None else attempt)

    def event(self, tree_key: Hashable, header: TreeHeader, event: Event) -> None:
        """Records one event of a running tree; costs the caller an append.

        `tree_key` tells apart trees that run at the same time with the same step, group and rollout
        (forks); if none do, any value will do.
        """
        self._put(RunTables.add_event, tree_key, header, event)

    def tree_done(self, tree: Tree, tree_key: Hashable | None = None) -> None:
        """A tree ended: its rows replace its events in one transaction, soon."""
        self._put(RunTables.tree_done, tree, tree_key, urgent=True)

    def end_step(
        self,
        step: int,
        attributions: Attributions | None = None,
        metrics: Mapping[str, Any] | None = None,
        also: Sequence[Attributions] = (),
    ) -> None:
        """A step ended; returns when it is on the disk. `attributions` are those that were trained on,
        `also` others worth keeping, by other credit configs."""
        used = () if attributions is None else (attributions,)
        self._wait(RunTables.end_step, step, (*used, *also), metrics)

    def note_checkpoint(self, step: int, folder: str | Path) -> None:
        """The weights after `step` lie, complete, in `folder` of `checkpoint_folder`; returns when this is
        on the disk. Only the folder's name is recorded, so that run and weights can move together."""
        self._wait(RunTables.note_checkpoint, step, Path(folder).name)

    def checkpoints(self) -> list[NotedCheckpoint]:
        """Those noted, newest first; whether a folder is sound is for the caller to see."""
        return self._wait(_read_checkpoints, checkpoint_folder(self.path))

    def rewind(self, step: int, config: Mapping[str, Any] | None = None, without: Sequence[int] = ()) -> int:
        """Deletes, in one transaction, all that follows `step` (-1: everything), every tree that never ended and
        the trees with the ids in `without`; returns the new attempt number, which is recorded with `config`, by
        default this writer's."""
        own, packages = self._about
        return self._wait(_rewind, step, own if config is None else config, packages, without)

    def note_config(self, config: Mapping[str, Any], packages: Mapping[str, str]) -> None:
        """What the newest attempt was made with, said anew; returns when it is on the disk."""
        self._wait(RunTables.set_config, config, packages)

    def flush(self) -> None:
        """Returns when all calls so far are committed."""
        self._wait(_nothing)

    def close(self) -> None:
        """Writes what waits and leaves one plain file. Twice does nothing; interrupted, it can be called again.

        Raises:
            UnavailableError: not all could be written, and no earlier call said so.
        """
        if os.getpid() != self._process:  # a forked child has no writing thread, and may hold a dead lock
            return
        with self._changed:
            if self._closed:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._leave()

    def _leave(self) -> None:
        """All is written: the first caller of `close` leaves the file as it should be."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        if self._failure is None and not self._standing.holds():
            self._failure = self._standing.rescue(self._tables.connection)
        try:
            close_to_one_file(self._tables.connection)
        finally:
            self._lock.release()
        if self._failure is not None and not self._told:
            self._raise_failure()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except RaoLabError as problem:
            if value is None:
                raise
            warn_user(str(problem))  # what ended the block is what is raised

    # The caller's side of the queue

    def _put(
        self, method: Callable[..., Any], *args: Any, urgent: bool = False, future: Future[Any] | None = None
    ) -> None:
        with self._changed:
            if len(self._queue) >= MAX_QUEUED:
                self._changed.wait_for(lambda: len(self._queue) < MAX_QUEUED or self._failure is not None)
            if self._failure is not None:
                self._raise_failure()
            if self._closing:
                raise UnavailableError(f"{self.path.name} is closed: nothing more can be recorded in it")
            self._queue.append((method, args, future))
            if urgent or len(self._queue) == 1:
                self._urgent = self._urgent or urgent
                self._changed.notify_all()

    def _wait(self, method: Callable[..., Any], *args: Any) -> Any:
        future: Future[Any] = Future()
        self._put(method, *args, urgent=True, future=future)
        future.exception()  # wait
        if self._failure is not None:
            self._raise_failure()
        return future.result()

    def _raise_failure(self) -> None:
        self._told = True
        assert self._failure is not None
        if isinstance(self._failure, (*UNREADABLE, OSError)):
            raise write_failure(self.path, self._failure) from None
        if isinstance(self._failure, RaoLabError):
            raise type(self._failure)(*self._failure.args) from None
        raise self._failure

    # The writing thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                self._changed.wait_for(lambda: self._urgent or self._closing, FLUSH_SECONDS)
                batch, self._queue, self._urgent = self._queue, [], False
                self._changed.notify_all()
            if not batch:
                return
            try:
                self._write(batch)
            except BaseException as error:  # noqa: BLE001 - a thread has nobody to raise to: the next call raises it
                self._fail(error, batch)
                return

    def _write(self, batch: Sequence[_Call]) -> None:
        tables = self._tables
        durable = any(future is not None for _, _, future in batch)
        tables.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        tables.begin()
        results = [method(tables, *args) for method, args, _ in batch]
        tables.commit()
        if not self._standing.holds():
            raise FileNotFoundError(self.path.name)  # what it comes to is said by `_fail`
        for (_, _, future), result in zip(batch, results, strict=True):
            if future is not None:
                future.set_result(result)
        self._journal.fold_if_large(tables.connection)

    def _fail(self, error: BaseException, batch: Sequence[_Call]) -> None:
        try:
            with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                self._tables.rollback()
            if not self._standing.holds():
                error = self._standing.rescue(self._tables.connection)
        finally:  # whatever comes of that: whoever waits is told
            with self._changed:
                self._failure = error
                waiting = [*batch, *self._queue]
                self._queue = []
                self._changed.notify_all()
            for _, _, future in waiting:
                if future is not None and not future.done():
                    future.set_exception(error)


def _read_checkpoints(tables: RunTables, folder: Path) -> list[NotedCheckpoint]:
    rows = tables.checkpoints()
    return [NotedCheckpoint(step, folder / name) for step, name in rows]


def _rewind(
    tables: RunTables,
    step: int,
    config: Mapping[str, Any],
    packages: Mapping[str, str],
    without: Sequence[int],
) -> int:
    attempt = tables.rewind(step, without)
    tables.set_config(config, packages)
    return attempt


def _nothing(tables: RunTables) -> None:
    pass
