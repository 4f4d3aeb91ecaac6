"""A function in a second process, whose reports reach a board in this one."""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from rao_lab.errors import UnavailableError

LEAVES = 5.0
"""Seconds that the process has to close its files after Ctrl-C, which reaches it as well."""
LOOKS = 0.2
"""Seconds between two looks at what it said."""


class Beside:
    """Begins `work(board, ask, *given)` in a process of its own; use as a context manager.

    Args:
        work: a function of a module. The methods of the `board` that it gets are called on the one here, in the thread
            that calls `relay` or `result`; `ask()` waits for what `answer` is given.
        board: hears what it reports.
    """

    def __init__(self, work: Callable[..., Any], board: object, *given: Any) -> None:
        self._board = board
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_work, args=(far, work, given), daemon=True)
        self._process.start()
        far.close()
        self._heard: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._found: tuple[Any] | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._process.join(LEAVES)
        self._process.terminate()
        self._process.join(LEAVES)
        self._pipe.close()

    def answer(self, value: object) -> None:
        """What `ask()` returns there."""
        try:
            self._pipe.send(value)
        except OSError:
            return  # it has ended: `result` says so

    def relay(self) -> None:
        """Tells the board what was reported so far.

        Raises:
            what the function raised.
            UnavailableError: its process has ended without a result.
        """
        while self._found is None and not self._heard.empty():
            self._tell(*self._heard.get())

    def result(self) -> Any:
        """Waits for the function's end, and returns what it returned.

        Raises:
            as `relay`.
        """
        while self._found is None:
            with suppress(queue.Empty):
                self._tell(*self._heard.get(timeout=LOOKS))
        return self._found[0]

    def _listen(self) -> None:
        try:
            while True:
                self._heard.put(self._pipe.recv())
        except (EOFError, OSError):
            lost = UnavailableError("the second process of the demo has ended: is there enough memory?")
            self._heard.put(("raised", lost))

    def _tell(self, kind: str, said: Any) -> None:
        if kind == "raised":
            raise said
        if kind == "result":
            self._found = (said,)
        else:
            getattr(self._board, kind)(*said)


class _Far:
    """The board, seen from the other process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *said: self._pipe.send((name, said))


def _work(pipe: Connection, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """What the other process does."""
    try:
        pipe.send(("result", work(_Far(pipe), pipe.recv, *given)))
    except (KeyboardInterrupt, BrokenPipeError):
        return  # nobody listens any more
    except Exception as problem:  # noqa: BLE001 - the first process raises it
        pipe.send(("raised", problem))
