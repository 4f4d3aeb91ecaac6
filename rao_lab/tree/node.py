"""What one agent did: the task it served, its turns, and how it ended; frozen.

Times are seconds since the tree was started; ticks are decode steps of the executor's logical clock.
Token arrays are `array('i')` for ids and `array('f')` for log-probs and entropies (nats), one entry
per token `[T]`, so that records compare, pickle and convert without a copy.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rao_lab.tree.events import Call, Message, Status

ROOT = "0"
AGENTS = ("recursive", "flat")
"""Kinds of agent; flat is the single-agent control without `launch_subagent`."""
MAX_DEPTH = 200
"""Depth of the deepest node that a record may hold: paths are read back from files, so they are bounded."""


def path_key(path: str) -> tuple[int, ...]:
    """Sorts paths as the tree reads: "0.2" before "0.10", a parent before its children."""
    return tuple(map(int, path.split(".")))


def child_path(parent: str, spawn_index: int) -> str:
    return f"{parent}.{spawn_index}"


@dataclass(frozen=True, slots=True)
class Task:
    """One root task. `data` is plain JSON owned by the environment that made it."""

    id: str
    goal: str
    difficulty: str = ""
    split: str = ""
    max_steps: int | None = None
    """Kept as data from task files; never applied."""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One generation and the code it ran.

    The model read `prompt_ids` (all of them, or, where `continues`, the suffix after the previous
    turn's prompt and sampled ids) and wrote `sampled_ids`. `messages` are the messages that this turn
    added to what the model reads. Empty arrays: the policy has no tokens (scripted, endpoint).
    """

    index: int
    """From 1."""
    messages: tuple[Message, ...] = ()
    continues: bool = False
    prompt_ids: array[int] = field(default_factory=lambda: array("i"))
    sampled_ids: array[int] = field(default_factory=lambda: array("i"))
    logprobs: array[float] = field(default_factory=lambda: array("f"))
    """log-probability of each sampled id under the distribution it was sampled from."""
    entropies: array[float] = field(default_factory=lambda: array("f"))
    policy_version: int = 0
    text: str = ""
    """What the model wrote, decoded."""
    thought: str = ""
    code: str = ""
    stop: str = ""
    """Why generation ended: stop, length or context. Empty while it runs."""
    calls: tuple[Call, ...] = ()
    output: str = ""
    """Printed by the code, cut at the limit."""
    error: str | None = None
    """The code's own failure, or why no code could be read from the text."""
    children: tuple[str, ...] = ()
    """Paths, in spawn order."""
    started: float = 0.0
    sampled: float | None = None
    """When generation ended; None while it runs."""
    ended: float | None = None
    """None while its code runs or waits."""
    started_tick: int = 0
    sampled_tick: int | None = None
    ended_tick: int | None = None
    waiting_seconds: float = 0.0
    """Time its code was put away for children, which is not compute time."""
    decode_steps: int = 0

    @property
    def compute_seconds(self) -> float | None:
        """Generation and code without waiting; None while the turn runs."""
        return None if self.ended is None else max(0.0, self.ended - self.started - self.waiting_seconds)

    @property
    def context_tokens(self) -> int:
        """Tokens this turn added to the context (all of the prompt where it does not continue)."""
        return len(self.prompt_ids) + len(self.sampled_ids)


@dataclass(frozen=True, slots=True)
class Node:
    """One spawned instance of the policy: its goal, its turns, how it ended, what it earned."""

    path: str
    parent: str | None = None
    spawn_index: int = 0
    """Place among its siblings, in launch order."""
    parent_turn: int | None = None
    """The parent's turn (from 1) that launched it."""
    launch_batch: int = 0
    """Siblings with the same parent turn and batch were launched together."""
    together: bool = False
    """Launched beside at least one sibling."""
    depth: int = 0
    goal: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    """Name of the dialect that turned its state into messages."""
    turns: tuple[Turn, ...] = ()
    value: Any = None
    """What it passed to `finish`."""
    status: Status = Status.RUNNING
    reason: str = ""
    """In words, where the status needs them."""
    success: float | None = None
    """s in [0, 1]; None = not scored, which is not 0."""
    success_source: str | None = None
    """verifier, judge, root_proxy or rule (a limit or a cancellation, decision 3)."""
    fraction: float | None = None
    """Share of the targets met, a metric only."""
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Refused launches and calls by kind."""
    children: tuple[str, ...] = ()
    started: float = 0.0
    ended: float | None = None
    started_tick: int = 0
    ended_tick: int | None = None
    window: int = 0
    """Size of its context window in tokens; 0 = no tokens."""

    @property
    def tokens_in(self) -> int:
        """Prompt tokens read, each once."""
        return sum(len(turn.prompt_ids) for turn in self.turns)

    @property
    def tokens_out(self) -> int:
        """Tokens the node itself generated (T): the only ones that are trained."""
        return sum(len(turn.sampled_ids) for turn in self.turns)

    @property
    def peak_context(self) -> int:
        """The fullest its window got, in tokens."""
        peak = held = 0
        for turn in self.turns:
            held = turn.context_tokens + (held if turn.continues else 0)
            peak = max(peak, held)
        return peak

    @property
    def compute_seconds(self) -> float:
        return sum(turn.compute_seconds or 0.0 for turn in self.turns)

    @property
    def waiting_seconds(self) -> float:
        return sum(turn.waiting_seconds for turn in self.turns)

    @property
    def decode_steps(self) -> int:
        return sum(turn.decode_steps for turn in self.turns)


@dataclass(frozen=True, slots=True)
class TreeHeader:
    """What is known of a tree before anything happens in it."""

    task: Task
    environment: str = ""
    agent: str = "recursive"
    """recursive, or flat: the single-agent control without `launch_subagent`."""
    seed: int = 0
    step: int = 0
    """Training step, from 1; 0 = before the first update."""
    group: int = 0
    rollout: int = 0
    """Place in its group, from 0."""
    probe: bool = False
    """A probe task: recorded like others, never trained."""
    policy: str = ""
    policy_version: int = 0
    limits: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] | None = None
    """For a fork: the tree, node and turn it was cut from, and the weights it used."""


class Recorded(Protocol):
    """What pictures and graphs need of a `Tree`, which itself needs them to show itself."""

    @property
    def header(self) -> TreeHeader: ...
    @property
    def nodes(self) -> tuple[Node, ...]: ...
    @property
    def not_reproducible(self) -> str: ...
