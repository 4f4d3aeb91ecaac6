"""The nodes of a step as arrays, without their texts: what views draw and credit is recomputed from.

They are kept once more beside the rows, one blob a tree, because 50,000 rows of SQLite take a third of a
second and their columns a tenth of that. Paths are not kept: a parent and a place among siblings say them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.credit import NodeTable, signal
from rao_lab.errors import RunFileError
from rao_lab.store.columns.bytes import Allowance, unpack
from rao_lab.tree import MAX_DEPTH, Node, Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

STATUSES = (
    "running",
    "waiting",
    "finished",
    "turn_limit",
    "context_limit",
    "tree_limit",
    "timeout",
    "error",
    "cancelled",
)
"""By their number in the file: append only."""

_INTS = [
    "parent",
    "spawn_index",
    "parent_turn",
    "launch_batch",
    "together",
    "depth",
    "goal",
    "reason",
    "started_tick",
    "ended_tick",
    "window",
    "turns",
    "tokens_in",
    "tokens_out",
    "peak_context",
    "decode_steps",
    "status",
]
_FLOATS = ["success", "fraction", "started", "ended", "compute_seconds", "waiting_seconds"]
_ROW = np.dtype([(name, "<i8") for name in _INTS] + [(name, "<f8") for name in _FLOATS])


@dataclass(frozen=True, eq=False)
class NodeColumns:
    """The nodes of a step's finished trees, one row each: groups, then probes; each tree in path order.

    Integers that a node may lack (`parent`, `parent_turn`, `ended_tick`) are -1 there, floats NaN.
    """

    tree_id: Ints
    """`Run.tree(tree_id)` gives the whole tree."""
    group: Ints
    rollout: Ints
    probe: Flags
    parent: Ints
    """Row of the parent."""
    spawn_index: Ints
    parent_turn: Ints
    launch_batch: Ints
    together: Flags
    depth: Ints
    goal: Ints
    """Id of the text."""
    reason: Ints
    """Id of the text."""
    success: Floats
    """The node's own s as scored; `credit_table` applies decision 3."""
    fraction: Floats
    started: Floats
    ended: Floats
    started_tick: Ints
    ended_tick: Ints
    window: Ints
    turns: Ints
    tokens_in: Ints
    tokens_out: Ints
    peak_context: Ints
    compute_seconds: Floats
    waiting_seconds: Floats
    decode_steps: Ints
    path: list[str]
    status: list[str]

    def __len__(self) -> int:
        return len(self.path)

    def credit_table(self) -> NodeTable:
        """The rows that get credit, as `credit.tabulate` makes them from whole trees."""
        rows = np.flatnonzero(~self.probe)
        count = len(rows)
        path = [self.path[row] for row in rows]
        status = [self.status[row] for row in rows]
        success = self.success[rows]
        scores = [
            signal(word, None if np.isnan(s) else s) for word, s in zip(status, success.tolist(), strict=True)
        ]
        place = np.zeros(count, np.int32)
        group, rollout = self.group[rows], self.rollout[rows]
        for row in range(1, count):
            same = group[row] == group[row - 1]
            place[row] = place[row - 1] + (rollout[row] != rollout[row - 1]) if same else 0
        return NodeTable(
            group=group.astype(np.int32),
            tree=place,
            path=path,
            parent=self.parent[rows].astype(np.int32),
            depth=self.depth[rows].astype(np.int32),
            s=np.array([np.nan if score is None else score for score in scores], np.float64),
            status=status,
            tokens=self.tokens_out[rows],
        )


def columns_to_bytes(tree: Tree, places: Mapping[str, int], text_id: Callable[[str], int]) -> bytes:
    """The nodes of one tree: byte k of every row together, for k through the row, which compresses."""
    rows = np.array([_row(node, places, text_id) for node in tree.nodes], _ROW)
    return rows.view(np.uint8).reshape(len(tree), _ROW.itemsize).T.tobytes()


