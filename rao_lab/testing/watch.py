"""Calls a user's code, and bounds each call in seconds: what does not return is stopped and named by file and line.

The checks run in a thread of their own, and the thread that asked for them watches the time. It stops a call of Python
that takes too long by raising an exception in it. Code that hears nothing (it waits in C) is left behind, and so
are the checks that would have come after it.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from rao_lab.base.places import raised_at, running_at
from rao_lab.environments.functions.calling import TOOLS
from rao_lab.protocols import Refusal

PATIENCE = 1.0
"""Seconds between two tries to stop a call, and after the last one."""
TRIES = 3
WAITING = 4
"""A call has its seconds of processor time, and this many times as long by the clock: a busy machine is no fault."""


class _Overdue(BaseException):
    """Raised in a call that takes too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call."""

    value: Any = None
    refusal: Refusal | None = None
    problem: BaseException | None = None
    """What was raised, if it is no refusal."""
    overdue: bool = False
    where: str = ""

    @property
    def ok(self) -> bool:
        """It returned or refused."""
        return self.problem is None and not self.overdue


class _Limit:
    """When a call has had its time."""

    def __init__(self, seconds: float) -> None:
        self._processor = time.process_time() + seconds
        self._clock = time.monotonic() + WAITING * seconds

    def over(self) -> bool:
        return time.monotonic() >= self._clock or time.process_time() >= self._processor

    def more(self, seconds: float) -> None:
        """So many seconds by the clock from now."""
        self._processor, self._clock = inf, time.monotonic() + seconds


class Watch:
    """Calls code in the thread of the checks while another thread watches the clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limit: _Limit | None = None
        self._asked = 0
        self._where = ""
        self._thread: threading.Thread | None = None
        self.lost = ""
        """Where a call is that could not be stopped."""

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], seconds: float) -> Answer:
        """Calls the function; whatever it does becomes an answer."""
        answer = Answer()
        try:
            with self._lock:
                self._limit, self._asked = _Limit(seconds), 0
            answer = _answered(function, args)
            self._ended()
        except _Overdue:
            with self._lock:
                self._limit = None
        return Answer(overdue=True, where=self._where) if self._asked else answer

    def _ended(self) -> None:
        with self._lock:
            self._limit = None
        if self.lost:
            raise SystemExit
        while self._asked:  # the exception is on its way
            time.sleep(0.001)

    def run(self, work: Callable[[], Any]) -> Any:
        """Runs the checks, and watches them. Returns what they return; None if one of their calls was left behind.

        Raises:
            whatever the checks raise.
        """
        done: list[Any] = []
        failed: list[BaseException] = []

        def act() -> None:
            try:
                done.append(work())
            except BaseException as problem:  # noqa: BLE001 - it is raised again in the thread that asked
                failed.append(problem)

        self._thread = threading.Thread(target=act, name="rao-lab-check", daemon=True)
        self._thread.start()
        try:
            while self._thread.is_alive() and not self.lost:
                self._thread.join(0.02)
                self._look()
        except KeyboardInterrupt:
            self._stop()
            raise
        if failed and not self.lost:
            raise failed[0]
        return done[0] if done and not self.lost else None

    def _look(self) -> None:
        with self._lock:
            if self._limit is None or not self._limit.over():
                return
            if not self._asked:
                self._where = self._place()
            if self._asked == TRIES:
                self.lost = self._where or "an unknown place"
            else:
                self._asked += 1
                self._limit.more(PATIENCE)
                self._stop()

    def _stop(self) -> None:
        assert self._thread is not None and self._thread.ident is not None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread.ident), ctypes.py_object(_Overdue)
        )

    def _place(self) -> str:
        assert self._thread is not None and self._thread.ident is not None
        waiting = [each.ident for each in threading.enumerate() if each.name == TOOLS]
        return next(filter(None, map(running_at, [self._thread.ident, *waiting])), "")


def _answered(function: Callable[..., Any], args: tuple[Any, ...]) -> Answer:
    try:
        return Answer(function(*args))
    except Refusal as refusal:
        return Answer(refusal=refusal)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - a user's environment: what it raises is a finding
        return Answer(problem=problem, where=raised_at(problem))
