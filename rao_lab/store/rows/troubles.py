"""Nodes of a step that were refused something or have no success, without reading their trees."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rao_lab.credit import signal
from rao_lab.store.cells import cells, names
from rao_lab.store.columns.bytes import Allowance
from rao_lab.store.rows.decode import calls_of, counts_of
from rao_lab.store.rows.texts import Texts
from rao_lab.tree import Call, Node, Status

MOST_TOLD = 3
"""Messages of a node that are kept."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A node that was refused something, or has no success."""

    tree_id: int
    path: str
    refusals: dict[str, int]
    told: tuple[str, ...]
    """What it was told when it was refused, each once; a few."""
    scored: bool
    why: str
    """Why it has no success, as far as that is known; empty if it has one."""


def told_by(calls: Iterable[Call]) -> tuple[str, ...]:
    """What the refused calls among these were told."""
    return tuple(dict.fromkeys(call.error for call in calls if call.error and call.child is None))[:MOST_TOLD]


def trouble_of(tree_id: int, node: Node) -> Trouble | None:
    """Of a node that is at hand; None if there is none."""
    scored = signal(node.status, node.success) is not None
    if scored and not node.refusals:
        return None
    told = told_by(call for turn in node.turns for call in turn.calls) if node.refusals else ()
    return Trouble(
        tree_id, node.path, dict(node.refusals), told, scored, _why(scored, node.status.value, node.reason)
    )


def _why(scored: bool, status: str, reason: str) -> str:
    return "" if scored else reason or ("an error" if status == Status.ERROR else "nobody scored it")


_NODE = "place, path, status, reason, success, refusals"
_TROUBLED = "(refusals IS NOT NULL OR status = 'error' OR (status = 'finished' AND success IS NULL))"


def step_troubles(connection: sqlite3.Connection, trees: Sequence[int], most: int) -> list[Trouble]:
    """Those of finished trees, in their order, at most `most`.

    Raises:
        RunFileError: a row is damaged.
    """
    texts = Texts(connection, Allowance.of(connection))
    found: list[Trouble] = []
    for tree in trees:
        if len(found) >= most:
            break
        query = f"SELECT {_NODE} FROM nodes WHERE tree = ? AND {_TROUBLED} ORDER BY place LIMIT ?"
        rows = cells("nodes", names(_NODE), connection.execute(query, (tree, most - len(found))))
        texts.want(each for row in rows for each in (row[3], row[5]))
        refused = [row[0] for row in rows if row[5] is not None]
        told = _told(connection, texts, tree, refused)
        for place, path, status, reason, success, refusals in rows:
            scored = signal(status, success) is not None
            counts = counts_of(texts.plain(refusals, {}), "the refusals of a node")
            if counts or not scored:
                why = _why(scored, status, texts.text(reason))
                found.append(Trouble(tree, path, counts, told.get(place, ()), scored, why))
    return found


def _told(
    connection: sqlite3.Connection, texts: Texts, tree: int, places: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """What the nodes at these places were told, by place."""
    query = "SELECT place, calls FROM turns WHERE tree = ? AND calls IS NOT NULL ORDER BY place, turn"
    wanted = set(places)
    rows = [
        row
        for row in cells("turns", ("place", "calls"), connection.execute(query, (tree,)))
        if row[0] in wanted
    ]
    texts.want(calls for _, calls in rows)
    calls: dict[int, list[Call]] = {}
    for place, text in rows:
        calls.setdefault(place, []).extend(calls_of(texts.source(text)))
    return {place: told_by(each) for place, each in calls.items()}
