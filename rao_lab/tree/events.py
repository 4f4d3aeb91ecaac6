"""What the executor says while it happens, and the plain values it says it with.

A tree is the fold of its events (`fold.py`). `seq` counts from 0 within a tree, `tick` is the decode
step of the logical clock, `time` is seconds since the tree was started.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a node ended, or where it is."""

    RUNNING = "running"
    """Generating, or its code runs."""
    WAITING = "waiting"
    """Its code awaits children."""
    FINISHED = "finished"
    """It called `finish`."""
    TURN_LIMIT = "turn_limit"
    """Out of turns; includes a node that produced no parsable action to the end."""
    CONTEXT_LIMIT = "context_limit"
    """Its context window is full."""
    TREE_LIMIT = "tree_limit"
    """The tree's shared budget is used up."""
    TIMEOUT = "timeout"
    """A wall-clock safety net fired: the tree is not reproducible."""
    ERROR = "error"
    """The sandbox worker, the endpoint or the judge was lost: not scored."""
    CANCELLED = "cancelled"
    """Its parent ended first."""

    @property
    def ended(self) -> bool:
        return self not in (Status.RUNNING, Status.WAITING)


LIMIT_STATUSES = frozenset({Status.TURN_LIMIT, Status.CONTEXT_LIMIT, Status.TREE_LIMIT, Status.TIMEOUT})
"""Ends that score 0 whatever the world looks like (method, decision 3)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a node's conversation. `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call from the sandbox to the outside, in the order made.

    For `launch_subagent`, `child` is the path of the node it became, or None when it was refused.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None
    error: str | None = None
    child: str | None = None


@dataclass(frozen=True, slots=True)
class Spawned:
    seq: int
    tick: int
    time: float
    node: str
    parent: str | None
    parent_turn: int | None
    launch_batch: int
    together: bool
    depth: int
    goal: str
    args: Mapping[str, Any]
    template: str
    window: int


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The model starts to read: the messages that are new to it."""

    seq: int
    tick: int
    time: float
    node: str
    turn: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Acted:
    """Generation ended; the code is about to run."""

    seq: int
    tick: int
    time: float
    node: str
    turn: int
    continues: bool
    prompt_ids: array[int]
    sampled_ids: array[int]
    logprobs: array[float]
    entropies: array[float]
    policy_version: int
    text: str
    thought: str
    code: str
    stop: str
    decode_steps: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The code ran to its end."""

    seq: int
    tick: int
    time: float
    node: str
    turn: int
    calls: tuple[Call, ...]
    output: str
    error: str | None
    waiting_seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """A launch or a call was refused; the node was told `message`."""

    seq: int
    tick: int
    time: float
    node: str
    turn: int
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The node ended; the root's ends the tree."""

    seq: int
    tick: int
    time: float
    node: str
    status: Status
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    seq: int
    tick: int
    time: float
    node: str
    success: float | None
    source: str | None
    fraction: float | None


Event = Spawned | TurnStarted | Acted | TurnEnded | Refused | Finished | Scored
