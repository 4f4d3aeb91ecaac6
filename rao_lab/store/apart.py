"""A run file keeps how a node ended twice, in its row and in the columns of its tree: where these two differ."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from rao_lab.store.cells import cells
from rao_lab.store.reader import Run

Ended = tuple[str, str, float | None]
"""Path, status and success of a node."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A node whose row says another thing than the columns of its tree."""

    group: int
    tree: int
    """Its place in its group."""
    path: str
    row: str
    columns: str


def apart(run: Run, step: int) -> list[Apart]:
    """The nodes of a step's finished trees of which row and columns say another status, success or path.

    Raises:
        MissingError: there is no such step.
        RunFileError: a row is damaged.
    """
    nodes = run.node_table(step, partial=True)
    success = [None if s != s else s for s in nodes.success.tolist()]
    known: Iterator[Ended] = zip(nodes.path, nodes.status, success, strict=True)
    places = zip(nodes.tree_id.tolist(), nodes.group.tolist(), nodes.place.tolist(), known, strict=True)
    found, rows = [], {}
    with run._file.reading() as connection:
        for tree, group, place, here in places:
            if tree not in rows:
                rows[tree] = _rows(connection, tree)
            row = next(rows[tree], None)
            if row != here:
                found.append(Apart(group, place, here[0], _said(row), _said(here)))
    return found


def _rows(connection: sqlite3.Connection, tree: int) -> Iterator[Ended]:
    query = "SELECT path, status, success FROM nodes WHERE tree = ? ORDER BY place"
    return iter(cells("nodes", ("path", "status", "success"), connection.execute(query, (tree,))))


def _said(ended: Ended | None) -> str:
    if ended is None:
        return "nothing"
    _, status, success = ended
    return f"{status.replace('_', ' ')}, success {'not known' if success is None else f'{success:g}'}"
