"""What happens now, on its way to the front end.

`Feed.event` is called from the thread that trains: it appends to a queue and costs a microsecond. One
thread of its own folds what came, and sends numbered deltas of the rows that changed at most ten times a
second. A front end that misses one asks for everything again.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from rao_lab.credit import Attributions
from rao_lab.errors import RecordError
from rao_lab.fold import Fold
from rao_lab.tree import Event, Finished, Scored, Spawned, Tree, TreeHeader
from rao_lab.widgets.wire import StepTable, delta

GAP_SECONDS = 0.1
BEAT_SECONDS = 3.0
"""A word to the front end at least so often, so that it knows that nothing was lost."""

Send = Callable[[dict[str, Any], list[bytes]], None]


class LiveStep:
    """The step that is being sampled, as far as it is. All use is under the feed's lock."""

    def __init__(self, step: int) -> None:
        self.table = StepTable(step)
        self.seq = 0
        self._trees: dict[tuple[bool, int, int], int] = {}
        self._groups: dict[tuple[bool, int], int] = {}
        self._folds: dict[int, Fold] = {}
        self._dirty: set[int] = set()
        self._dirty_trees: set[int] = set()
        self._dirty_groups: set[int] = set()
        self._words_sent = 0
        self.over = False
        """Its credit is known: nothing more is added."""
        self.broken = False
        """An event did not fit (the listener came in the middle of a tree): that tree is left out."""

    def add(self, header: TreeHeader, event: Event) -> None:
        key = header.probe, header.group, header.rollout
        tree = self._trees.get(key)
        if tree is None:
            if event.seq != 0:
                self.broken = True
                return
            tree = self._begin(key, header)
        fold = self._folds.get(tree)
        try:
            if fold is None or event.seq < fold.events:
                return  # the whole tree is here already
            node = fold.add(event)
        except RecordError:
            self.broken = True
            return
        row = self.table.row_of.get((tree, node.path))
        if row is None:
            row = self.table.add_row(tree, node.path)
        self._dirty.add(row)
        if node.parent is not None and isinstance(event, Spawned | Finished):
            self._dirty.add(self.table.row_of[tree, node.parent])
        if node.parent is None and isinstance(event, Finished | Scored):
            self.table.slots[tree].ended = node.ended
            self._dirty_trees.add(tree)

    def _begin(self, key: tuple[bool, int, int], header: TreeHeader) -> int:
        group = self._groups.get(key[:2])
        if group is None:
            label = -1 - header.group if header.probe else header.group
            group = self._groups[key[:2]] = self.table.add_group(header, label)
            self._dirty_groups.add(group)
        fold = Fold(header)
        self.table.add_tree(group, header, fold)
        tree = self._trees[key] = len(self.table.slots) - 1
        self._folds[tree] = fold
        self._dirty_trees.add(tree)
        return tree

    def put(self, tree: Tree) -> None:
        """A finished tree, whole: what was folded of it gives way."""
        header = tree.header
        key = header.probe, header.group, header.rollout
        place = self._trees.get(key)
        if place is None:
            place = self._begin(key, header)
        self._folds.pop(place, None)
        slot = self.table.slots[place]
        slot.nodes, slot.ended, slot.note = tree, tree.ended, tree.not_reproducible
        self._dirty_trees.add(place)
        for node in tree.nodes:
            row = self.table.row_of.get((place, node.path))
            self._dirty.add(self.table.add_row(place, node.path) if row is None else row)

    def finish(self, attributions: Attributions | None) -> bool:
        """The step is whole: its credit is known. False: trees are missing here."""
        if self.broken or any(slot.ended is None for slot in self.table.slots):
            return False
        if attributions is not None:
            if sum(
                not self.table.groups[self.table.slots[tree].group]["probe"] for tree, _ in self.table.rows
            ) != len(attributions):
                return False
            self.table.set_credit(attributions)
        self.seq += 1
        return True

    def take_delta(self) -> dict[str, Any] | None:
        """What changed since the last one, or None."""
        if not (self._dirty or self._dirty_trees or self._dirty_groups):
            return None
        self.seq += 1
        found = delta(
            self.table,
            self.seq,
            self._dirty,
            self._words_sent,
            sorted(self._dirty_groups),
            sorted(self._dirty_trees),
        )
        self._words_sent = len(self.table.words)
        self._dirty, self._dirty_trees, self._dirty_groups = set(), set(), set()
        return found

    def snapshot(self) -> tuple[dict[str, Any], list[bytes]]:
        """Everything so far; deltas go on from here."""
        head, buffers = self.table.snapshot(self.seq)
        # Rows that changed since the last delta are in here as they are now; a delta with them again does
        # no harm, and its words follow those of this snapshot.
        self._words_sent = len(self.table.words)
        return {**head, "words": list(self.table.words)}, buffers


