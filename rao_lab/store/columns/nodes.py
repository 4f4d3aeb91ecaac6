"""The nodes of a step as arrays, without their texts: what views draw and what credit is recomputed from.

The rows of nodes hold the same numbers, for readers of whole trees. Both are kept: the columns take at most
4 % of a run file, and a step of 13,000 nodes is read from them in 17 ms, which takes 3.6 s from its rows.
Paths are not kept: the order of the rows and their parents say them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.credit import NodeTable, signal
from rao_lab.credit.table import changes
from rao_lab.errors import RunFileError
from rao_lab.store.cells import cells, check_counts
from rao_lab.store.columns.bytes import Allowance, from_planes, to_planes, unpack
from rao_lab.tree import MAX_DEPTH, Node, Tree
from rao_lab.tree.ranges import COUNT, ID, SECONDS

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
"""By their number in the file: new ones only at the end."""

_SUMS = ("turns", "tokens_in", "tokens_out")
"""What a tree's row says of all its nodes together."""
_COLUMNS = "t.id, c.size, c.body, t.nodes, t.turns, t.tokens_in, t.tokens_out"
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
ROW = np.dtype([(name, "<i8") for name in _INTS] + [(name, "<f8") for name in _FLOATS])
"""One node as the file holds it."""


_SIGNAL = np.array([np.nan if s is None else s for s in (signal(word, 1.0) for word in STATUSES)])
"""What each status makes of an s of 1.0: 1 = s counts as it is, 0 = as a failure, NaN = not scored. `[9]`"""


@dataclass(frozen=True, eq=False)
class NodeColumns:
    """The nodes of a step's finished trees, N rows: groups, then probes; each tree in path order.

    Integers that a node may lack (`parent`, `parent_turn`, `ended_tick`) are -1 then, floats NaN.
    """

    tree_id: Ints
    """`[N]` `Run.tree(tree_id)` gives the whole tree."""
    group: Ints
    """`[N]`"""
    rollout: Ints
    """`[N]`"""
    place: Ints
    """`[N]` Place of the tree among those of its group that are here, from 0."""
    probe: Flags
    """`[N]`"""
    parent: Ints
    """`[N]` Row of the parent."""
    spawn_index: Ints
    """`[N]` Place among its siblings, from 0."""
    parent_turn: Ints
    """`[N]` The parent's turn, from 1, that launched it."""
    launch_batch: Ints
    """`[N]`"""
    together: Flags
    """`[N]` Launched beside at least one sibling."""
    depth: Ints
    """`[N]`"""
    goal: Ints
    """`[N]` Id of the text."""
    reason: Ints
    """`[N]` Id of the text."""
    success: Floats
    """`[N]` The node's own s in [0, 1] as scored; `credit_table` applies decision 3."""
    fraction: Floats
    """`[N]` Share of what was asked that was done; the environment says how it counts."""
    started: Floats
    """`[N]` Seconds since the tree was started, as all times here; NaN if nobody recorded them."""
    ended: Floats
    """`[N]`"""
    started_tick: Ints
    """`[N]`"""
    ended_tick: Ints
    """`[N]`"""
    window: Ints
    """`[N]` Size of its context window in tokens; 0 = no token ids, -1 = not known."""
    turns: Ints
    """`[N]` How many it began, one without a reply (a fault of a server, a cut by time) included."""
    tokens_in: Ints
    """`[N]`"""
    tokens_out: Ints
    """`[N]`"""
    peak_context: Ints
    """`[N]` Tokens in its window when it was fullest."""
    compute_seconds: Floats
    """`[N]`"""
    waiting_seconds: Floats
    """`[N]`"""
    decode_steps: Ints
    """`[N]`"""
    status_code: Ints
    """`[N]` Index into `STATUSES`."""
    path: list[str]
    """N paths."""
    status: list[str]
    """N words."""

    def __len__(self) -> int:
        return len(self.path)

    @property
    def s(self) -> Floats:
        """`[N]` s as credit takes it: how a node ended limits what it can be (decision 3)."""
        scored = _SIGNAL[self.status_code]
        return np.where(scored == 1.0, self.success, scored)

    def credit_table(self) -> NodeTable:
        """The rows that get credit, as `credit.tabulate` makes them from whole trees."""
        rows = len(self) - int(self.probe.sum())  # probes stand last
        return NodeTable(
            group=self.group[:rows].astype(np.int32),
            tree=self.place[:rows].astype(np.int32),
            path=self.path[:rows],
            parent=self.parent[:rows].astype(np.int32),
            depth=self.depth[:rows].astype(np.int32),
            s=self.s[:rows],
            status=self.status[:rows],
            tokens=np.where(self.window[:rows] != 0, self.tokens_out[:rows], 0),
            goal=self.goal[:rows].astype(np.int64),
        )


