"""The figures of trees and of whole columns: how many nodes, how deep, how much is delegated and how much together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rao_lab.evaluation.intervals import wilson
from rao_lab.store.columns.nodes import STATUSES
from rao_lab.views.evolution.columns import Column, Columns


class TreeFigures(NamedTuple):
    """One tree of one task in one step."""

    step: int
    task: str
    difficulty: str
    tree: int
    """From 1, of its task in this step."""
    s: float | None
    """The root's success; None: not scored."""
    status: str
    """How the root ended."""
    nodes: int
    depth: int
    delegating: int
    """Nodes that launched at least one."""
    together: int
    """Nodes that were launched beside another."""
    tokens: int
    """Written, by all nodes."""


class StepFigures(NamedTuple):
    """All trees of a column. Means are over its trees, shares over their nodes; None: there is nothing to count."""

    step: int
    trees: int
    scored: int
    solved: float | None
    """Mean success of the scored roots."""
    low: float | None
    high: float | None
    """Wilson's 95 % interval of `solved`."""
    nodes: float | None
    depth: float | None
    fan_out: float | None
    """Children of a node that launched any."""
    together: float | None
    """Share of launched nodes that were launched beside another."""
    delegating: float | None
    """Share of nodes that launched any."""


def trees_of(columns: Columns, column: Column) -> list[TreeFigures]:
    """A row a tree."""
    found = []
    whole = column.whole.columns
    for at, (row, tree) in enumerate(zip(column.task, column.tree, strict=True)):
        rows = column.rows(at)
        parents = whole["parent"][rows]
        root = rows[parents < 0][0]
        task = columns.tasks[row]
        found.append(
            TreeFigures(
                column.whole.step,
                str(task["task"]),
                str(task["difficulty"]),
                tree + 1,
                _number(whole["s"][root]),
                STATUSES[whole["status"][root]],
                len(rows),
                int(whole["depth"][rows].max()),
                len(np.unique(parents[parents >= 0])),
                int(whole["together"][rows][parents >= 0].sum()),
                int(whole["wrote"][rows].sum()),
            )
        )
    return found


def figures_of(step: int, trees: Sequence[TreeFigures]) -> StepFigures:
    """The figures of a column from those of its trees."""
    scores = [tree.s for tree in trees if tree.s is not None]
    low, high = wilson(sum(scores), len(scores)) if scores else (None, None)
    nodes = sum(tree.nodes for tree in trees)
    launched = nodes - len(trees)
    delegating = sum(tree.delegating for tree in trees)
    return StepFigures(
        step,
        len(trees),
        len(scores),
        _share(sum(scores), len(scores)),
        low,
        high,
        _share(nodes, len(trees)),
        _share(sum(tree.depth for tree in trees), len(trees)),
        _share(launched, delegating),
        _share(sum(tree.together for tree in trees), launched),
        _share(delegating, nodes),
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
