"""A function in a second process, whose reports reach a board in this one."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from rao_lab.errors import UnavailableError

LEAVES = 5.0
"""Seconds that the process has to close its files after Ctrl-C, which reaches it as well."""
LOOKS = 0.2
"""Seconds between two looks at whether it has ended."""


class Beside:
    """Begins `work(board, ask, *given)` in a process of its own; use as a context manager.

    Args:
        work: a function of a module. What it calls on the `board` that it gets is called on the one here; `ask()` waits
            for what `answer` is given.
        board: hears what it reports, in a thread of its own.
    """

    def __init__(self, work: Callable[..., Any], board: object, *given: Any) -> None:
        self._board = board
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_work, args=(far, work, given), daemon=True)
        self._process.start()
        far.close()
        self._found: Any = None
        self._raised: Exception | None = None
        self._ended = threading.Event()
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

    def check(self) -> None:
        """Raises as `result` does, without waiting."""
        if self._raised is not None:
            raise self._raised

    def result(self) -> Any:
        """Waits for the function's end, and returns what it returned.

        Raises:
            what the function raised.
            UnavailableError: its process has ended without a result.
        """
        while not self._ended.wait(LOOKS):  # so that Ctrl-C is heard on every system
            continue
        self.check()
        return self._found

    def _listen(self) -> None:
        lost = UnavailableError("the second process of the demo has ended: is there enough memory?")
        try:
            while True:
                kind, said = self._pipe.recv()
                if kind == "result":
                    self._found = said
                    return
                if kind == "raised":
                    self._raised = said
                    return
                getattr(self._board, kind)(*said)
        except (EOFError, OSError):
            self._raised = lost
        finally:
            self._ended.set()


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
