"""The attributions of a step as bytes.

They are kept bit for bit as the trainer multiplied by them, so that a view never recomputes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.base.safe_text import quoted
from rao_lab.credit import WHY_NOT, Attributions, CreditConfig, NodeTable
from rao_lab.credit.moving import means_from_json, means_to_json
from rao_lab.errors import RaoLabError, RunFileError
from rao_lab.store.columns.bytes import MAX_BODY, from_planes, to_planes
from rao_lab.tree.ranges import COUNT, METRIC
from rao_lab.tree.values import loads

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
_DRIFT = "<f2"
"""The last column, which older files lack and older readers pass over: see `Attributions.drift`."""
_LENGTHS = re.compile(rb'\{"lengths":(\{[^{}]{1,2000}\}),')
"""The beginning of attributions."""
_FIRST = (("group", 0), ("tree", 4))
"""The first columns, and the bytes of a node that stand before each."""
_HEAD = 2**11
_A_NODE = 40
"""Bytes of a node up to the end of these columns, if its path is no longer than most."""


def attributions_to_bytes(attributions: Attributions) -> bytes:
    """One line of JSON (lengths, paths, statuses), then each column, bytes of equal weight together."""
    table = attributions.table
    arrays = {name: getattr(table, name) for name in _TABLE}
    arrays |= {name: getattr(attributions, name) for name in _CREDIT}
    if attributions.drift is not None:
        arrays["drift"] = attributions.drift
    head: dict[str, Any] = {
        "lengths": {name: len(array) for name, array in arrays.items()},
        "path": list(table.path),
        "status": list(table.status),
    }
    kinds = {**_TABLE, **_CREDIT, "drift": _DRIFT}
    if attributions.moving is not None:
        head["moving"] = means_to_json(attributions.moving)
    columns = [to_planes(np.asarray(array, kinds[name])) for name, array in arrays.items()]
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(columns)


def attributions_from_bytes(raw: bytes, config: Mapping[str, Any]) -> Attributions:
    """The inverse.

    Raises:
        RunFileError: cut off, or columns that are no table of nodes.
    """
    line, _, rest = raw.partition(b"\n")
    try:
        head = loads(line)
        path, status, lengths = head["path"], head["status"], head["lengths"]
        arrays: dict[str, Any] = {}
        start = 0
        for name, kind in (_TABLE | _CREDIT).items():
            length = lengths[name]
            if name != "depth_counts" and length != len(path):
                raise RunFileError(f"the attributions have {quoted(length)} {name} for {len(path)} nodes")
            column = from_planes(rest, kind, length, start)
            arrays[name] = column.astype(column.dtype.newbyteorder("="))
            start += length * np.dtype(kind).itemsize
        if not all(isinstance(word, str) for word in (*path, *status)):
            raise RunFileError("the attributions hold a path or status that is no text")
        _check_ranges({name: arrays[name] for name in ("s", "tokens")})
        table = NodeTable(path=path, status=status, **{name: arrays.pop(name) for name in _TABLE})
        table.check()
        _check_ranges(arrays)
        if len(path) and not 0 <= arrays["why_code"].min() <= arrays["why_code"].max() < len(WHY_NOT):
            raise RunFileError("the attributions hold an unknown reason")
        drift = _drift(rest, start, lengths["drift"]) if "drift" in lengths else None
        moving, rule = means_from_json(head.get("moving")), CreditConfig.from_dict(config)
        return _agreeing(Attributions(table, rule, **arrays, drift=drift, moving=moving))
    except RunFileError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError, RaoLabError) as error:
        raise RunFileError(f"the attributions contradict themselves ({error})") from None


def _drift(rest: bytes, start: int, length: int) -> NDArray[np.float16]:
    column = from_planes(rest, _DRIFT, length, start)
    if np.isinf(column).any():
        raise RunFileError("the drift of an attribution is infinite")
    return column.astype(np.float16)


def _agreeing(found: Attributions) -> Attributions:
    """Raises: RunFileError, if the drift is not of the tokens of its trained nodes."""
    if found.drift is not None:
        tokens = sum(found.table.tokens[found.trained].tolist())
        if len(found.drift) != tokens:
            raise RunFileError(
                f"the attributions have the drift of {len(found.drift):,} tokens for {tokens:,}"
            )
    return found


def nodes_of_trees(beginning: Callable[[int], bytes]) -> dict[int, list[int]]:
    """How many nodes each tree has that the attributions are of, in order, by group.

    Args:
        beginning: so many bytes of the attributions, or all if there are fewer. The two columns that say it are the
            first ones, so little has to be unpacked.

    Raises:
        RunFileError: cut off, or no attributions.
    """
    try:
        found = _LENGTHS.match(beginning(_HEAD))
        nodes: Any = loads(found[1])["group"] if found else None
        if not COUNT.holds(nodes):
            raise RunFileError(f"the attributions are of {quoted(nodes)} nodes")
        most = _HEAD + _A_NODE * nodes
        raw = beginning(most)
        start = raw.find(b"\n") + 1
        if len(raw) == most and not (start and len(raw) >= start + 8 * nodes):
            raw = beginning(MAX_BODY)
            start = raw.find(b"\n") + 1
        group, tree = (from_planes(raw, _TABLE[name], nodes, start + skip * nodes) for name, skip in _FIRST)
    except (KeyError, TypeError, RaoLabError) as error:
        raise RunFileError(f"the attributions contradict themselves ({error})") from None
    both = (group.astype(np.int64) << 32) + tree
    starts = np.flatnonzero(np.concatenate([[True], both[1:] != both[:-1]])[:nodes])
    sizes: dict[int, list[int]] = {}
    for index, count in zip(group[starts].tolist(), np.diff([*starts, nodes]).tolist(), strict=True):
        sizes.setdefault(index, []).append(count)
    return sizes


def _check_ranges(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raises: RunFileError, if a number is none that credit has; NaN is one."""
    for name, column in arrays.items():
        range_ = METRIC if column.dtype.kind == "f" else COUNT
        if ((column < range_.low) | (column > range_.high)).any():
            raise RunFileError(f"the {name} of an attribution is no {range_}")
