"""What a step lacks: its trees are held against each other, against the recorded credit, and against what a salvage
lost of it.

A step that was cut off has no credit, and fewer trees than it was to have: nothing is missing from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict

from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.errors import RaoLabError, RunFileError
from rao_lab.store.columns.bytes import Allowance, unpack
from rao_lab.store.columns.credit import nodes_of_trees
from rao_lab.store.rows.summaries import meta_value, state_of
from rao_lab.tree.ranges import COUNT
from rao_lab.tree.values import loads

_LOST = "lost"
"""Of meta: how many trees of each step a salvage lost, as JSON."""


class Lacks:
    """What each step lacks. It is looked for once, and again when the file was written on."""

    def __init__(self) -> None:
        self._state: object = None
        self._known: dict[int, str] = {}

    def of(self, connection: sqlite3.Connection, step: int) -> str:
        """A few words; empty if it lacks nothing."""
        state = state_of(connection)
        if self._state != state:
            self._state, self._known = state, {}
        if step not in self._known:
            self._known[step] = missing(connection, step)
        return self._known[step]


def missing(connection: sqlite3.Connection, step: int) -> str:
    """What a step lacks, in a few words; empty if nothing."""
    wrong = misplaced(connection, step)
    if wrong:
        return next(iter(wrong.values()))
    present: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    rows = connection.execute(
        "SELECT grp, id, rollout, nodes FROM trees WHERE step = ? AND probe = 0 AND done = 1"
        " AND origin IS NULL AND nodes <> 0 ORDER BY grp, rollout",
        (step,),
    )
    for group, *tree in rows:
        present[group].append(tuple(tree))
    credited = _credited(connection, step)
    for group, sizes in credited.items():
        trees = present[group]
        if len(trees) != len(sizes):
            return _not_as_many(group, [rollout for _, rollout, _ in trees], len(sizes))
        for (tree_id, _, nodes), size in zip(trees, sizes, strict=True):
            if nodes != size:
                return f"tree {tree_id} has {quoted(nodes)} nodes, and its credit is of {size}"
    count = 0 if credited else lost(connection).get(step, 0)
    return f"{counted(count, 'tree')} could not be read when the file was salvaged" if count else ""


def _not_as_many(group: int, rollouts: list[int], due: int) -> str:
    gone = sorted(set(range(due)) - set(rollouts))
    if len(gone) + len(rollouts) != due:  # not all of them are among those that are due
        return f"group {group} has {counted(len(rollouts), 'tree')}, and its credit is of {due}"
    named = ", ".join(f"{group}.{rollout}" for rollout in gone[:5]) + (" ..." if len(gone) > 5 else "")
    return f"group {group} lacks {len(gone)} of the {counted(due, 'tree')} that its credit is of ({named})"


def misplaced(connection: sqlite3.Connection, step: int | None = None) -> dict[int, str]:
    """Trees of a step, or of all, whose row says neither that they run nor that they ended, or lies in no step: what
    is wrong, by id."""
    rows = connection.execute(
        "SELECT id, step, done, nodes, origin, step IN (SELECT step FROM steps) FROM trees WHERE"
        " ((done IS NOT 0 OR nodes NOT NULL) AND (done IS NOT 1 OR nodes IS NULL)"
        " OR origin NOT NULL AND origin NOT IN (SELECT id FROM texts)"
        " OR step IS NULL OR step NOT IN (SELECT step FROM steps))"
        f" {'' if step is None else 'AND step = ?'} ORDER BY id",
        () if step is None else (step,),
    )
    found = {}
    for tree_id, where, done, nodes, origin, known in rows:
        if not known:
            why = "the run has no such step"
        elif done not in (0, 1):
            why = f"its done is {quoted(done)}: 0 or 1 is due"
        elif (done == 0) != (nodes is None):
            why = f"its done is {done}, and its nodes are {quoted(nodes)}"
        else:
            why = f"it is a fork of {quoted(origin)}, which is no text"
        found[tree_id] = f"tree {tree_id} of step {quoted(where)} cannot be read ({why})"
    return found


def lost(connection: sqlite3.Connection) -> dict[int, int]:
    """How many trees of each step a salvage lost."""
    said = meta_value(connection, _LOST)
    try:
        found = loads(said) if isinstance(said, str) else {}
        return {int(step): count for step, count in dict(found).items() if COUNT.holds(count)}
    except (RaoLabError, TypeError, ValueError):  # whatever a forger wrote: nobody is told of a loss
        return {}


def note_lost(connection: sqlite3.Connection, trees: dict[int, int]) -> None:
    """Writes down what `lost` gives."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_LOST, json.dumps(trees)))


def _credited(connection: sqlite3.Connection, step: int) -> dict[int, list[int]]:
    """The nodes of each tree that the step's credit is of, by group; none if it has no credit that can be read."""
    row = connection.execute(
        "SELECT size, body FROM attributions WHERE step = ? ORDER BY used DESC, rowid LIMIT 1", (step,)
    ).fetchone()
    if row is None:
        return {}
    allowance = Allowance.of(connection)
    try:
        return nodes_of_trees(
            lambda most: unpack(row[0], row[1], allowance, f"the credit of step {step}", most)
        )
    except RunFileError:  # who asks for the credit is told
        return {}
