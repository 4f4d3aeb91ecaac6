"""The nodes of a step as columns, one row for each node: all that credit is computed from.

A million nodes then cost a few arrays and not a million objects. `tabulate` makes a table from groups of trees; a
store can fill the columns itself. `signal` applies decision 3: how a node ended limits what its success can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.errors import InputError, RecordError
from rao_lab.tree import LIMIT_STATUSES, Group, Node, Status, Tree, TreeHeader

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


TreeKey = tuple[Any, ...]


def tree_key(header: TreeHeader) -> TreeKey:
    """What tells a tree from others. Trees that were each run alone are all tree 0 of group 0."""
    place = (header.step, header.group, header.rollout, header.probe, header.origin is not None)
    return (header.task.id, header.seed, header.agent, header.policy, header.policy_version, *place)


@dataclass(frozen=True, eq=False)
class NodeTable:
    """The N nodes of a step: group by group, tree by tree, each tree in path order. Every column is `[N]`."""

    group: NDArray[np.int32]
    """A label: the same for all rows of a group, different for different groups."""
    tree: NDArray[np.int32]
    """Place of the tree in its group, from 0."""
    path: list[str]
    parent: NDArray[np.int32]
    """Row of the parent; -1 for a root."""
    depth: NDArray[np.int32]
    s: Floats
    """Success in [0, 1]. NaN = not scored; 0.0 = scored, and failed."""
    status: list[str]
    tokens: Ints
    """T: number of tokens that the node itself generated."""
    goal: Ints | None = None
    """A number for each goal, the same for the same words; None = they are not known."""
    keys: Sequence[TreeKey] | None = None
    """Which tree each of the K trees is; None = it is known by its step, group and place alone."""

    def __len__(self) -> int:
        return len(self.path)

    @cached_property
    def tree_starts(self) -> Ints:
        """First row of each of the K trees, which is its root: `[K]`."""
        return np.flatnonzero(changes(self.group) | changes(self.tree))

    @cached_property
    def tree_of(self) -> Ints:
        """The tree of each row, counted from 0 in row order: `[N]`."""
        return np.cumsum(changes(self.group) | changes(self.tree)) - 1

    @cached_property
    def group_of(self) -> Ints:
        """The group of each row, counted from 0 in row order: `[N]`."""
        return np.cumsum(changes(self.group)) - 1

    @cached_property
    def cancelled(self) -> Flags:
        """Its parent ended first: `[N]`."""
        return np.fromiter((status == Status.CANCELLED for status in self.status), bool, len(self))

    def check(self) -> None:
        """Refuses columns that do not describe whole trees, each in path order.

        Raises:
            RecordError: the message names the first row that breaks a rule.
        """
        columns: tuple[Sequence[Any] | NDArray[Any], ...]
        columns = (self.group, self.tree, self.parent, self.depth, self.s, self.status, self.tokens)
        columns += () if self.goal is None else (self.goal,)
        if any(len(column) != len(self) for column in columns):
            raise RecordError(f"the columns of a node table differ in length from its {len(self)} paths")
        rows = np.arange(len(self))
        root = self.parent < 0
        starts = np.zeros(len(self), bool)
        starts[self.tree_starts] = True
        above = np.where(root, 0, np.minimum(self.parent, np.maximum(rows - 1, 0)))
        rules = {
            "the first row of a tree, and no other, is its root": starts != root,
            "a parent stands above its child": ~root & (self.parent >= rows),
            "a parent is in the same tree": ~root & (self.tree_of[above] != self.tree_of),
            "depth is the parent's plus 1, a root's is 0": self.depth
            != np.where(root, 0, self.depth[above] + 1),
            "success lies in [0, 1] or is NaN": (self.s < 0) | (self.s > 1),
            "tokens are at least 0": self.tokens < 0,
        }
        for rule, broken in rules.items():
            if broken.any():
                row = int(np.argmax(broken))
                raise RecordError(f"row {row} (node {self.path[row]}) of a node table breaks: {rule}")
        blocks = np.stack([self.group_of[self.tree_starts], self.tree[self.tree_starts]])
        labels = self.group[changes(self.group)]
        if len(np.unique(blocks, axis=1).T) < blocks.shape[1] or len(np.unique(labels)) < len(labels):
            raise RecordError("the rows of one tree or group of a node table do not stand together")


def changes(column: NDArray[Any]) -> Flags:
    """True for the first row and for every row that differs from the row before it: `[N]`."""
    if not len(column):
        return np.zeros(0, bool)
    return np.concatenate([[True], column[1:] != column[:-1]])


def signal(status: str, success: float | None) -> float | None:
    """s of a node, limited by how it ended (decision 3).

    A limit or a cancellation gives 0.0, whatever the world looks like. An error gives None: not scored.

    Args:
        success: what the world, a judge or a proxy said; None = nothing.
    """
    if status in LIMIT_STATUSES or status == Status.CANCELLED:
        return 0.0
    return None if status == Status.ERROR else success


def tabulate(groups: Sequence[Group]) -> NodeTable:
    """The nodes of groups of finished trees as columns.

    A group's label is its `Group.index` if these differ from each other, otherwise its place in `groups`.

    Raises:
        InputError: one of the groups is a probe, which is never trained.
    """
    labels = [group.index for group in groups]
    if len(set(labels)) < len(labels):
        labels = [*range(len(groups))]
    labels_of_rows: list[tuple[int, int]] = []
    nodes: list[Node] = []
    parent: list[int] = []
    for label, group in zip(labels, groups, strict=True):
        if group.probe:
            raise InputError(f"group {label} holds probes, which get no credit: leave it out")
        for place, tree in enumerate(group.trees):
            parent += _parent_rows(tree, len(nodes))
            labels_of_rows += [(label, place)] * len(tree)
            nodes += tree.nodes
    scores = (signal(node.status, node.success) for node in nodes)
    goals: dict[str, int] = {}
    places = np.array(labels_of_rows, np.int32).reshape(-1, 2)
    return NodeTable(
        group=places[:, 0].copy(),
        tree=places[:, 1].copy(),
        path=[node.path for node in nodes],
        parent=np.array(parent, np.int32),
        depth=np.array([node.depth for node in nodes], np.int32),
        s=np.array([np.nan if score is None else score for score in scores], np.float64),
        status=[node.status.value for node in nodes],
        tokens=np.array([node.trainable_tokens for node in nodes], np.int64),
        goal=np.array([goals.setdefault(node.goal, len(goals)) for node in nodes], np.int64),
        keys=[tree_key(tree.header) for group in groups for tree in group.trees if tree.nodes],
    )


def _parent_rows(tree: Tree, first: int) -> list[int]:
    rows = {node.path: first + place for place, node in enumerate(tree.nodes)}
    try:
        return [-1 if node.parent is None else rows[node.parent] for node in tree.nodes]
    except KeyError as missing:
        raise RecordError(f"a node names the parent {missing}, which is not in its tree") from None
