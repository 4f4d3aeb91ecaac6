"""What the groups of a step are, in numbers: where their roots stand, and how much of the update each makes.

The Group view computes the same in `widgets/src/group/facts.js` and `depths.js`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rao_lab.views.explorer.table import StepTable

ALIKE = 1e-9
"""Below this size two returns are alike, and an advantage is none."""
LIVE = 2
"""Codes of `status` below this: the node is at work."""

Kind = Literal["trained", "nothing", "untrained", "coming", "probe", "fork"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Root:
    """The root of a tree; NaN: there is no such number."""

    tree: int
    """Place among the trees of the step."""
    name: str
    size: int
    depth: int
    live: bool
    at: float
    """Where it stands: its R, or its s without credit."""
    b: float
    A: float


@dataclass(frozen=True, slots=True)
class GroupFact:
    """One group of a step."""

    group: int
    task: str
    by: Literal["R", "s"]
    kind: Kind
    """nothing: all of its advantages are 0. untrained: none of its nodes has one."""
    trees: int
    live: int
    """Trees at work, or not begun."""
    known: int
    """Roots whose value is known."""
    mean: float
    alike: bool
    """All trees have ended, and two or more roots are known and stand at one point."""
    nodes: int
    trained: int
    """Nodes that have an advantage, 0 or not."""
    moved: int
    """Those whose advantage is not 0."""
    roots_moved: int
    scored: int
    won: int
    lost: int
    share: float
    """Of the update, 0 to 1."""
    why: int
    """The most frequent code of `WHY_NOT`."""


@dataclass(frozen=True, slots=True)
class DepthFact:
    """One depth of a step; shares are from 0 to 1."""

    depth: int
    nodes: int
    share: float
    other: float
    """With weights off; if the rule has none, with weights on."""
    low: float
    high: float
    """w of its nodes: one number, unless each task has its own."""


def group_facts(table: StepTable) -> list[GroupFact]:
    """In the order of the step, probes and forks last."""
    of_tree = np.array([tree.group for tree in table.trees], np.int64)
    group = of_tree[table.columns["tree"]] if len(table) else np.zeros(0, np.int64)
    found = [_fact(table, place, np.flatnonzero(group == place)) for place in range(len(table.groups))]
    order = {"fork": 2, "probe": 1}
    return sorted(found, key=lambda fact: (order.get(fact.kind, 0), fact.group))


def roots_of(table: StepTable, group: int) -> list[Root]:
    """The trees of a group, by rollout as the step has them."""
    return [_root(table, place, group) for place, tree in enumerate(table.trees) if tree.group == group]


def depth_facts(table: StepTable) -> list[DepthFact]:
    """Depths that have trained nodes."""
    credit = table.credit
    if credit is None:
        return []
    rows = np.flatnonzero(~np.isnan(credit["A"]))
    depth = table.columns["depth"][rows].astype(np.int64)
    share, w = np.nan_to_num(credit["share"][rows]), credit["w"][rows]
    levels = sorted({int(each) for each in depth})
    counts = {level: int((depth == level).sum()) for level in levels}
    if table.config.depth_weighting == "none":
        ideal = {level: len(rows) / len(levels) / counts[level] for level in levels}
        mass = share * np.array([ideal[int(each)] for each in depth])
    else:
        mass = np.divide(share, w, out=np.zeros_like(share), where=w > 0)
    total = float(mass.sum())
    return [
        DepthFact(
            level,
            counts[level],
            float(share[depth == level].sum()),
            float(mass[depth == level].sum()) / total if total > 0 else 0.0,
            float(w[depth == level].min()),
            float(w[depth == level].max()),
        )
        for level in levels
    ]


def _root(table: StepTable, place: int, group: int) -> Root:
    columns, credit = table.columns, table.credit
    rows = table.rows_of(place)
    tops = rows[columns["parent"][rows] < 0]
    fork = "fork" in table.groups[group]
    name = f"{'fork' if fork else 'tree'} {table.trees[place].rollout + 1}"
    if not len(tops):
        return Root(place, name, 0, 0, True, np.nan, np.nan, np.nan)
    top = int(tops[0])
    own = _by(table, group) == "R" and credit is not None
    at, b, A = (float(credit[each][top]) for each in "RbA") if own else (columns["s"][top], np.nan, np.nan)  # type: ignore[index]
    depth = int(columns["depth"][rows].max())
    return Root(place, name, len(rows), depth, bool(columns["status"][top] < LIVE), float(at), b, A)


def _by(table: StepTable, group: int) -> Literal["R", "s"]:
    meta = table.groups[group]
    return "s" if table.credit is None or meta["probe"] or "fork" in meta else "R"


def _fact(table: StepTable, group: int, rows: NDArray[np.int64]) -> GroupFact:
    roots = roots_of(table, group)
    known = [root.at for root in roots if root.at == root.at]
    credit, s = table.credit, table.columns["s"][rows]
    A = np.full(len(rows), np.nan) if credit is None else credit["A"][rows]
    moved = np.abs(np.nan_to_num(A)) > ALIKE
    share = 0.0 if credit is None else float(np.nansum(credit["share"][rows][~np.isnan(A)]))
    codes = Counter(() if credit is None else credit["why"][rows].tolist())
    codes.pop(0, None)
    trained = int((~np.isnan(A)).sum())
    return GroupFact(
        group=group,
        task=str(table.groups[group]["task"]),
        by=_by(table, group),
        kind=_kind(table, table.groups[group], int(moved.sum()), trained),
        trees=len(roots),
        live=sum(root.live for root in roots),
        known=len(known),
        mean=sum(known) / len(known) if known else np.nan,
        alike=len(known) > 1 and max(known) - min(known) <= ALIKE and not any(root.live for root in roots),
        nodes=len(rows),
        trained=trained,
        moved=int(moved.sum()),
        roots_moved=int((moved & (table.columns["parent"][rows] < 0)).sum()),
        scored=int((~np.isnan(s)).sum()),
        won=int((s >= 1).sum()),
        lost=int((s == 0).sum()),
        share=share,
        why=min(codes, key=lambda code: (-codes[code], code), default=0),
    )


def _kind(table: StepTable, meta: Any, moved: int, trained: int) -> Kind:
    if "fork" in meta:
        return "fork"
    if meta["probe"]:
        return "probe"
    if table.credit is None:
        return "coming"
    return "trained" if moved else "nothing" if trained else "untrained"