def columns_to_bytes(tree: Tree, places: Mapping[str, int], text_id: Callable[[str], int]) -> bytes:
    """The nodes of one tree; `places` are their rows by path."""
    return to_planes(np.array([_row(node, places, text_id) for node in tree.nodes], ROW))


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
        *(
            np.nan if number is None else number
            for number in (
                *(node.success, node.fraction, node.started, node.ended),
                *(node.compute_seconds, node.waiting_seconds),
            )
        ),
    )


def node_columns(connection: sqlite3.Connection, step: int) -> NodeColumns:
    """Reads the nodes of a step.

    Raises:
        RunFileError: cut off, nodes that are no trees, or numbers that no node has.
    """
    allowance = Allowance.of(connection)
    trees = connection.execute(
        f"SELECT {_COLUMNS}, t.grp, t.rollout, t.probe FROM trees t LEFT JOIN columns c ON c.tree = t.id"
        " WHERE t.step = ? AND t.done = 1 AND t.nodes NOT NULL AND t.origin IS NULL"
        " ORDER BY t.probe, t.grp, t.rollout",
        (step,),
    ).fetchall()
    places = cells("trees", ("id", "grp", "rollout", "probe"), [(tree[0], *tree[-3:]) for tree in trees])
    parts = [_unpacked(tree, allowance) for tree in trees]
    rows = np.concatenate(parts) if parts else np.zeros(0, ROW)
    _check_sums(rows, [len(part) for part in parts], trees)
    heads = [(*place, len(part)) for place, part in zip(places, parts, strict=True)]
    table = np.array(heads, np.int64).reshape(-1, 5)
    try:
        return _assemble(rows, table)
    except RunFileError:
        for part, head in zip(parts, table, strict=True):
            _named(part, head)
        raise


def _named(rows: NDArray[Any], head: Ints) -> None:
    """Raises: RunFileError, naming the tree, if these are not its nodes."""
    try:
        _assemble(rows, head.reshape(1, 5))
    except RunFileError as error:
        raise RunFileError(f"tree {head[0]}: {error}") from None


def tree_rows(connection: sqlite3.Connection, tree_id: int, allowance: Allowance) -> NDArray[Any]:
    """The nodes of one tree as records `[N]`, held against the counts in its row.

    Raises:
        RunFileError: cut off, or not as many nodes, turns or tokens.
    """
    tree = connection.execute(
        f"SELECT {_COLUMNS} FROM trees t LEFT JOIN columns c ON c.tree = t.id WHERE t.id = ?", (tree_id,)
    ).fetchone()
    rows = _unpacked(tree, allowance)
    _check_sums(rows, [len(rows)], [tree])
    return rows


def _unpacked(tree: Sequence[Any], allowance: Allowance) -> NDArray[Any]:
    """The nodes of a tree that was asked for by `_COLUMNS`."""
    raw = unpack(tree[1], tree[2], allowance, f"the columns of tree {tree[0]}")
    count, left = divmod(len(raw), ROW.itemsize)
    if left:
        raise RunFileError(f"the columns of tree {tree[0]} are cut off")
    return from_planes(raw, ROW, count)


def _check_sums(rows: NDArray[Any], sizes: Sequence[int], trees: Sequence[Sequence[Any]]) -> None:
    """Raises: RunFileError, if a tree of `_COLUMNS` has not as many nodes, turns or tokens as its row says."""
    ends = np.cumsum(sizes, dtype=np.int64)
    starts = ends - np.array(sizes, np.int64)
    totals = [np.concatenate([[0], np.cumsum(rows[name].astype(np.int64))]) for name in _SUMS]
    found = zip(sizes, *((total[ends] - total[starts]).tolist() for total in totals), strict=True)
    for tree, read in zip(trees, found, strict=True):
        if read != tree[3:7]:
            counts = ("nodes", *_SUMS)
            check_counts(
                tree[0], dict(zip(counts, tree[3:7], strict=True)), dict(zip(counts, read, strict=True))
            )


