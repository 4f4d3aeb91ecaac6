"""The events of a running tree, and the plain values that they carry. A tree is the fold of its events."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What a node is doing, or how it ended.

    >>> tree.root.status == rl.Status.FINISHED, tree.root.status.ended
    (True, True)
    """

    RUNNING = "running"
    """It generates, or its code runs."""
    WAITING = "waiting"
    """Its code awaits children."""
    FINISHED = "finished"
    """It called `finish`."""
    TURN_LIMIT = "turn_limit"
    """It used all its turns, perhaps without a single reply that could be parsed."""
    CONTEXT_LIMIT = "context_limit"
    """Its context window is full."""
    TREE_LIMIT = "tree_limit"
    """The tree's shared budget is used up."""
    TIMEOUT = "timeout"
    """The wall-clock limit of the tree fired: the tree is not reproducible."""
    ERROR = "error"
    """The sandbox worker or the endpoint was lost, or the verifier or judge failed: the node is not scored."""
    CANCELLED = "cancelled"
    """Its parent ended first, or the run was stopped."""

    @property
    def ended(self) -> bool:
        return self not in (Status.RUNNING, Status.WAITING)


LIMIT_STATUSES = frozenset({Status.TURN_LIMIT, Status.CONTEXT_LIMIT, Status.TREE_LIMIT, Status.TIMEOUT})
"""Ends that score 0, whatever the world looks like (decision 3 of the method)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a node's conversation. `role` is system, user or assistant.

    >>> [message.role for message in tree.root.turns[0].messages]
    ['system', 'user']
    """

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call that a node's code made to the outside."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None
    error: str | None = None
    """Why it failed or was refused; None if it did not."""
    child: str | None = None
    """For `launch_subagent`: path of the node that it became; None if it was refused."""


@dataclass(frozen=True, slots=True)
class _Happened:
    """What every event says."""

    seq: int
    """Place among the events of its tree, from 0."""
    tick: int
    """When, in decode steps of the logical clock."""
    time: float
    """When, in seconds since the tree was started."""
    node: str
    """Path of the node."""


@dataclass(frozen=True, slots=True)
class Spawned(_Happened):
    """The node begins. Its fields are those of `Node`."""

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
class TurnStarted(_Happened):
    """The model starts to read: the messages that are new to it."""

    turn: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Acted(_Happened):
    """Generation ended and the code is about to run. The fields are those of `Turn`."""

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
    read: int = 0
    wrote: int = 0
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class TurnEnded(_Happened):
    """The code ran to its end. The fields are those of `Turn`."""

    turn: int
    calls: tuple[Call, ...]
    output: str
    error: str | None
    waiting_seconds: float


@dataclass(frozen=True, slots=True)
class Refused(_Happened):
    """A launch or a call was refused."""

    turn: int
    kind: str
    """A short stable word, such as "depth"; `Node.refusals` counts by it."""
    message: str
    """What the node was told."""


@dataclass(frozen=True, slots=True)
class Finished(_Happened):
    """The node ended, in whatever way `status` says; the root's end is the tree's."""

    status: Status
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Scored(_Happened):
    """The node was given its success. The fields are those of `Node`; None = not scored, which is not 0."""

    success: float | None
    source: str | None
    fraction: float | None
    reward: float | None = None
    problem: str = ""
    """Why its verifier or judge gave no score that can be used: the node's status becomes `error`, for this
    reason."""


Event = Spawned | TurnStarted | Acted | TurnEnded | Refused | Finished | Scored
