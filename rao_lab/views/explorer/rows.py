"""Nodes at hand as rows: how a record becomes numbers, while its tree grows and afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rao_lab.credit import signal
from rao_lab.tree import Node, Status
from rao_lab.views.explorer.table import STRUCTURE, Column, Words, structure

STATUS_CODE = {status.value: code for code, status in enumerate(Status)}
Row = list[float | int | None]
"""One node in the order of `STRUCTURE`; None if there is no such number."""


def node_row(node: Node, tree: int, parent: int, words: Words) -> Row:
    """A node as numbers.

    Args:
        tree: place of its tree among those of its step.
        parent: row of its parent; -1 for a root.
        words: takes its goal and its reason.
    """
    return [
        tree,
        parent,
        node.depth,
        node.spawn_index,
        node.parent_turn or 0,
        node.launch_batch,
        int(node.together),
        STATUS_CODE[node.status.value],
        len(node.turns),
        node.tokens_in,
        node.tokens_out,
        node.peak_context,
        node.window,
        words(node.goal),
        words(node.reason),
        signal(node.status.value, node.success),
        node.started,
        node.ended,
    ]


def columns_of(rows: Sequence[Row]) -> dict[str, Column]:
    """The columns `[N]` of N rows."""
    columns: Sequence[Any] = [*zip(*rows, strict=True)] or [()] * len(STRUCTURE)
    numbers = {
        name: [np.nan if number is None else number for number in column] if kind == "f8" else column
        for (name, kind), column in zip(STRUCTURE.items(), columns, strict=True)
    }
    return structure(numbers)
