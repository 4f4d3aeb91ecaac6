"""Calls that a second worker makes again: it gets the answers that the first was given, and nothing is done twice.

Code in the sandbox is a function of its session, its seed, the logical clock and its answers. So a snippet whose
worker died can begin again in another one: up to where the first one came, each call is answered from memory, and
the world hears only what follows.
"""

from __future__ import annotations

from typing import Any

from rao_lab.execution.sandbox.results import CallError, OnCall


class Diverged(Exception):
    """The snippet made another call than the first time."""


class RepeatedCalls:
    """Answers calls (an `OnCall`), and after `again` those that it has answered from memory."""

    def __init__(self, on_call: OnCall) -> None:
        self._on_call = on_call
        self._answered: list[tuple[tuple[Any, ...], Any]] = []
        """(call, its result or the `CallError` to raise), in order."""
        self._next = 0

    def again(self) -> None:
        """The snippet begins again."""
        self._next = 0

    def __call__(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = (name, args, kwargs)
        if self._next == len(self._answered):
            self._answered.append((call, self._made(call)))
        before, answer = self._answered[self._next]
        self._next += 1
        if before is not call and repr(before) != repr(call):  # NaN does not equal itself
            raise Diverged(f"begun again, the code called {name} otherwise than before")
        if isinstance(answer, CallError):
            raise CallError(answer.message, answer.type_name)
        return answer

    def _made(self, call: tuple[Any, ...]) -> Any:
        try:
            return self._on_call(*call)
        except CallError as error:
            # Not the error itself: its traceback would keep what led here, in a cycle that is never collected.
            return CallError(error.message, error.type_name)
