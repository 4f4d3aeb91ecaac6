"""What a world offers an agent: functions to call, launches of helpers, and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.base.signature import check_signature
from rao_lab.errors import InputError

OUT_OF_TIME = "tool_seconds"
"""The kind of a refusal by a wall clock: the tree in which it happens is marked not reproducible."""
FAILED = ("tool_raised", OUT_OF_TIME, "tool_result")
"""Kinds of refusals that are the fault of a tool, and not of who called it."""


@checked_call
class Refusal(Exception):
    """A world or a tool refuses a launch or a call. Not an error: the message is for the model, and is counted.

    >>> raise rl.Refusal("too_far", "that shelf does not exist: there are 1 to 9")
    Traceback (most recent call last):
    rao_lab.tree.offered.Refusal: that shelf does not exist: there are 1 to 9

    Attributes:
        kind: a short stable word, such as "own_goal" or "base_item".
        message: what the node is told.
    """

    def __init__(self, kind: str, message: str) -> None:
        if not (isinstance(kind, str) and isinstance(message, str)):
            raise InputError(f"Refusal({quoted(kind)}, {quoted(message)}): its kind and its message are text")
        super().__init__(message)
        self.kind = kind
        self.message = message


@checked_call
@dataclass(frozen=True, slots=True)
class Function:
    """One function that code in the sandbox may call; prompts print it.

    >>> rl.Function("read", "read(start: int, end: int) -> str", "The text between two places.").is_async
    False
    """

    name: str
    signature: str
    """As in Python: "read(start: int, end: int) -> str"."""
    doc: str
    is_async: bool = False

    def __post_init__(self) -> None:
        check_signature(self.name, self.signature)


@checked_call
@dataclass(frozen=True, slots=True)
class Launch:
    """An admitted `launch_subagent` call: what the child is told and may use.

    >>> rl.Launch("Add up: 3, 4", {"numbers": [3, 4]}, turns=2).goal
    'Add up: 3, 4'
    """

    goal: str
    """Let all goals of an environment begin with the same words and a colon, as in "Add up: 3, 4": pictures
    leave out what the goals of a tree share."""
    args: Mapping[str, Any] = field(default_factory=dict)
    turns: int | None = None
    """Turns reserved for it from the tree's shared budget; None = the limit per node."""
