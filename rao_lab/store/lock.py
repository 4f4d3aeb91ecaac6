"""The write lock of a run file: held by the operating system, gone with the process that took it.

The lock lies on a small file beside the run, because taking a lock on the run itself would disturb the
locks that SQLite keeps there. It is removed on release; after `kill -9` it stays behind, unlocked, and
the next writer takes it over.
"""

from __future__ import annotations

import os
import sys
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import RunFileError, UnavailableError
from rao_lab.store.files import on_network, real_path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO, shared: bool = False) -> None:
        file.seek(1 << 20)  # behind what is written: nobody else can read a locked byte
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(0)
else:
    import fcntl

    def _try_lock(file: BinaryIO, shared: bool = False) -> None:
        fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


_TRIES = 5
"""A reader that asks whether the file is written holds the lock for an instant: try again."""
_MOST_OWNERS = 1000
"""Lock files that may be removed one after the other while one of them is to be taken."""


class WriteLock:
    """Taken when made.

    Raises:
        RunFileError: another writer, in this or another process, holds it.
        UnavailableError: the lock file cannot be made in this folder.
    """

    def __init__(self, run_file: Path) -> None:
        self._path = lock_path(run_file)
        self._run_file = run_file
        self._inode: BinaryIO | None = None
        self._file = self._take(run_file)
        _let_go_in_children(weakref.ref(self))
        try:
            self._file.truncate(0)
            self._file.write(str(os.getpid()).encode())
        except OSError as error:
            self.release()
            raise _not_made(run_file, error) from None

    def hold_file(self) -> None:
        """Locks the file itself too, which may have other names (hard links). The kind of lock is not SQLite's; only
        on Linux, and not on a network, are the two independent. It must be let go after SQLite's connection.

        Raises:
            RunFileError: another writer holds it by another name.
        """
        real = real_path(self._run_file)
        if self._inode is not None or sys.platform != "linux" or on_network(real.parent):
            return
        try:
            file = _opened(real, os.O_RDONLY)
        except OSError:  # it is not there yet, or whoever opens it says why it cannot be
            return
        try:
            _try_lock(file)
        except BlockingIOError:
            file.close()
            raise RunFileError(
                f"{unquoted(self._run_file.name)} is being written under another name of the same file (a hard "
                "link): wait for that writer, or make a copy"
            ) from None
        except OSError:  # this file system knows no such locks
            file.close()
            return
        self._inode = file

    def release(self) -> None:
        """Removes the lock file and then lets go, so that nobody locks a file that is about to vanish."""
        if self._file.closed:
            return
        if sys.platform == "win32":  # an open file cannot be removed there
            self._file.close()
        with suppress(OSError):  # a disk that became read-only; Windows, while another process asks for it
            self._path.unlink(missing_ok=True)
        self.forget()

    def forget(self) -> None:
        """Closes the files alone, as a forked child must: the lock stays with the process that took it."""
        self._file.close()
        if self._inode is not None:
            self._inode.close()

    def _take(self, run_file: Path) -> BinaryIO:
        for _ in range(_MOST_OWNERS):
            try:
                file = _opened(self._path, os.O_RDWR | os.O_CREAT)
            except OSError as error:
                raise _not_made(run_file, error) from None
            if not _lock_soon(file):
                owner = _owner(file)
                file.close()
                if owner == str(os.getpid()):
                    raise RunFileError(
                        f"{run_file.name} is being written by process {owner}, which is this one: stop its "
                        "session, or end the loop over its steps, first"
                    )
                raise RunFileError(
                    f"{run_file.name} is being written by process {owner}: wait for it or stop it first"
                )
            if _same_file(file, self._path):
                return file
            file.close()  # its owner released it between our open and our lock
        raise UnavailableError(
            f"{unquoted(run_file.name)} cannot be written: its lock file {unquoted(self._path.name)} is no file that "
            "stays: try another folder"
        )


def _not_made(run_file: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"{unquoted(run_file.name)} cannot be written: its lock file cannot be made ({error.strerror})"
    )


def _let_go_in_children(lock: weakref.ref[WriteLock]) -> None:
    """Otherwise a child that outlives `kill -9` of the writer would keep the run locked."""

    def let_go() -> None:
        held = lock()
        if held is not None:
            held.forget()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=let_go)


def is_locked(run_file: Path) -> bool:
    """Whether a living process writes this run file now."""
    try:
        with _opened(lock_path(run_file), os.O_RDONLY) as file:
            try:
                _try_lock(file, shared=True)
            except OSError:
                return True
            return False
    except OSError:
        return False


def lock_path(run_file: Path) -> Path:
    """Beside the file itself, so that its names by links share one lock."""
    return Path(f"{real_path(run_file)}.lock")


def _opened(path: Path, how: int) -> BinaryIO:
    """Without waiting: a pipe would be waited for until somebody opens its other end.

    Raises:
        OSError: it cannot be.
    """
    descriptor = os.open(path, how | getattr(os, "O_NONBLOCK", 0), 0o644)
    return os.fdopen(descriptor, "r+b" if how & os.O_RDWR else "rb", buffering=0)


def _lock_soon(file: BinaryIO) -> bool:
    for attempt in range(_TRIES):
        try:
            _try_lock(file)
        except OSError:
            if attempt < _TRIES - 1:
                time.sleep(0.01)
        else:
            return True
    return False


def _owner(file: BinaryIO) -> str:
    text = file.read(20) or b""  # an empty pipe holds None
    return text.decode("ascii", "replace") if text.isdigit() else "?"


def _same_file(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
