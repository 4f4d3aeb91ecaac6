"""What a run of code comes to: it awaits or it has ended; and how code that awaits is put away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rao_lab.execution.sandbox.literal import Written

OnCall = Callable[[str, tuple[Any, ...], dict[str, Any]], Any]
"""Answers one synchronous call (name, args, kwargs) at once, with a plain value or a `CallError`."""
Fits = Callable[[str, Any], str | None]
"""Weighs the arguments of a call (words for the call, its arguments): why they may not come out, or None."""


def anything_fits(what: str, arguments: Any) -> None:
    """No bound beyond those of each value."""


class CallError(Exception):
    """`on_call` raises it, or it is given as an answer. It is raised inside the sandbox, where code may catch it.

    Attributes:
        message: what the code is told.
        type_name: the exception's type inside the sandbox; RuntimeError if the interpreter does not know the name.
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
    """A snippet that was put away while it awaits: all that a later `resume` needs, in any worker."""

    dump: bytes
    before: bytes | None
    """The session before this snippet, which remains if the snippet must be abandoned; None = a fresh one."""
    code: str
    functions: Mapping[str, bool]
    seed: int
    written: Written | None = None
    """Literal code, whose calls are made without an interpreter. It has no dump."""
    place: int = 0
    """Of literal code: the last call that it made; it awaits that one. 0 before it has begun."""
    output: str = ""
    printed: int = 0
    """Characters printed so far, including those that were cut."""
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
    """The launches since the code last awaited, in order. All of them must be started now, because the interpreter
    does not say for which of them this `await` waits."""
    pending: tuple[int, ...]
    """Every call that is not answered yet, including those of `launched`, in the order made."""
    output: str = ""
    """Printed so far, cut at the limit."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The code ran to its end, failed, called `finish`, or was stopped by a limit; or its worker was lost."""

    state: bytes | None
    """The session for the node's next turn; None = a fresh one. Always None if it `finished`."""
    output: str = ""
    """Printed by the snippet, cut at the limit."""
    truncated: bool = False
    """More was printed than `output` holds."""
    error: str | None = None
    """Why the code stopped, in words for the model: type, message, line."""
    note: str = ""
    """What of code that did not fail did nothing, in words for the model; "" = nothing is known."""
    stopped: str = ""
    """The limit that stopped it: seconds, memory, output, suspensions or values; otherwise empty."""
    lost: bool = False
    """The worker process died, or the session could not be restored. It says nothing about the code."""
    finished: bool = False
    """`finish` was called; nothing after it ran."""
    value: Any = None
    """What was passed to `finish`."""
    never_awaited: tuple[Launched, ...] = ()
    """The launches since the code last awaited. The code did not wait for them, so they must not be started."""
    unanswered: tuple[int, ...] = ()
    """Calls announced by an earlier `Awaiting` for whose answers the code did not wait."""
    suspensions: int = 0
    """Calls, awaits and look-ups of unknown names."""
    seconds: float = 0.0
    """Time that the code held a worker, without the time that `on_call` took."""

    @property
    def timed_out(self) -> bool:
        """The limit on compute seconds fired. That is a wall clock, so the tree is not reproducible."""
        return self.stopped == "seconds"
