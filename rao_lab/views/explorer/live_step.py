"""One step that grows: events become rows as somebody looks; when it ends, its table takes their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rao_lab.errors import MissingError, RecordError
from rao_lab.evaluation.forks import Forks
from rao_lab.tree import ROOT, Event, Finished, Node, Spawned, Tree, TreeHeader
from rao_lab.tree.fold import Fold
from rao_lab.views.explorer.forks import with_forks
from rao_lab.views.explorer.node_text import clean
from rao_lab.views.explorer.rows import Row, columns_of, node_row
from rao_lab.views.explorer.table import STRUCTURE, WORD_LIMIT, StepTable, TreeRow, Words, group_row


@dataclass
class LiveTree:
    """One tree of the step, and what knows its nodes."""

    group: int
    header: TreeHeader
    nodes: Fold | Tree
    ended: float | None = None
    note: str = ""

    def row(self, place: int) -> TreeRow:
        return TreeRow(place, self.group, self.header.rollout, self.ended, self.note)


class LiveStep:
    """One step: what is known of it, and what of that the other side has not seen.

    Events are counted as they come and folded when somebody looks: a step that nobody watches costs next
    to nothing. Rows are only ever added, so that the number of a row names its node for good.

    Args:
        step: its number.
        table: of a step that has ended.
    """

    def __init__(self, step: int, table: StepTable | None = None) -> None:
        self.step = step
        self.table = table
        """Of a step that has ended; None while it grows."""
        self.seq = 0
        self.alive = 0
        """Nodes that are computing or waiting."""
        self.nodes = 0 if table is None else len(table)
        self._done = {False: 0, True: 0}
        self._pending: list[tuple[TreeHeader, Event]] = []
        self._groups: dict[tuple[bool, int], int] = {}
        self._group_rows: list[dict[str, Any]] = []
        self._places: dict[tuple[bool, int, int], int] = {}
        self._trees: list[LiveTree] = []
        self._rows: list[tuple[int, str]] = []
        self._row_of: dict[tuple[int, str], int] = {}
        self._words = Words()
        self._lost: set[int] = set()
        self._new_rows: set[int] = set()
        self._new_groups: set[int] = set()
        self._new_trees: set[int] = set()
        self._told_words = 0

    def trees_done(self, probe: bool) -> int:
        return self._done[probe]

    def event(self, header: TreeHeader, event: Event) -> None:
        """One event of a tree."""
        if isinstance(event, Spawned):
            self.alive += 1
            self.nodes += 1
        elif isinstance(event, Finished):
            self.alive = max(0, self.alive - 1)
            self._done[header.probe] += event.node == ROOT
        self._pending.append((header, event))

    def tree(self, tree: Tree) -> None:
        """A tree that has ended, in place of its events."""
        self._fold_all()
        place = self._place(tree.header)
        known = self._trees[place]
        if isinstance(known.nodes, Fold):
            here = [known.nodes.node(path) for at, path in self._rows if at == place]
            self.alive = max(0, self.alive - sum(not node.status.ended for node in here))
            self._done[tree.header.probe] += known.ended is None
        known.nodes, known.ended, known.note = tree, tree.ended, clean(tree.not_reproducible)[:WORD_LIMIT]
        for node in tree.nodes:
            self._new_rows.add(self._row(place, node.path))
        self._new_trees.add(place)
        self.nodes = len(self._rows)

    def end(self, table: StepTable) -> None:
        """The step is whole. Groups, trees, rows and words that the other side knows keep their numbers."""
        if self._rows:
            self._fold_all()
        self.table = self._as_known(table) if self._rows else table
        self._pending = []
        self.alive, self.nodes = 0, len(table)

    def add_forks(self, found: Forks) -> LiveStep:
        """The table of a step that has ended gets what was made of one of its trees."""
        if self.table is not None:
            self.table = with_forks(self.table, [found])
            self.nodes = len(self.table)
            self.seq += 1
        return self

    def _as_known(self, table: StepTable) -> StepTable:
        keys = [(group["probe"], label) for group, label in zip(table.groups, table.labels, strict=True)]
        group_of = {key: place for place, key in enumerate(keys)}
        tree_of = {(*keys[tree.group], tree.rollout): place for place, tree in enumerate(table.trees)}
        order = _known_first(self._places, tree_of)
        place_of = {tree_of[key]: mine for key, mine in self._places.items() if key in tree_of}
        theirs = (place_of.get(place, -1) for place in table.columns["tree"].tolist())
        row_of = {key: row for row, key in enumerate(zip(theirs, table.path, strict=True))}
        rows = _known_first(self._row_of, row_of)
        arranged = table.arranged(_known_first(self._groups, group_of), order, np.array(rows, np.int64))
        words = np.array([*map(self._words, table.words), -1], "<i4")  # -1, "no word", is its own place
        columns = {name: words[arranged.columns[name]] for name in ("goal", "reason")}
        return replace(arranged, columns={**arranged.columns, **columns}, words=self._words.known)

    def node(self, tree: int, path: str) -> Node:
        """One node, as far as it is known.

        Raises:
            MissingError: there is none.
            RunFileError: it cannot be read.
        """
        if self.table is not None:
            return self.table.node(tree, path)
        self._fold_all()
        if (tree, path) not in self._row_of:
            raise MissingError(f"no node {path!r:.40} in tree {tree} of step {self.step}")
        return self._trees[tree].nodes.node(path)

    def so_far(self, place: int) -> Tree:
        """A tree whole, of one that runs as far as it is; raises as `node` does."""
        if self.table is not None:
            return self.table.tree(place)
        self._fold_all()
        if not 0 <= place < len(self._trees):
            raise MissingError(f"step {self.step} has no tree {place}: it has {len(self._trees)}")
        nodes = self._trees[place].nodes
        return nodes.tree() if isinstance(nodes, Fold) else nodes

    def snapshot(self) -> tuple[dict[str, Any], list[bytes]]:
        """Everything; nothing is left to tell after it."""
        table = self.whole()
        self._forget()
        return table.snapshot(self.seq)

    def whole(self) -> StepTable:
        """The table, of a step that grows as far as it is."""
        if self.table is not None:
            return self.table
        self._fold_all()
        return StepTable(
            self.step,
            self._group_rows,
            [label for _, label in self._groups],
            [tree.row(place) for place, tree in enumerate(self._trees)],
            [path for _, path in self._rows],
            columns_of([self._values(row) for row in range(len(self._rows))]),
            self._words.known,
            state="credit_coming" if self._rows else "begun",
        )

    def delta(self) -> dict[str, Any] | None:
        """What changed since the last snapshot or delta, each node once; None if nothing did.

        Numbers that do not exist are null.
        """
        self._fold_all()
        if self.table is not None or not (self._new_rows or self._new_groups or self._new_trees):
            return None
        self.seq += 1
        rows = [[row, *map(_json_number, self._values(row))] for row in sorted(self._new_rows)]
        found = {
            "type": "delta",
            "seq": self.seq,
            "step": self.step,
            "fields": [*STRUCTURE],
            "rows": rows,
            "words": self._words.known[self._told_words :],
            "groups": [[group, self._group_rows[group]] for group in sorted(self._new_groups)],
            "trees": [[place, self._trees[place].row(place).to_json()] for place in sorted(self._new_trees)],
        }
        self._forget()
        return found

    def _forget(self) -> None:
        self._new_rows, self._new_groups, self._new_trees = set(), set(), set()
        self._told_words = len(self._words.known)

    def _values(self, row: int) -> Row:
        place, path = self._rows[row]
        node = self._trees[place].nodes.node(path)
        parent = -1 if node.parent is None else self._row_of[place, node.parent]
        return node_row(node, place, parent, self._words)

    def _fold_all(self) -> None:
        pending, self._pending = self._pending, []
        for header, event in pending:
            self._fold(header, event)

    def _fold(self, header: TreeHeader, event: Event) -> None:
        """Trees whose beginning was missed wait until they arrive whole."""
        place = self._place(header)
        tree = self._trees[place]
        if place in self._lost or not isinstance(tree.nodes, Fold):
            return
        try:
            node = tree.nodes.add(event)
        except RecordError:
            self._lost.add(place)
            return
        self._new_rows.add(self._row(place, node.path))
        if isinstance(event, Finished) and node.path == ROOT:
            tree.ended = event.time
            self._new_trees.add(place)
        if isinstance(event, Spawned | Finished) and node.parent is not None:
            self._new_rows.add(self._row_of[place, node.parent])

    def _row(self, place: int, path: str) -> int:
        row = self._row_of.setdefault((place, path), len(self._rows))
        if row == len(self._rows):
            self._rows.append((place, path))
        return row

    def _place(self, header: TreeHeader) -> int:
        key = (header.probe, header.group, header.rollout)
        place = self._places.get(key)
        if place is None:
            group = self._groups.get(key[:2])
            if group is None:
                group = self._groups[key[:2]] = len(self._group_rows)
                task = header.task
                self._group_rows.append(group_row(task.id, task.goal, task.difficulty, header.probe))
                self._new_groups.add(group)
            place = self._places[key] = len(self._trees)
            self._trees.append(LiveTree(group, header, Fold(header)))
            self._new_trees.add(place)
        return place


def _known_first(known: Iterable[Any], there: dict[Any, int]) -> list[int]:
    """The places of what is there: first that which was known, in the order in which it was known."""
    first = [there[key] for key in known if key in there]
    return first + sorted(set(there.values()) - set(first))


def _json_number(value: float | int | None) -> float | int | None:
    """NaN and infinity are not JSON."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
