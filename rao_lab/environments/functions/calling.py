"""Calls of a user's functions: each is bounded in seconds, and none of them holds up the program's end.

A function runs in a thread beside the one that asks, because nothing else can be given up. One that does not return
in time is left behind: its thread goes on until the function returns, if ever, and until then the function is refused.
Plain functions run in one thread, which is kept, so that what belongs to a thread (a connection to sqlite3) lasts from
call to call; with `parallel`, each call that runs at the same time has a thread of its own. Async functions run on one
event loop in a thread of its own, with `parallel` several at the same time.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any

from rao_lab.base.places import running_at

TOOLS = "rao-lab-tool"
"""Name of the threads that plain functions run in."""

Outcome = tuple[bool, Any]
"""(whether it returned, what it returned or raised)."""


class OutOfTime(Exception):
    """A function did not return in time, in this call or in an earlier one that still runs.

    Its argument is the line of a plain function that it was at, as "tools.py:12 in fetch"; "" = not known.
    """

    def __init__(self, place: str = "") -> None:
        super().__init__(place)
        self.place = place


class Calls:
    """Calls functions for the worlds of one environment; `what` they are, for who watches, unless they are tools."""

    def __init__(self, seconds: float, parallel: bool, what: str = "") -> None:
        self.seconds = seconds
        self._what = what
        self._turn: Any = nullcontext() if parallel else threading.Lock()
        self._idle: list[_Thread] = []
        self._loop: _Loop | None = None
        self.running: list[str] = []
        """Names of the functions that run now, for who watches."""
        self._left: dict[int, SimpleQueue[Outcome]] = {}
        """Functions by `id` that did not return in time -> where what comes of them will lie."""

    def call(self, function: Callable[..., Any], arguments: dict[str, Any], seconds: float) -> Any:
        """What the function returns, if it does within so many seconds.

        Raises:
            OutOfTime: it does not return in time.
            whatever the function raises.
        """
        with self._turn:
            if inspect.iscoroutinefunction(function):
                return self.start(function, arguments, seconds)()
            self._check_returned(function)
            found = self._threaded(function, arguments, seconds)
            if inspect.iscoroutine(found):  # a plain function around an async one
                return self._started(function, found, seconds)()
            return found

    def start(
        self, function: Callable[..., Any], arguments: dict[str, Any], seconds: float
    ) -> Callable[[], Any]:
        """Starts an async function beside others that run; what is returned waits for it, as `call` does."""
        self._check_returned(function)
        return self._started(function, function(**arguments), seconds)

    @contextmanager
    def _watched(self, function: Callable[..., Any]) -> Iterator[None]:
        name = self._what or function.__name__
        self.running.append(name)
        try:
            yield
        finally:
            self.running.remove(name)

    def _check_returned(self, function: Callable[..., Any]) -> None:
        if id(function) in self._left and self._left[id(function)].empty():
            raise OutOfTime
        self._left.pop(id(function), None)

    def _threaded(self, function: Callable[..., Any], arguments: dict[str, Any], seconds: float) -> Any:
        try:
            thread = self._idle.pop()
        except IndexError:
            thread = _Thread()
        context = copy_context()
        outcome = thread.ask(lambda: context.run(function, **arguments))
        try:
            with self._watched(function):
                found = outcome.get(timeout=seconds)
        except Empty:
            self._left[id(function)] = outcome
            raise OutOfTime(running_at(thread.ident)) from None
        self._idle.append(thread)
        return _value(found)

    def _started(
        self, function: Callable[..., Any], work: Coroutine[Any, Any, Any], seconds: float
    ) -> Callable[[], Any]:
        loop = self._loop = self._loop or _Loop()
        outcome: SimpleQueue[Outcome] = SimpleQueue()
        running = loop.start(_outcome(work, outcome))
        until = time.monotonic() + seconds

        def wait() -> Any:
            try:
                with self._watched(function):
                    return _value(outcome.get(timeout=max(0.0, until - time.monotonic())))
            except Empty:
                if not loop.cancels(running):
                    self._loop = None  # what never awaits holds up its loop: the next call gets another
                self._left[id(function)] = outcome
                raise OutOfTime from None
            except BaseException:  # an interrupt of who waits here, or what it raised
                running.cancel()
                raise

        return wait


def _value(found: Outcome) -> Any:
    returned, value = found
    if returned:
        return value
    raise value


class _Thread:
    """A thread that does one work after the other, and ends with the last reference to this object."""

    def __init__(self) -> None:
        self._works: SimpleQueue[tuple[Callable[[], Any], SimpleQueue[Outcome]] | None] = SimpleQueue()
        thread = threading.Thread(target=_work, args=(self._works,), name=TOOLS, daemon=True)
        thread.start()
        self.ident = thread.ident
        weakref.finalize(self, self._works.put, None)

    def ask(self, work: Callable[[], Any]) -> SimpleQueue[Outcome]:
        outcome: SimpleQueue[Outcome] = SimpleQueue()
        self._works.put((work, outcome))
        return outcome


def _work(works: SimpleQueue[tuple[Callable[[], Any], SimpleQueue[Outcome]] | None]) -> None:
    while (asked := works.get()) is not None:
        work, outcome = asked
        try:
            outcome.put((True, work()))
        except BaseException as problem:  # noqa: BLE001 - it is raised again in the thread that asked
            outcome.put((False, problem))
        del asked, work, outcome


class _Loop:
    """An event loop in a thread of its own, which ends with the last reference to this object."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=_turn, args=(self._loop,), name="rao-lab-async-tools", daemon=True).start()
        weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def cancels(self, running: Future[None]) -> bool:
        """Cancels what is running; returns whether the loop has heard it."""
        heard = threading.Event()
        running.cancel()
        self._loop.call_soon_threadsafe(heard.set)
        return heard.wait(1.0)


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _outcome(work: Coroutine[Any, Any, Any], outcome: SimpleQueue[Outcome]) -> None:
    try:
        outcome.put((True, await work))
    except BaseException as problem:  # noqa: BLE001 - it is raised again in the thread that asked
        outcome.put((False, problem))
