"""What running children at the same time is worth: recorded trees are replayed in both ways, with real decode work.

The same ids go through the model twice, one tree at a time: with siblings together, as they were launched, and one
by one (`Executor(siblings=...)`). A child may find the shared world otherwise if another went first, so the order can
change how nodes end, although each does what it did. Such trees are counted. If a replay then leaves the recording,
because a launch is refused or a turn is missing, the two have not done the same, and the tree has no part in a ratio.

A tree in which no siblings ran at the same time is the same run in both ways, and is replayed once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from rao_lab.evaluation.bootstrap import Interval, figure
from rao_lab.evaluation.rows import labels_of
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.execution.limits import Limits
from rao_lab.execution.node_run import Siblings
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.replay import Repeating, ReplayPolicy
from rao_lab.prompts import find
from rao_lab.protocols import Environment
from rao_lab.tree import Status, Tree

REPEATS = 3
"""Replays of a tree in each way, in turn: the median of their seconds counts. Their ticks are the same."""


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One recorded tree, replayed in both ways."""

    task: str
    """Its id."""
    item: str
    """The task's label of this name, or else its id: what its intervals are clustered by."""
    nodes: int
    children: int
    """Nodes below the root."""
    together: int
    """Children that were launched at the same await as a sibling."""
    ticks: int
    """Decode steps with siblings together."""
    serial_ticks: int
    """The same one by one."""
    seconds: float
    serial_seconds: float
    same: bool
    """Both replays took every recorded turn and no other."""
    changed: bool
    """One by one, some node ended or scored otherwise than recorded."""
    root_changed: bool
    """The root did."""


@dataclass(frozen=True, slots=True)
class SerialRatio:
    """Siblings together to one by one, over trees: sums of both, with intervals by item and seed."""

    ticks: Interval | None
    seconds: Interval | None
    """None if no tree did the same in both ways, as `ticks`."""
    trees: int
    """That did; `changed` and what follows is of these."""
    left_out: int
    """The others."""
    changed: int
    root_changed: int
    children: int
    together: int

    @property
    def words(self) -> str:
        """In a line."""
        parts = [f"{name} {found}" for name in ("ticks", "seconds") if (found := getattr(self, name))]
        return (
            f"{', '.join(parts) or 'nothing to compare'} of one child at a time, on {self.trees} of "
            f"{self.trees + self.left_out} trees; {self.together} of {self.children} children launched together; the "
            f"order changed the outcome of {self.changed} trees, of {self.root_changed} at the root"
        )


def replay_both(
    trees: Sequence[Tree],
    environment: Environment,
    policy: Repeating,
    on_tree: Callable[[int, int], object] = lambda done, trees: None,
) -> list[ClockRow]:
    """Replays each tree in both ways.

    Args:
        environment: what they were recorded in.
        policy: a local model of the recorded kind; its weights matter only for the time they take.
        on_tree: told (done, all) after each tree.
    """
    rows: list[ClockRow] = []
    for limits, group in groupby(trees, key=lambda tree: dict(tree.header.limits)):
        with open_sandbox(Limits.from_dict(limits)) as sandbox:
            for tree in group:
                if not rows:  # the first run of all also pays for what is made once
                    _replay(tree, environment, policy, sandbox, "together")
                beside = [_replay(tree, environment, policy, sandbox, "together")]
                apart: list[Tree] = []
                while _overlap(beside[0]) and len(apart) < REPEATS:
                    apart.append(_replay(tree, environment, policy, sandbox, "one_by_one"))
                    beside.append(_replay(tree, environment, policy, sandbox, "together"))
                rows.append(_row(tree, environment, beside, apart or beside))
                on_tree(len(rows), len(trees))
    return rows


def serial_ratio(rows: Sequence[ClockRow], seeds: Sequence[Hashable] | None = None) -> SerialRatio:
    """What running children together is worth, over all trees that did the same in both ways.

    Args:
        seeds: of each row the seed of the training that its tree comes from.
    """
    given = [0] * len(rows) if seeds is None else seeds
    kept = [(row, seed) for row, seed in zip(rows, given, strict=True) if row.same]

    def ratio(name: str) -> Interval | None:
        columns = [[getattr(row, each) for row, _ in kept] for each in (name, f"serial_{name}")]
        items = [row.item for row, _ in kept]
        return figure(columns, lambda sums: sums[..., 0] / sums[..., 1], items, [seed for _, seed in kept])

    return SerialRatio(
        ticks=ratio("ticks") if kept else None,
        seconds=ratio("seconds") if kept else None,
        trees=len(kept),
        left_out=len(rows) - len(kept),
        changed=sum(row.changed for row, _ in kept),
        root_changed=sum(row.root_changed for row, _ in kept),
        children=sum(row.children for row, _ in kept),
        together=sum(row.together for row, _ in kept),
    )


def to_columns(rows: Sequence[ClockRow]) -> dict[str, list[Any]]:
    """The rows as plain JSON, a list for each field."""
    return {each.name: [getattr(row, each.name) for row in rows] for each in fields(ClockRow)}


def from_columns(columns: Mapping[str, Sequence[Any]]) -> list[ClockRow]:
    """The inverse of `to_columns`."""
    names = [each.name for each in fields(ClockRow)]
    return [ClockRow(*values) for values in zip(*(columns[name] for name in names), strict=True)]


def _replay(
    tree: Tree, environment: Environment, policy: Repeating, sandbox: Sandbox, siblings: Siblings
) -> Tree:
    executor = Executor(
        environment,
        ReplayPolicy(tree, through=policy),
        find(tree.root.template),
        Limits.from_dict(tree.header.limits),
        sandbox=sandbox,
        siblings=siblings,
    )
    return executor.run([tree.header])[0]


def _row(tree: Tree, environment: Environment, beside: Sequence[Tree], apart: Sequence[Tree]) -> ClockRow:
    return ClockRow(
        task=tree.task.id,
        item=str(labels_of(tree.task, environment).get("item", tree.task.id)),
        nodes=len(tree),
        children=len(tree) - 1,
        together=sum(node.together for node in tree.nodes),
        ticks=beside[0].ended_tick or 0,
        serial_ticks=apart[0].ended_tick or 0,
        seconds=_seconds(beside),
        serial_seconds=_seconds(apart),
        same=_written(beside[0]) == _written(apart[0]) == _written(tree),
        changed=_ends(apart[0]) != _ends(tree),
        root_changed=_ends(apart[0])[:1] != _ends(tree)[:1],
    )


def _seconds(trees: Sequence[Tree]) -> float:
    return round(median(tree.ended or 0.0 for tree in trees), 6)


def _overlap(tree: Tree) -> bool:
    """Whether siblings ran at the same time."""
    return any(
        one.ended_tick is None or two.started_tick < one.ended_tick
        for node in tree.nodes
        for one, two in pairwise(tree.children(node.path))
    )


def _written(tree: Tree) -> list[tuple[str, list[str]]]:
    """Every turn that was written to its end."""
    return [
        (node.path, [turn.text for turn in node.turns if turn.sampled_tick is not None])
        for node in tree.nodes
    ]


def _ends(tree: Tree) -> list[tuple[str, Status, float | None]]:
    return [(node.path, node.status, node.success) for node in tree.nodes]
