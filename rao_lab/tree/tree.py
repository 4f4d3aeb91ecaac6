"""What happened: trees and groups of trees. All records are frozen.

The tree is the noun of this project; everything else is a function of it. This package knows no policy, no
sandbox, no credit and no file. `fold.py` builds trees from events, `codec.py` turns both into JSON and back,
`text.py` and `graph.py` draw them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rao_lab.base.calls import checked_call
from rao_lab.base.lazy import later
from rao_lab.base.safe_text import one_line, quoted
from rao_lab.base.words import counted
from rao_lab.errors import InputError, MissingError, RecordError
from rao_lab.tree.earned import Credit
from rao_lab.tree.graph import to_networkx
from rao_lab.tree.node import ROOT, Node, Task, TreeHeader, child_path, path_key
from rao_lab.tree.text import text_tree
from rao_lab.tree.timeline import Timeline

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Tree:
    """An execution tree.

    >>> tree.success, len(tree), tree.depth
    (1.0, 4, 3)
    >>> tree.node("0.0").goal
    'Craft the following items: 1x a1'
    """

    header: TreeHeader
    nodes: tuple[Node, ...]
    """In path order: the root first, parents before their children, siblings in spawn order."""
    ended: float | None = None
    """Seconds from start to end; None while it runs, or if nobody recorded them."""
    ended_tick: int | None = None
    not_reproducible: str = ""
    """Why the same seed may give another tree. Empty: on one type of machine it gives the same tree."""

    @cached_property
    def _by_path(self) -> dict[str, Node]:
        return {node.path: node for node in self.nodes}

    @property
    def task(self) -> Task:
        return self.header.task

    @property
    def root(self) -> Node:
        """The node at "0".

        Raises:
            RecordError: the root has not been spawned yet.
        """
        if not self.nodes:
            raise RecordError("this tree has no nodes yet: its root has not been spawned")
        return self.nodes[0]

    @property
    def success(self) -> float | None:
        """The root's s; None = not scored, which is not 0."""
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
            raise MissingError(f"no node {path!r} in this tree of {counted(len(self), 'node')}: {near}")
        return found

    def has(self, path: str) -> bool:
        """Whether there is a node at `path`."""
        return path in self._by_path

    def children(self, path: str) -> tuple[Node, ...]:
        """The children of the node at `path`, in spawn order.

        Raises:
            MissingError: there is no such node.
        """
        return tuple(self._by_path[child] for child in self.node(path).children)

    def walk(self, path: str = ROOT) -> Iterator[Node]:
        """The node at `path` and all below it, in path order.

        Raises:
            MissingError: there is no such node.
        """
        stack = [path]
        while stack:
            node = self.node(stack.pop())
            yield node
            stack.extend(reversed(node.children))

    def to_networkx(self, credit: Credit = None) -> networkx.DiGraph:
        """As a graph of plain values, with the credit of each node if it is given; see `graph.to_networkx`."""
        return to_networkx(self, credit)

    def to_messages(self, path: str = ROOT) -> list[dict[str, Any]]:
        """What one node read and wrote as chat messages with tool calls, in OpenAI's shape.

        >>> [message["role"] for message in tree.to_messages()][:3]
        ['user', 'assistant', 'tool']

        Raises:
            MissingError: there is no such node.
        """
        found: list[dict[str, Any]] = later("rao_lab.store.exports.messages", "messages_of")(self, path)
        return found

    def to_spans(self, credit: Credit = None, begun: float = 0.0) -> list[dict[str, Any]]:
        """As plain spans for viewers of agents: each a dict with id, name, kind ("span" a node, "generation" a turn,
        "tool" a call), parent_id, times, input and output.

        >>> [span["kind"] for span in tree.to_spans()][:3]
        ['span', 'generation', 'tool']

        Args:
            credit: adds each node's R, b, A, w and c. `Attributions` of the tree's step, or records by path.
            begun: when the tree began, in seconds since 1970.

        Raises:
            MissingError: the credit is of other trees.
        """
        found: list[dict[str, Any]] = later("rao_lab.store.exports.spans", "spans_of")(self, credit, begun)
        return found

    def timeline(self) -> Timeline:
        """Who computed when, who waited for whom, and the critical path; `print` draws it.

        >>> print(tree.timeline().text("steps", width=60, plain=True))  # doctest: +ELLIPSIS
        4 nodes - 785 steps - ideal speed-up 1.00x...
        """
        return Timeline(self)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Saves it: as JSON if the name ends with .json, as a run file if with .rao; `rl.load_tree` loads both.

        >>> tree.save("runs/saved.rao")

        Args:
            force: what lies there is overwritten.

        Raises:
            InputError, RunFileError, UnavailableError: see `rl.save_tree`.
        """
        later("rao_lab.api.keep", "save_tree")(self, path, force=force)

    def __str__(self) -> str:
        return text_tree(self)

    def __repr__(self) -> str:
        """Short, for a notebook cell that ends in a list of trees; `print(tree)` draws the whole tree."""
        scored = "" if self.success is None else f", success {self.success:g}"
        return f"<Tree of {one_line(self.task.id, 80)}: {len(self)} nodes, depth {self.depth}{scored}>"


@checked_call
@dataclass(frozen=True)
class Group:
    """The G trees of one task, in rollout order.

    >>> group = rl.Group(task, (tree, rl.run(task, env, policy, seed=1)))
    >>> len(group), group.trees[0].success
    (2, 1.0)
    """

    task: Task
    trees: tuple[Tree, ...]
    step: int = 0
    index: int = 0
    probe: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.task, Task) or isinstance(self.trees, Tree):
            wrong = "trees is one tree" if isinstance(self.task, Task) else f"task is {quoted(self.task)}"
            raise InputError(f"{wrong}: rl.Group(task, [tree, ...]) is the order")

    def __len__(self) -> int:
        return len(self.trees)

    def __repr__(self) -> str:
        return f"<Group {self.index} of step {self.step}: {len(self)} trees of {one_line(self.task.id, 80)}>"


def validate(tree: Tree) -> None:
    """Checks that a tree does not contradict itself.

    Raises:
        RecordError: it does; the message names the node and the rule that it breaks.
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
        place = path_key(node.path)[-1]  # the last number of a path is the place among its siblings
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
    if node.reward is not None and (node.success is None or not isfinite(node.reward)):
        return f"its reward {node.reward} is not finite, or it has no success that is mapped from it"
    return None