class Feed:
    """Queue, fold and sender thread. Knows its owner weakly: it ends when the widget is gone."""

    def __init__(self, owner: Any, after: int = -1) -> None:
        self._after = after
        self.lock = threading.RLock()
        self.live: LiveStep | None = None
        self._queue: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._closed = False
        self._owner = weakref.ref(owner)
        self._changed = False
        work = threading.Thread(target=_work, args=(weakref.ref(self), self._wake), name="rao-lab-feed")
        work.daemon = True
        work.start()

    def event(self, header: TreeHeader, event: Event) -> None:
        """Called from the training thread."""
        self._queue.append(partial(self._on_event, header, event))
        if not self._wake.is_set():
            self._wake.set()

    def tree(self, tree: Tree) -> None:
        """A tree that ended, whole."""
        self._queue.append(partial(self._on_tree, tree))
        self._wake.set()

    def finished(self, step: int, attributions: Attributions | None) -> None:
        """A step is whole."""
        self._queue.append(partial(self._on_finished, step, attributions))
        self._wake.set()

    def changed(self) -> None:
        """Something else is new: steps, phase, state."""
        self._changed = True
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    def flush(self) -> None:
        """Folds what came and sends it."""
        owner = self._owner()
        if owner is None or self._closed:
            return
        with self.lock:
            before = self.live
            while self._queue:
                self._queue.popleft()()
            live = self.live
            # Sent under the lock, so that a snapshot asked for meanwhile cannot overtake it.
            if live is not None and owner.watched(live.table.step):
                message = live.take_delta()
                if message is not None:
                    owner.send(message, [])
        if self._changed or before is not self.live:
            self._changed = False
            owner.refresh()

    def _at(self, step: int) -> LiveStep | None:
        """The step that is sampled now, begun if it is new; None for one that is over."""
        if step <= self._after:
            return None
        if self.live is None or step > self.live.table.step:
            self.live = LiveStep(step)
        return self.live if self.live.table.step == step and not self.live.over else None

    def _on_event(self, header: TreeHeader, event: Event) -> None:
        live = self._at(header.step)
        if live is not None:
            live.add(header, event)

    def _on_tree(self, tree: Tree) -> None:
        live = self._at(tree.header.step)
        if live is not None:
            live.put(tree)

    def _on_finished(self, step: int, attributions: Attributions | None) -> None:
        owner, live = self._owner(), self.live
        if owner is None:
            return
        if live is not None and live.table.step == step:
            live.over = True
            if live.finish(attributions):
                owner.keep(live.table)
            else:
                self.live = None
        owner.show_again(step, live.seq if self.live is live and live is not None else 0)

    def beat(self) -> None:
        owner = self._owner()
        if owner is None or self._closed:
            return
        with self.lock:
            live = self.live
            if live is not None:
                owner.send({"type": "beat", "step": live.table.step, "seq": live.seq}, [])
            else:
                owner.send({"type": "beat"}, [])

    @property
    def ended(self) -> bool:
        return self._closed or self._owner() is None


def _work(feed_ref: weakref.ref[Feed], wake: threading.Event) -> None:
    """The sender thread. It holds its feed only while it works, so that a dropped widget can go."""
    spoke = time.monotonic()
    while True:
        wake.wait(BEAT_SECONDS)
        wake.clear()
        feed = feed_ref()
        if feed is None or feed.ended:
            return
        began = time.monotonic()
        feed.flush()
        if time.monotonic() - spoke > BEAT_SECONDS:
            feed.beat()
            spoke = time.monotonic()
        del feed
        time.sleep(max(0.0, GAP_SECONDS - (time.monotonic() - began)))
