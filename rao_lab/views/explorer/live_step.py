"""One step that grows: events become rows as somebody looks, finished steps take their recorded credit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rao_lab.credit import Attributions
from rao_lab.errors import RecordError
from rao_lab.tree import ROOT, Event, Finished, Group, Spawned, Tree, TreeHeader
from rao_lab.tree.fold import Fold
from rao_lab.views.explorer.table import StepTable, delta


class StepNews(Protocol):
    """A finished step: `rao_lab.training.metrics.TrainStep`, or what a run file has of it."""

    @property
    def step(self) -> int: ...
    @property
    def groups(self) -> Sequence[Group]: ...
    @property
    def probes(self) -> Sequence[Group]: ...
    @property
    def attributions(self) -> Attributions | None: ...


class LiveStep:
    """One step that grows: its table, and what the other side has not seen of it.

    Events are counted as they come and folded when somebody looks: a step that nobody watches costs next
    to nothing.
    """

    def __init__(self, step: int) -> None:
        self._known = StepTable(step)
        self.seq = 0
        self.whole = False
        self.alive = 0
        """Nodes that are computing or waiting."""
        self.nodes = 0
        self._done = {False: 0, True: 0}
        self._pending: list[tuple[TreeHeader, Event]] = []
        self._groups: dict[tuple[bool, int], int] = {}
        self._slots: dict[tuple[bool, int, int], int] = {}
        self._rows: set[int] = set()
        self._new_groups: set[int] = set()
        self._trees: set[int] = set()
        self._words = 0
        self._lost: set[int] = set()

    @classmethod
    def of(cls, news: StepNews) -> LiveStep:
        live = cls(news.step)
        live.end(news)
        return live

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

    @property
    def table(self) -> StepTable:
        """Everything that has been told, folded."""
        self._fold_all()
        return self._known

    def _fold_all(self) -> None:
        pending, self._pending = self._pending, []
        for header, event in pending:
            self._fold(header, event)

    def _fold(self, header: TreeHeader, event: Event) -> None:
        """Trees whose beginning was missed wait until they arrive whole."""
        place = self._slot(header)
        slot = self._known.slots[place]
        if place in self._lost or not isinstance(slot.nodes, Fold):
            return
        try:
            node = slot.nodes.add(event)
        except RecordError:
            self._lost.add(place)
            return
        if isinstance(event, Spawned):
            self._known.add_row(place, node.path)
        self._rows.add(self._known.row_of[place, node.path])
        if isinstance(event, Finished) and node.path == ROOT:
            slot.ended = event.time
            self._trees.add(place)
        if isinstance(event, Spawned | Finished) and node.parent is not None:
            self._rows.add(self._known.row_of[place, node.parent])

    def tree(self, tree: Tree) -> None:
        """A tree that has ended, in place of its events."""
        self._fold_all()
        place = self._slot(tree.header)
        slot = self._known.slots[place]
        known = [row for row, (at, _) in enumerate(self._known.rows) if at == place]
        if isinstance(slot.nodes, Fold):
            here = [slot.nodes.node(self._known.rows[row][1]) for row in known]
            self.alive = max(0, self.alive - sum(not node.status.ended for node in here))
            self._done[tree.header.probe] += slot.ended is None
        self._put(place, tree)
        self.nodes = len(self._known.rows)

    def _put(self, place: int, tree: Tree) -> None:
        slot = self._known.slots[place]
        slot.nodes, slot.ended, slot.note = tree, tree.ended, tree.not_reproducible[:200]
        for node in tree.nodes:
            row = self._known.row_of.get((place, node.path))
            self._rows.add(self._known.add_row(place, node.path) if row is None else row)
        self._trees.add(place)

    def end(self, news: StepNews) -> None:
        """The step is whole: its trees as recorded, with the trainer's own credit."""
        # Rows that the other side knows keep their numbers; what nobody saw needs no folding.
        if self._known.rows:
            self._fold_all()
        self._pending = []
        for group in (*news.groups, *news.probes):
            for tree in group.trees:
                self._put(self._slot(tree.header), tree)
        if news.attributions is not None:
            self._known.set_credit(news.attributions)
        self.alive, self.nodes = 0, len(self._known.rows)
        self.whole = True

    def snapshot(self) -> tuple[dict[str, Any], list[bytes]]:
        """Everything; nothing is left to tell after it."""
        self._fold_all()
        self._forget()
        if self._known.credit is not None and len(self._known.credit["why"]) != len(self._known.rows):
            self._known.credit = None  # trees came after the credit: it is computed anew when the step ends
        found = self._known.snapshot(self.seq)
        self._words = len(self._known.words)
        return found

    def delta(self) -> dict[str, Any] | None:
        """What changed since the last snapshot or delta, each node once; None where nothing did."""
        self._fold_all()
        if not (self._rows or self._new_groups or self._trees):
            return None
        self.seq += 1
        found = delta(
            self._known, self.seq, self._rows, self._words, sorted(self._new_groups), sorted(self._trees)
        )
        self._words = len(self._known.words)
        self._forget()
        return found

    def _forget(self) -> None:
        self._rows, self._new_groups, self._trees = set(), set(), set()

    def _slot(self, header: TreeHeader) -> int:
        key = (header.probe, header.group, header.rollout)
        place = self._slots.get(key)
        if place is None:
            group = self._groups.get(key[:2])
            if group is None:
                group = self._groups[key[:2]] = self._known.add_group(header, header.group)
                self._new_groups.add(group)
            self._known.add_tree(group, header, Fold(header))
            place = self._slots[key] = len(self._known.slots) - 1
            self._trees.add(place)
        return place
