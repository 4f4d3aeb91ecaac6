"""What one agent did: the task it served, its turns, and how it ended. All records are frozen.

Times are seconds since the tree was started; None = not yet, or nobody recorded it, as in traces of other
programs (`rl.open_trace`). Ticks are decode steps of the logical clock. Arrays over tokens
are `array('i')` for ids and `array('f')` for log-probs and entropies (both in nats), so that records can be
compared, pickled and read by numpy without a copy. Letters: P prompt tokens and T sampled tokens of a turn.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError
from rao_lab.tree.events import Call, Message, Status

ROOT = "0"
Agent = Literal["recursive", "flat"]
"""Kinds of agent; flat is the single-agent control without `launch_subagent`."""
AGENTS: tuple[Agent, ...] = get_args(Agent)
MAX_DEPTH = 200
"""Depth of the deepest node that a record may hold. Paths are read from files, so they are bounded."""


def path_key(path: str) -> tuple[int, ...]:
    """Sorts paths as the tree reads: "0.2" before "0.10", a parent before its children."""
    return tuple(map(int, path.split(".")))


def child_path(parent: str, spawn_index: int) -> str:
    """Path of a child: "0.2" is the third child of "0"."""
    return f"{parent}.{spawn_index}"


@checked_call
@dataclass(frozen=True, slots=True)
class Task:
    """One root task. `data` is plain JSON owned by the environment that made it.

    >>> task = env.tasks("test")[0]
    >>> task.id, task.difficulty
    ('textcraft/small-0/medium/test/0', 'medium')
    """

    id: str
    goal: str
    difficulty: str = ""
    split: str = ""
    max_steps: int | None = None
    """Kept from task files as data; nothing applies it."""
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("id", "goal", "difficulty", "split"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"the {name} of a task must be text, not {quoted(getattr(self, name))}")
        if self.max_steps is not None and (
            isinstance(self.max_steps, bool) or not isinstance(self.max_steps, int)
        ):
            raise InputError(f"max_steps of a task must be a whole number, not {quoted(self.max_steps)}")
        if not isinstance(self.data, Mapping):
            raise InputError(f"the data of a task must be a dict, not {quoted(self.data)}")


@dataclass(frozen=True, slots=True)
class Turn:
    """One generation and the code it ran. Empty arrays: the policy has no tokens (scripted), or a server keeps
    them and says how many there were (`read`, `wrote`).

    >>> turn = tree.root.turns[-1]
    >>> print(turn.code)
    craft({"a1": 1}, ("a6", 1))
    finish("done: 1x a6")
    """

    index: int
    """From 1."""
    messages: tuple[Message, ...] = ()
    """The messages that were new to the model."""
    continues: bool = False
    """The context went on from the last turn; otherwise the model read all of it anew."""
    prompt_ids: array[int] = field(default_factory=lambda: array("i"))
    """What the model read, `[P]`: the ids after the last turn's if the turn `continues`, otherwise all ids."""
    sampled_ids: array[int] = field(default_factory=lambda: array("i"))
    """What it wrote, `[T]`."""
    logprobs: array[float] = field(default_factory=lambda: array("f"))
    """Log-probability of each sampled id under the distribution it was sampled from, `[T]`."""
    entropies: array[float] = field(default_factory=lambda: array("f"))
    """Entropy of that distribution, `[T]`."""
    policy_version: int = 0
    """Number of optimizer steps behind the weights that wrote it."""
    text: str = ""
    """What the model wrote, decoded."""
    thought: str = ""
    """What it wrote beside the code: its reasoning, also if that came apart from the text, and what stands around the
    code. If no code could be read, all of it."""
    code: str = ""
    stop: str = ""
    """Why generation ended: "stop", "length" or "context"; empty while it runs."""
    calls: tuple[Call, ...] = ()
    output: str = ""
    """What the code printed, cut at the limit."""
    error: str | None = None
    """How the code failed, or why no code could be read from the text; None if neither happened."""
    children: tuple[str, ...] = ()
    """Paths of the nodes that it launched, in spawn order."""
    started: float | None = 0.0
    sampled: float | None = None
    """When generation ended; None while it runs."""
    ended: float | None = None
    """When its code ended; None while it runs or waits."""
    started_tick: int = 0
    sampled_tick: int | None = None
    ended_tick: int | None = None
    waiting_seconds: float | None = 0.0
    """Time that its code waited for children, which is not compute time; None = not known."""
    decode_steps: int = 0
    """Ticks that generation took."""
    read: int = 0
    """Tokens that the model read, as a server counts them: the whole context. 0 = it does not say, or there are
    ids, which are then what counts."""
    wrote: int = 0
    """Tokens that the model wrote, as a server counts them; 0 as above."""
    logprob: float | None = None
    """Sum of the log-probs of what it wrote, as a server says; None = it does not, or there are ids."""

    @property
    def tokens_in(self) -> int:
        """Prompt tokens that were new in this turn: P, or else what a server counted."""
        return len(self.prompt_ids) or self.read

    @property
    def tokens_out(self) -> int:
        """Tokens that were sampled: T, or else what a server counted."""
        return len(self.sampled_ids) or self.wrote

    @property
    def compute_seconds(self) -> float | None:
        """Seconds of generation and code, without waiting; None while the turn runs, or if nobody recorded them."""
        if self.ended is None or self.started is None or self.waiting_seconds is None:
            return None
        return max(0.0, self.ended - self.started - self.waiting_seconds)

    @property
    def context_tokens(self) -> int:
        """Tokens that this turn added to the context, P + T: the whole context if it does not continue."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True)
class Node:
    """One spawned instance of the policy: its goal, its turns, how it ended, what it earned.

    >>> root = tree.root
    >>> root.path, root.depth, root.status, root.children
    ('0', 0, <Status.FINISHED: 'finished'>, ('0.0',))
    """

    path: str
    parent: str | None = None
    spawn_index: int = 0
    """Place among its siblings, in launch order."""
    parent_turn: int | None = None
    """The parent's turn, from 1, that launched it; None for the root."""
    launch_batch: int = 0
    """Siblings of the same parent turn and batch were launched at the same await."""
    together: bool = False
    """At least one sibling was launched at the same await."""
    depth: int = 0
    goal: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    """The arguments of its launch, as the environment reads them."""
    template: str = ""
    """Name of the dialect that turned its state into messages."""
    turns: tuple[Turn, ...] = ()
    value: Any = None
    """What it passed to `finish`."""
    status: Status = Status.RUNNING
    reason: str = ""
    """Why it ended so, if the status alone does not say it."""
    success: float | None = None
    """s in [0, 1]. None = not scored; 0.0 = scored, and failed."""
    success_source: str | None = None
    """Who scored it: verifier, judge, root_proxy or rule (a limit or a cancellation, decision 3)."""
    fraction: float | None = None
    """Share of the goal that was met, for metrics only; None = not known."""
    reward: float | None = None
    """What it was given in the environment's own range, if that is not [0, 1]: s is mapped from it. None = none."""
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Refused launches and calls by kind."""
    children: tuple[str, ...] = ()
    started: float | None = 0.0
    ended: float | None = None
    started_tick: int = 0
    ended_tick: int | None = None
    window: int = 0
    """Size of its context window in tokens; 0 = no token ids, -1 = there are ids, and nobody knows the size."""

    @property
    def tokens_in(self) -> int:
        """Prompt tokens read: each once, if its turns go on from one another, and anew in each turn of a server."""
        return sum(turn.tokens_in for turn in self.turns)

    @property
    def tokens_out(self) -> int:
        """Tokens that the node itself generated, over all turns."""
        return sum(turn.tokens_out for turn in self.turns)

    @property
    def trainable_tokens(self) -> int:
        """Tokens that it generated and whose ids are recorded, T over all turns: the only ones that are trained."""
        return sum(len(turn.sampled_ids) for turn in self.turns)

    @property
    def peak_context(self) -> int:
        """The most tokens that its context held at once."""
        peak = held = 0
        for turn in self.turns:
            held = turn.context_tokens + (held if turn.continues else 0)
            peak = max(peak, held)
        return peak

    @property
    def compute_seconds(self) -> float | None:
        """Of its turns that have ended; None if nobody recorded when a turn began, or how long it waited."""
        if self.started is None or any(turn.started is None for turn in self.turns):
            return None
        return (
            None if self.waiting_seconds is None else sum(turn.compute_seconds or 0.0 for turn in self.turns)
        )

    @property
    def waiting_seconds(self) -> float | None:
        """None if nobody recorded it of one of its turns."""
        waited = [turn.waiting_seconds for turn in self.turns]
        return None if self.started is None or None in waited else sum(filter(None, waited))

    @property
    def decode_steps(self) -> int:
        return sum(turn.decode_steps for turn in self.turns)


@dataclass(frozen=True, slots=True)
class TreeHeader:
    """What is known of a tree before it starts.

    >>> rl.TreeHeader(task, seed=3, rollout=1).agent
    'recursive'
    """

    task: Task
    environment: str = ""
    agent: str = "recursive"
    """One of `AGENTS`; "" = not known."""
    seed: int = 0
    step: int = 0
    """Training step, from 1; 0 = before the first update."""
    group: int = 0
    rollout: int = 0
    """Place in its group, from 0."""
    probe: bool = False
    """It is a probe: recorded like other trees, but never trained."""
    policy: str = ""
    policy_version: int = 0
    """-1 = not known."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] | None = None
    """Of a fork: the tree, node and turn where it branched off, and the weights it used. Otherwise None."""


class Recorded(Protocol):
    """What pictures and graphs need of a `Tree`, which itself needs them to show itself."""

    @property
    def header(self) -> TreeHeader: ...
    @property
    def nodes(self) -> tuple[Node, ...]: ...
    @property
    def not_reproducible(self) -> str: ...
