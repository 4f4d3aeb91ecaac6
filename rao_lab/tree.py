"""What happened: turns, nodes, trees and groups, frozen; with `events.py`, all records of the house.

The tree is the noun of this project and everything else is a function of it. This module knows no
policy, no sandbox, no credit and no file. `fold.py` builds trees from events, `codec.py` turns both
into JSON and back, `picture.py` prints them.

Times are seconds since the tree was started; ticks are decode steps of the executor's logical clock.
Token arrays are `array('i')` for ids and `array('f')` for log-probs and entropies (nats), one entry
per token, so that records compare, pickle and convert without a copy.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rao_lab.errors import MissingError, RecordError
from rao_lab.events import (
    LIMIT_STATUSES,
    Acted,
    Call,
    Event,
    Finished,
    Message,
    Refused,
    Scored,
    Spawned,
    Status,
    TurnEnded,
    TurnStarted,
)
from rao_lab.visible import one_line

if TYPE_CHECKING:
    import networkx

__all__ = [
    "LIMIT_STATUSES",
    "MAX_DEPTH",
    "ROOT",
    "Acted",
    "Call",
    "Event",
    "Finished",
    "Group",
    "Message",
    "Node",
    "Refused",
    "Scored",
    "Spawned",
    "Status",
    "Task",
    "Tree",
    "TreeHeader",
    "Turn",
    "TurnEnded",
    "TurnStarted",
    "child_path",
    "path_key",
    "validate",
]

ROOT = "0"
MAX_DEPTH = 200
"""Depth of the deepest node that a record may hold: paths are read back from files, so they are bounded."""


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


@dataclass(frozen=True)
class Tree:
    """An execution tree: its header and its nodes in path order."""

    header: TreeHeader
    nodes: tuple[Node, ...]
    ended: float | None = None
    """Seconds from start to end; None while it runs."""
    ended_tick: int | None = None
    not_reproducible: str = ""
    """Why the same seed need not give this tree again; empty: it does (one machine type)."""

    @cached_property
    def _by_path(self) -> dict[str, Node]:
        return {node.path: node for node in self.nodes}

    @property
    def task(self) -> Task:
        return self.header.task

    @property
    def root(self) -> Node:
        if not self.nodes:
            raise RecordError("this tree has no nodes yet: its root has not been spawned")
        return self.nodes[0]

    @property
    def success(self) -> float | None:
        return self.root.success if self.nodes else None

    @property
    def depth(self) -> int:
        """Depth of the deepest node; the root's is 0."""
        return max((node.depth for node in self.nodes), default=0)

    def __len__(self) -> int:
        return len(self.nodes)

    def node(self, path: str) -> Node:
        """The node at `path`, such as "0.2.1".

        Raises:
            MissingError: there is none; the message names the closest ancestor that exists.
        """
        found = self._by_path.get(path)
        if found is None:
            above = path
            while above and above not in self._by_path:
                above = above.rpartition(".")[0]
            near = f"its closest ancestor here is {above}" if above else f'the root is "{ROOT}"'
            raise MissingError(f"no node {path!r} in this tree of {len(self.nodes)} nodes: {near}")
        return found

    def has(self, path: str) -> bool:
        return path in self._by_path

    def children(self, path: str) -> tuple[Node, ...]:
        return tuple(self._by_path[child] for child in self.node(path).children)

    def walk(self, path: str = ROOT) -> Iterator[Node]:
        """Nodes under `path`, parents first, siblings in spawn order (which is path order)."""
        stack = [path]
        while stack:
            node = self.node(stack.pop())
            yield node
            stack.extend(reversed(node.children))

    def to_networkx(self) -> networkx.DiGraph:
        """A directed graph, parent to child, with every field of a node as an attribute."""
        from rao_lab.picture import to_networkx

        return to_networkx(self)

    def __str__(self) -> str:
        from rao_lab.picture import text_tree

        return text_tree(self)

    def __repr__(self) -> str:
        """Short, for cells that end in trees; `print(tree)` shows it."""
        scored = "" if self.success is None else f", success {self.success:g}"
        return f"<Tree of {one_line(self.task.id, 80)}: {len(self)} nodes, depth {self.depth}{scored}>"


@dataclass(frozen=True)
class Group:
    """The G trees of one task, in rollout order."""

    task: Task
    trees: tuple[Tree, ...]
    step: int = 0
    index: int = 0
    probe: bool = False

    def __len__(self) -> int:
        return len(self.trees)

    def __repr__(self) -> str:
        return f"<Group {self.index} of step {self.step}: {len(self)} trees of {one_line(self.task.id, 80)}>"


def path_key(path: str) -> tuple[int, ...]:
    """Sorts paths as the tree reads: "0.2" before "0.10", a parent before its children."""
    return tuple(map(int, path.split(".")))


def child_path(parent: str, spawn_index: int) -> str:
    return f"{parent}.{spawn_index}"


def validate(tree: Tree) -> None:
    """Checks that a tree does not contradict itself.

    Raises:
        RecordError: naming the node and the rule it breaks.
    """
    known = {node.path: node for node in tree.nodes}
    if len(known) != len(tree.nodes):
        raise RecordError("a path occurs twice in this tree")
    if [*known] != sorted(known, key=path_key):
        raise RecordError("the nodes of this tree are not in path order")
    for node in tree.nodes:
        problem = _contradiction(node, known)
        if problem:
            raise RecordError(f"node {node.path}: {problem}")


def _contradiction(node: Node, known: Mapping[str, Node]) -> str | None:
    above = node.path.rpartition(".")[0] or None
    if node.parent != above:
        return f"its parent is {node.parent!r}, its path says {above!r}"
    if node.depth != node.path.count("."):
        return f"its depth is {node.depth}, its path says {node.path.count('.')}"
    if above is not None:
        parent = known.get(above)
        place = path_key(node.path)[-1]  # a child's last number is its place: no search among thousands
        if parent is None or parent.children[place : place + 1] != (node.path,):
            return f"its parent {above!r} does not list it"
    for index, child in enumerate(node.children):
        if child != child_path(node.path, index) or child not in known:
            return f"child {index} is {child!r}"
    if [turn.index for turn in node.turns] != list(range(1, len(node.turns) + 1)):
        return "its turns are not numbered 1, 2, 3 ..."
    for turn in node.turns:
        if turn.sampled_ids and not len(turn.sampled_ids) == len(turn.logprobs) == len(turn.entropies):
            return f"turn {turn.index} has {len(turn.sampled_ids)} ids but {len(turn.logprobs)} log-probs"
    if node.success is not None and not 0.0 <= node.success <= 1.0:
        return f"its success {node.success} lies outside [0, 1]"
    if node.success is None and node.success_source is not None:
        return f"not scored, yet its score has the source {node.success_source!r}"
    return None
