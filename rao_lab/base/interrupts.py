"""Ctrl-C and SIGTERM act when it is safe: not in the middle of a step, and not where they would be swallowed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class HeldBack:
    """Holds SIGINT back until the `with` block is done; then it is handled as usual.

    SIGINT interrupts only the main thread, so in other threads this does nothing; nor does it if Python has no
    handler for SIGINT. Blocks may be nested; one object serves one block at a time.
    """

    def __init__(self) -> None:
        self._before: Callable[[int, FrameType | None], Any] | None = None
        self._came = False
        self._through = False

    def __enter__(self) -> HeldBack:
        before = signal.getsignal(signal.SIGINT)
        if callable(before) and threading.current_thread() is threading.main_thread():
            self._before = before
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            before, self._before = self._before, None
            signal.signal(signal.SIGINT, before)
            self._hand_on(before)

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Inside this block SIGINT is handled at once, also one that has come already."""
        if self._before is None:
            yield
            return
        self._through = True
        try:
            self._hand_on(self._before)
            yield
        finally:
            self._through = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        if self._through and self._before is not None:
            self._hand_on(self._before)

    def _hand_on(self, before: Callable[[int, FrameType | None], Any]) -> None:
        came, self._came = self._came, False
        if came:
            before(signal.SIGINT, None)


class Termination:
    """Inside the `with` block SIGTERM, by which a scheduler ends a job, is handled like Ctrl-C.

    If Python has no handler for Ctrl-C (as in a background job of a script), SIGTERM ends the process at once,
    as usual.
    """

    def __init__(self) -> None:
        self.came = False
        """Whether a SIGTERM has come."""
        self._before: Any = None

    def __enter__(self) -> Termination:
        handled = callable(signal.getsignal(signal.SIGINT))
        if handled and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.raise_signal(signal.SIGINT)