def _assemble(rows: NDArray[Any], heads: Ints) -> NodeColumns:
    """The columns of rows `[N]` that belong to trees `[K, 5]`: id, group, rollout, probe and count of rows."""
    tree_id, group, rollout, probe, count = heads.T
    ints: dict[str, Ints] = {name: rows[name].astype(np.int64) for name in _INTS}
    floats: dict[str, Floats] = {name: rows[name].astype(np.float64) for name in _FLOATS}
    first = np.repeat(np.cumsum(count) - count, count)
    codes = ints.pop("status")
    parent = _rows_of_parents(ints["parent"], ints["depth"], first)
    _check_numbers(ints, floats, codes)
    columns: dict[str, Any] = {**ints, **floats, "parent": parent, "together": ints["together"] != 0}
    return NodeColumns(
        **columns,
        tree_id=np.repeat(tree_id, count),
        group=np.repeat(group, count),
        rollout=np.repeat(rollout, count),
        place=np.repeat(_places(group, probe), count),
        probe=np.repeat(probe, count) != 0,
        status_code=codes,
        path=_paths(parent),
        status=[STATUSES[code] for code in codes.tolist()],
    )


def _places(group: Ints, probe: Ints) -> Ints:
    """Of trees `[K]` in order: the place of each in its group, from 0."""
    starts = changes(group) | changes(probe)
    return np.arange(len(group)) - np.flatnonzero(starts)[np.cumsum(starts) - 1]


def _rows_of_parents(parent: Ints, depth: Ints, first: Ints) -> Ints:
    """Parents as rows of the step, from their places in trees whose first rows are `first`; all `[N]`.

    Raises:
        RunFileError: rows that are no trees in path order. A path is then as long as its depth says.
    """
    rows = np.arange(len(parent))
    root = rows == first
    if ((parent >= rows - first) | (parent < -1) | ((parent < 0) != root)).any():
        raise RunFileError("a node's parent does not stand above it")
    parent = np.where(root, -1, parent + first)
    if (depth != np.where(root, 0, depth[parent] + 1)).any() or (depth > MAX_DEPTH).any():
        raise RunFileError("a node's depth is not one more than its parent's")
    jumps = depth[1:] > depth[:-1] + 1
    for level in range(1, int(depth.max(initial=0)) + 1):  # in path order it hangs on the last one above
        above, below = np.flatnonzero(depth == level - 1), np.flatnonzero(depth == level)
        if jumps.any() or (above[np.searchsorted(above, below) - 1] != parent[below]).any():
            raise RunFileError("the nodes of a tree do not stand in path order")
    return parent


def _check_numbers(ints: Mapping[str, Ints], floats: Mapping[str, Floats], codes: Ints) -> None:
    """Raises: RunFileError, if a number is none that a node can have."""
    if ((codes < 0) | (codes >= len(STATUSES))).any():
        raise RunFileError("a node has an unknown status")
    if (ints["spawn_index"] < 0).any():
        raise RunFileError("a node has no place among its siblings")
    if (ints["tokens_out"] < 0).any():
        raise RunFileError("a node wrote fewer than no tokens")
    if ((floats["success"] < 0) | (floats["success"] > 1)).any():
        raise RunFileError("a node's success lies outside [0, 1]")
    if any((np.abs(column) > SECONDS.high).any() for column in floats.values()):
        raise RunFileError("a node has an infinite time or share")
    for name, column in ints.items():
        range_ = ID if name in ("goal", "reason") else COUNT
        if len(column) and not range_.low - 1 <= column.min() <= column.max() <= range_.high:
            raise RunFileError(f"the {name} of a node is no {range_}")


def _paths(parent: Ints) -> list[str]:
    """N paths: a child's last number counts the siblings above it, as in every sound tree."""
    paths: list[str] = []
    children = [0] * len(parent)
    for above in parent.tolist():
        if above < 0:
            paths.append("0")
        else:
            paths.append(f"{paths[above]}.{children[above]}")
            children[above] += 1
    return paths
