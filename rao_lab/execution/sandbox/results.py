"""What a run of code comes to: it awaits, or it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

OnCall = Callable[[str, tuple[Any, ...], dict[str, Any]], Any]
"""Answers one synchronous call (name, args, kwargs) at once, with a plain value or a `CallError`."""


class CallError(Exception):
    """Raised by `on_call`, or given as an answer: raised inside the sandbox, where code may catch it.

    Attributes:
        message: what the code is told.
        type_name: the exception's type inside the sandbox; RuntimeError if the interpreter has none
            by that name.
    """

    def __init__(self, message: str, type_name: str = "RuntimeError") -> None:
        super().__init__(message)
        self.message = message
        self.type_name = type_name


@dataclass(frozen=True, slots=True)
class Launched:
    """One call of an asynchronous function; its answer is given to `Sandbox.resume` by `call_id`."""

    call_id: int
    """From 0 within a snippet, counted over all its calls."""
    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paused:
    """A snippet put away while it awaits: what a later `resume` needs, in whichever worker."""

    dump: bytes
    before: bytes | None
    """The session before this snippet: what remains if the snippet has to be abandoned."""
    code: str
    functions: Mapping[str, bool]
    seed: int
    literal: bool = False
    """It runs in a fresh session without guards and leaves none behind (see `guard.is_literal`)."""
    output: str = ""
    printed: int = 0
    """Characters printed so far, cut ones included."""
    suspensions: int = 0
    carried: int = 0
    """Size of the arguments that left the sandbox so far, as `check_plain` counts it."""
    unpacking: float = 0.0
    """Seconds of this process that building those arguments has taken so far."""
    seconds: float = 0.0
    """Time the code has held a worker so far."""
    pending: tuple[int, ...] = ()
    """Calls announced and not yet answered."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """The code awaits: it goes on when `Sandbox.resume` brings answers."""

    paused: Paused
    launched: tuple[Launched, ...]
    """Made since the code last awaited, in the order made: all of them are to be started now, for the
    interpreter does not say which of them this `await` waits for."""
    pending: tuple[int, ...]
    """Every call not yet answered, those of `launched` included, in the order made."""
    output: str = ""
    """Printed so far, cut at the limit."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The code ran to its end, failed, called `finish`, was stopped by a limit, or its worker was lost."""

    state: bytes | None
    """The session for the node's next turn; None: a fresh one. Unset once `finished`."""
    output: str = ""
    """Printed by the snippet, cut at the limit."""
    truncated: bool = False
    """More was printed than `output` holds."""
    error: str | None = None
    """Why the code stopped, in words for the model: type, message, line."""
    stopped: str = ""
    """The limit that stopped it: seconds, memory, output, suspensions or values; else empty."""
    lost: bool = False
    """The worker process died, or the session could not be restored: says nothing about the code."""
    finished: bool = False
    """`finish` was called; nothing after it ran."""
    value: Any = None
    """What was passed to `finish`."""
    never_awaited: tuple[Launched, ...] = ()
    """Launched after the code last awaited: nobody waits for them, so nothing is to be started."""
    unanswered: tuple[int, ...] = ()
    """Calls announced by an earlier `Awaiting` whose answers the code did not wait for."""
    suspensions: int = 0
    """Calls, awaits and look-ups of unknown names."""
    seconds: float = 0.0
    """Time the code held a worker, the answers of `on_call` not counted."""

    @property
    def timed_out(self) -> bool:
        """The limit on compute seconds fired, a wall clock: the tree is not reproducible."""
        return self.stopped == "seconds"
