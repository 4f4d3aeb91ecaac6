"""What a reader finds in a foreign file: nodes by the file's own ids, in the order in which they began.

None, and 0 of a count, mean that the file does not say. `build` makes trees of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rao_lab.store.formats.reading import At
from rao_lab.tree import Call, Message, Status

UNSAID = "the file does not say how it ended"
"""The reason of a node that is shown as finished for want of a word."""


def ints() -> array[int]:
    return array("i")


def floats() -> array[float]:
    return array("f")


@dataclass(slots=True)
class FoundTurn:
    """One generation. The fields are those of `rao_lab.tree.Turn`; times are seconds since 1970."""

    messages: list[Message] = field(default_factory=list)
    continues: bool = False
    text: str = ""
    thought: str = ""
    code: str = ""
    stop: str = ""
    calls: list[Call] = field(default_factory=list)
    """`child` is the id of a node in the file."""
    output: str = ""
    error: str | None = None
    read: int = 0
    wrote: int = 0
    logprob: float | None = None
    prompt_ids: array[int] = field(default_factory=ints)
    sampled_ids: array[int] = field(default_factory=ints)
    logprobs: array[float] = field(default_factory=floats)
    """NaN = not known."""
    entropies: array[float] = field(default_factory=floats)
    version: int = 0
    started: float | None = None
    sampled: float | None = None
    ended: float | None = None
    waited: float | None = None


@dataclass(slots=True)
class Root:
    """What a file says of the whole tree, at its root."""

    task: str | None = None
    """Id of the task; trees of one task become a group. None: trees with the same goal do."""
    step: int = 0
    policy: str = ""
    policy_version: int = -1
    """-1 = not known."""
    environment: str = ""
    probe: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    max_steps: int | None = None


@dataclass(slots=True)
class FoundNode:
    """One agent."""

    key: str
    """Its id in the file."""
    at: At
    parent: str | None = None
    parent_turn: int | None = None
    """The parent's turn, from 1, that launched it; None = not known."""
    batch: int | None = None
    """Siblings of one parent turn and batch were launched together; None = not said, and times may tell."""
    goal: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    turns: list[FoundTurn] = field(default_factory=list)
    value: Any = None
    status: Status = Status.FINISHED
    reason: str = ""
    reward: float | None = None
    """Its reward as the file has it, in whatever range."""
    source: str = ""
    """Who gave it."""
    started: float | None = None
    ended: float | None = None
    window: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    root: Root = field(default_factory=Root)
