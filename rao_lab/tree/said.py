"""What a node is told, and what it says: the plain values between dialects, policies and the executor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rao_lab.tree.events import Call
from rao_lab.tree.offered import Function


@dataclass(frozen=True, slots=True)
class Brief:
    """What a node is told before its first turn."""

    goal: str
    args: Mapping[str, Any] = field(default_factory=dict)
    """The launch's arguments as the environment reads them."""
    agent: str = "recursive"
    """recursive or flat."""
    depth: int = 0
    functions: tuple[Function, ...] = ()
    """Everything this agent may call, `finish` included; a flat agent's list has no launch."""
    turns_left: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One reply, read."""

    thought: str
    """What the model wrote beside the code: its reasoning, and the text before and after."""
    code: str
    note: str = ""
    """What of the reply did not run, in words for the model; "" = nothing was left out."""


class ParseFailure(Exception):
    """A reply holds no action. Not an error: `message` goes back to the model."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of one turn."""

    calls: tuple[Call, ...] = ()
    output: str = ""
    error: str | None = None
    """The code's own failure, or why no code could be read."""
    turns_left: int | None = None
    cut: bool = False
    """Output was cut at the limit."""
    note: str = ""
    """What of the reply did not run, although nothing failed; "" = nothing."""
    unreadable: bool = False
    """No code could be read: `error` says why."""
