"""Columns: the attributions of a step as bytes, and its nodes as arrays without their texts.

Attributions are kept bit for bit as the trainer multiplied by them, so that a view never recomputes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.attribution import WHY_NOT, Attributions, CreditConfig
from rao_lab.errors import RaoLabError, RunFileError
from rao_lab.nodetable import NodeTable, signal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_TABLE = {"group": "<i4", "tree": "<i4", "parent": "<i4", "depth": "<i4", "s": "<f8", "tokens": "<i8"}
_CREDIT = {
    "scored_children": "<i8",
    "child_mean": "<f8",
    "child_min": "<f8",
    "bonus": "<f8",
    "R": "<f8",
    "b": "<f8",
    "A": "<f8",
    "w": "<f8",
    "c": "<f8",
    "share": "<f8",
    "why_code": "<i1",
    "depth_counts": "<i8",
}


def attributions_to_bytes(attributions: Attributions) -> bytes:
    """One line of JSON (lengths, paths, statuses), then each column, bytes of equal weight together."""
    table = attributions.table
    arrays = {name: getattr(table, name) for name in _TABLE}
    arrays |= {name: getattr(attributions, name) for name in _CREDIT}
    head = {
        "lengths": {name: len(array) for name, array in arrays.items()},
        "path": list(table.path),
        "status": list(table.status),
    }
    kinds = _TABLE | _CREDIT
    columns = [_planes(np.asarray(array, kinds[name])) for name, array in arrays.items()]
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(columns)


def attributions_from_bytes(raw: bytes, config: Mapping[str, Any]) -> Attributions:
    """The inverse.

    Raises:
        RunFileError: cut off, or columns that are no table of nodes.
    """
    line, _, rest = raw.partition(b"\n")
    try:
        head = json.loads(line)
        path, status, lengths = head["path"], head["status"], head["lengths"]
        arrays: dict[str, NDArray[Any]] = {}
        start = 0
        for name, kind in (_TABLE | _CREDIT).items():
            length = lengths[name]
            if name != "depth_counts" and length != len(path):
                raise RunFileError(f"the attributions have {length!r} {name} for {len(path)} nodes")
            arrays[name] = _unplanes(rest, start, length, kind)
            start += length * np.dtype(kind).itemsize
        if not all(isinstance(word, str) for word in (*path, *status)):
            raise RunFileError("the attributions hold a path or status that is no text")
        table = NodeTable(path=path, status=status, **{name: arrays.pop(name) for name in _TABLE})
        table.check()
        if len(path) and not 0 <= arrays["why_code"].min() <= arrays["why_code"].max() < len(WHY_NOT):
            raise RunFileError("the attributions hold an unknown reason")
        return Attributions(table, CreditConfig.from_dict(config), **arrays)
    except RunFileError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError, RaoLabError) as error:
        raise RunFileError(f"the attributions contradict themselves ({error})") from None


def _planes(column: NDArray[Any]) -> bytes:
    return column.view(np.uint8).reshape(-1, column.itemsize).T.tobytes()


def _unplanes(data: bytes, start: int, length: int, kind: str) -> NDArray[Any]:
    size = np.dtype(kind).itemsize
    planes = np.frombuffer(data, np.uint8, length * size, start).reshape(size, length).T
    column = np.ascontiguousarray(planes).view(kind).reshape(length)
    return column.astype(column.dtype.newbyteorder("="))


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
        """The rows that get credit, as `nodetable.tabulate` makes them from whole trees."""
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


_NODE_COLUMNS = (
    "t.id, t.grp, t.rollout, t.probe, n.parent, n.spawn_index, n.parent_turn, n.launch_batch, n.together,"
    " n.depth, n.goal, n.reason, n.success, n.fraction, n.started, n.ended, n.started_tick, n.ended_tick,"
    " n.window, n.turns, n.tokens_in, n.tokens_out, n.peak_context, n.compute, n.waiting, n.decode_steps,"
    " n.path, n.status, n.place"
)
_OPTIONAL = frozenset({"parent", "parent_turn", "ended_tick"})


def node_columns(connection: sqlite3.Connection, step: int) -> NodeColumns:
    """Reads the nodes of a step.

    Raises:
        RunFileError: values of another kind, or a parent that is not above its child.
    """
    rows = connection.execute(
        f"SELECT {_NODE_COLUMNS} FROM trees t JOIN nodes n ON n.tree = t.id"
        " WHERE t.step = ? AND t.done = 1 AND t.origin IS NULL"
        " ORDER BY t.probe, t.grp, t.rollout, n.place",
        (step,),
    ).fetchall()
    names = [*NodeColumns.__dataclass_fields__, "place"]
    values = dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
    place = _integers("place", values.pop("place"))
    kinds = {name: field.type for name, field in NodeColumns.__dataclass_fields__.items()}
    columns = {name: _column(name, str(kinds[name]), column) for name, column in values.items()}
    parent = columns["parent"]
    if ((parent >= place) | (parent < -1)).any() or (place[np.flatnonzero(parent == -1)] != 0).any():
        raise RunFileError("a node's parent does not stand above it")
    columns["parent"] = np.where(parent < 0, -1, np.arange(len(place)) - place + parent)
    return NodeColumns(**columns)


def _column(name: str, kind: str, values: Sequence[Any]) -> Any:
    if kind == "list[str]":
        if not all(isinstance(value, str) for value in values):
            raise RunFileError(f"a node's {name} is no text")
        return list(values)
    if kind == "Floats":
        try:
            return np.array(values, np.float64)  # None becomes NaN
        except (TypeError, ValueError):
            raise RunFileError(f"a node's {name} is no number") from None
    if name in _OPTIONAL:
        values = [-1 if value is None else value for value in values]
    integers = _integers(name, values)
    return integers.astype(bool) if kind == "Flags" else integers


def _integers(name: str, values: Sequence[Any]) -> Ints:
    column = np.array(values) if len(values) else np.zeros(0, np.int64)
    if column.dtype.kind != "i" or column.ndim != 1:
        raise RunFileError(f"a node's {name} is no whole number")
    return column.astype(np.int64)
