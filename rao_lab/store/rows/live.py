"""What happens now: trees that still run, and what was committed since a follower last asked."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from rao_lab.errors import RaoLabError, RunFileError
from rao_lab.store.columns.bytes import Allowance, unpack
from rao_lab.store.rows.decode import HEADER_COLUMNS, header_from_row
from rao_lab.store.rows.summaries import last_commit, meta_number
from rao_lab.store.rows.texts import Texts
from rao_lab.tree import Event, Tree, TreeHeader, codec, validate
from rao_lab.tree.fold import fold
from rao_lab.tree.values import loads


@dataclass(frozen=True)
class Changes:
    """What the writer committed since a revision."""

    revision: int
    """Ask for what follows this one next."""
    rewound: bool
    """Rows were deleted (a resume): forget everything; the rest of this record is the whole run."""
    steps: tuple[int, ...]
    """Steps that began or ended."""
    trees: tuple[int, ...]
    """Ids of trees that ended."""
    events: Mapping[int, tuple[Event, ...]]
    """New events of trees that still run, by tree id."""
    headers: Mapping[int, TreeHeader]
    """Of these trees."""


def changes_since(connection: sqlite3.Connection, revision: int, replaced: bool) -> Changes:
    """What was committed after `revision`; from 0, or if the run was `replaced`, everything."""
    now = last_commit(connection)
    rewound = revision > 0 and (replaced or meta_number(connection, "rewound", 0) > revision)
    rewound = rewound or revision > now
    after = 0 if rewound else revision
    steps = connection.execute("SELECT step FROM steps WHERE rev > ? ORDER BY step", (after,)).fetchall()
    query = "SELECT id FROM trees WHERE rev > ? AND done = 1 ORDER BY id"
    ended = connection.execute(query, (after,)).fetchall()
    events = load_events(connection, after, Allowance.of(connection))
    headers = running_headers(connection, list(events))
    return Changes(
        now,
        rewound,
        tuple(step for (step,) in steps),
        tuple(tree_id for (tree_id,) in ended),
        {tree_id: tuple(each) for tree_id, each in events.items() if tree_id in headers},
        headers,
    )


def load_events(
    connection: sqlite3.Connection, after: int, allowance: Allowance, only: int | None = None
) -> dict[int, list[Event]]:
    """Events of running trees (or of one) written after a revision, by tree id, in order.

    Raises:
        RunFileError: one cannot be read.
    """
    events: dict[int, list[Event]] = defaultdict(list)
    # The plus signs make SQLite look new events up by their revision and sort those few.
    query = "SELECT tree, size, body FROM events WHERE rev > ? ORDER BY +tree, +seq"
    values = [after]
    if only is not None:
        query = "SELECT tree, size, body FROM events WHERE tree = ? AND +rev > ? ORDER BY seq"
        values = [only, after]
    for tree_id, size, body in connection.execute(query, values):
        raw = unpack(size, body, allowance, f"an event of tree {tree_id}")
        try:
            events[tree_id].append(codec.event_from_json(loads(raw)))
        except RaoLabError as error:
            raise RunFileError(f"an event of tree {tree_id} cannot be read ({error!s:.100})") from None
    return dict(events)


def running_headers(connection: sqlite3.Connection, ids: list[int]) -> dict[int, TreeHeader]:
    texts = Texts(connection, Allowance.of(connection))
    found = {}
    for tree_id in ids:
        query = f"SELECT {HEADER_COLUMNS} FROM trees WHERE id = ? AND done = 0"
        row = connection.execute(query, (tree_id,)).fetchone()
        if row is not None:
            found[tree_id] = header_from_row(texts, row)
    return found


def running_trees(connection: sqlite3.Connection, only: int | None = None) -> dict[int, Tree]:
    events = load_events(connection, -1, Allowance.of(connection), only)
    headers = running_headers(connection, list(events) if only is None else [only])
    try:
        trees = {tree_id: fold(headers[tree_id], events.get(tree_id, [])) for tree_id in headers}
        for tree in trees.values():
            validate(tree)
        return trees
    except RunFileError:
        raise
    except RaoLabError as error:
        raise RunFileError(f"the events of a running tree contradict each other ({error})") from None