def _row(node: Node, places: Mapping[str, int], text_id: Callable[[str], int]) -> tuple[Any, ...]:
    return (
        -1 if node.parent is None else places[node.parent],
        node.spawn_index,
        -1 if node.parent_turn is None else node.parent_turn,
        node.launch_batch,
        node.together,
        node.depth,
        text_id(node.goal),
        text_id(node.reason),
        node.started_tick,
        -1 if node.ended_tick is None else node.ended_tick,
        node.window,
        len(node.turns),
        node.tokens_in,
        node.tokens_out,
        node.peak_context,
        node.decode_steps,
        STATUSES.index(node.status.value),
        *(np.nan if number is None else number for number in (node.success, node.fraction)),
        node.started,
        np.nan if node.ended is None else node.ended,
        node.compute_seconds,
        node.waiting_seconds,
    )


def node_columns(connection: sqlite3.Connection, step: int) -> NodeColumns:
    """Reads the nodes of a step.

    Raises:
        RunFileError: cut off, or nodes that are no forest.
    """
    query = (
        "SELECT t.id, t.grp, t.rollout, t.probe, c.size, c.body FROM trees t JOIN columns c ON c.tree = t.id"
        " WHERE t.step = ? AND t.done = 1 AND t.origin IS NULL ORDER BY t.probe, t.grp, t.rollout"
    )
    allowance = Allowance.of(connection)
    heads: list[tuple[int, ...]] = []
    parts: list[NDArray[Any]] = []
    for *head, size, body in connection.execute(query, (step,)):
        raw = unpack(size, body, allowance)
        count, left = divmod(len(raw), _ROW.itemsize)
        if left or not all(isinstance(number, int) for number in head):
            raise RunFileError(f"the columns of tree {head[0]!r:.20} are cut off")
        planes = np.frombuffer(raw, np.uint8).reshape(_ROW.itemsize, count)
        parts.append(np.ascontiguousarray(planes.T).view(_ROW).reshape(count))
        heads.append((*head, count))
    rows = np.concatenate(parts) if parts else np.zeros(0, _ROW)
    return _assemble(rows, np.array(heads, np.int64).reshape(-1, 5))


def _assemble(rows: NDArray[Any], heads: Ints) -> NodeColumns:
    tree_id, group, rollout, probe, count = heads.T
    first = np.repeat(np.cumsum(count) - count, count)
    columns: dict[str, Any] = {name: rows[name].astype(np.int64) for name in _INTS}
    columns |= {name: rows[name].astype(np.float64) for name in _FLOATS}
    columns |= {"tree_id": np.repeat(tree_id, count), "group": np.repeat(group, count)}
    columns |= {"rollout": np.repeat(rollout, count), "probe": np.repeat(probe, count) != 0}
    _check_forest(columns, np.arange(len(rows)) - first)
    columns["parent"] = np.where(columns["parent"] < 0, -1, columns["parent"] + first)
    columns["together"] = columns["together"] != 0
    columns["status"] = [STATUSES[code] for code in columns["status"].tolist()]
    paths: list[str] = []
    for parent, index in zip(columns["parent"].tolist(), columns["spawn_index"].tolist(), strict=True):
        paths.append("0" if parent < 0 else f"{paths[parent]}.{index}")
    return NodeColumns(path=paths, **columns)


def _check_forest(columns: Mapping[str, Any], place: Ints) -> None:
    """Roots first, parents above children, depths that add up: so that paths are bounded and true."""
    parent, depth = columns["parent"], columns["depth"]
    if ((parent >= place) | (parent < -1) | ((parent < 0) != (place == 0))).any():
        raise RunFileError("a node's parent does not stand above it")
    above = np.arange(len(place)) - place + np.maximum(parent, 0)
    if (depth != np.where(parent < 0, 0, depth[above] + 1)).any() or (depth > MAX_DEPTH).any():
        raise RunFileError("a node's depth is not one more than its parent's")
    if ((columns["status"] < 0) | (columns["status"] >= len(STATUSES))).any():
        raise RunFileError("a node has an unknown status")
    if (columns["spawn_index"] < 0).any():
        raise RunFileError("a node has no place among its siblings")
