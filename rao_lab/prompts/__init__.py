"""Dialects: how a node's state becomes messages, and how what the model wrote becomes an action.

A dialect is pure: it knows no environment, no policy and no sandbox. `codeact` is for chat models
(prose, one Python block a reply, what was printed comes back), `terse` for the embedded tiny model
(the reply is code and nothing else, each call's result comes back in single words).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rao_lab.checked import quoted
from rao_lab.errors import MissingError
from rao_lab.protocols import Function
from rao_lab.tree import Call, Message

NAMES = ("codeact", "terse")


@dataclass(frozen=True, slots=True)
class Brief:
    """What a node is told before its first turn."""

    goal: str
    args: Mapping[str, Any] = field(default_factory=dict)
    """The launch's arguments as the environment reads them, such as {"targets": {"a0": 2}}."""
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
    code: str


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


class Dialect(Protocol):
    """Turns state into messages and text into actions."""

    @property
    def name(self) -> str: ...

    def opening(self, brief: Brief) -> tuple[Message, ...]:
        """The messages before the first turn."""
        ...

    def parse(self, text: str) -> Action:
        """Reads a reply.

        Raises:
            ParseFailure: it holds no action; its message is for the model.
        """
        ...

    def observe(self, observation: Observation) -> tuple[Message, ...]:
        """The messages after a turn whose node goes on."""
        ...


def dialect(name: str) -> Dialect:
    """The dialect called `name`.

    Raises:
        MissingError: there is none; the message lists the names.
    """
    from rao_lab.prompts.codeact import CodeAct
    from rao_lab.prompts.terse import Terse

    for known in (CodeAct(), Terse()):
        if known.name == name:
            return known
    raise MissingError(f"no dialect {quoted(name)}: choose one of {', '.join(NAMES)}")
