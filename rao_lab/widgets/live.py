"""A view of something that goes on: its news, through one queue and one thread, to the front end.

What happens in the training thread is put into a queue, which costs it a microsecond. One sender thread
takes everything out a few times a second, folds events into the tables that the front end holds too, and
sends what changed: one message a flush, numbered per step, so that the other side notices what it missed
and asks again. Requests of the front end go through the same queue, so that nothing but this thread
touches the tables, whatever thread a message arrives in.

Where the news come from is a `Source`: a session in this process or a run file that another process
writes (`rao_lab.widgets.watch`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from rao_lab.attribution import Attributions
from rao_lab.errors import RaoLabError, RecordError
from rao_lab.fold import Fold
from rao_lab.tree import ROOT, Event, Finished, Group, Spawned, Tree, TreeHeader
from rao_lab.widgets.curves import Curves, marks
from rao_lab.widgets.texts import Decoder, node_text
from rao_lab.widgets.wire import StepTable, delta

FLUSH_SECONDS = 0.2
"""Between two flushes of live data: the front end redraws five times a second."""
BEAT_SECONDS = 2.0
"""Silence after which a beat tells that this side lives, and which number was the last."""
KEPT = 3
"""Steps whose tables are kept; older ones are read again."""

News = tuple[str, Any]
"""What a source puts: ("event", (header, event)), ("tree", Tree), ("step", StepNews), ("state", None),
("phase", None), ("forget", None)."""


class StepNews(Protocol):
    """A finished step: `rao_lab.metrics.TrainStep`, or what a run file has of it."""

    @property
    def step(self) -> int: ...
    @property
    def groups(self) -> Sequence[Group]: ...
    @property
    def probes(self) -> Sequence[Group]: ...
    @property
    def attributions(self) -> Attributions | None: ...


class Source(Protocol):
    """Where news come from. All methods but `act` are called by the sender thread."""

    @property
    def poll_seconds(self) -> float | None:
        """How often `poll` is to be called; None = news come by themselves."""
        ...

    def open(self, put: Callable[[str, Any], None]) -> None:
        """Begins to put news, first those of the step under way."""
        ...

    def poll(self) -> Iterable[News]:
        """What is new since the last call.

        Raises:
            RaoLabError: the source cannot be read now.
        """
        ...

    def load(self, step: int) -> StepNews:
        """A finished step whole.

        Raises:
            RaoLabError: there is no such step, or it cannot be read.
        """
        ...

    def metrics(self) -> Iterable[Mapping[str, Any]]:
        """Of all steps that have ended, each with its "step"."""
        ...

    def status(self) -> dict[str, Any]:
        """What the board says: state, step, total, actions, seconds (see `board.js`)."""
        ...

    def act(self, action: str) -> None:
        """Pause, resume, step or stop; returns at once. Called from any thread."""
        ...

    def close(self) -> None: ...


class Outlet(Protocol):
    """The widget, as far as this thread uses it."""

    def send(self, content: Any, buffers: Any = None) -> None: ...
    def show(self, **traits: Any) -> None:
        """Sets synced traits, together."""
        ...


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


class LiveFeed:
    """Brings the news of a source to a widget, and the widget's requests to the source.

    Args:
        source: what is watched.
        outlet: the widget.
        decode: token ids to text, for what a node read.
        clock: seconds, monotonic; replaced in tests.
    """

    def __init__(
        self,
        source: Source,
        outlet: Outlet,
        decode: Decoder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.outlet = outlet
        self.decode = decode
        self._clock = clock
        self._queue: deque[News] = deque()
        self._wake = threading.Condition()
        self._urgent = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._tables: dict[int, LiveStep] = {}
        self._asked: set[int] = set()
        """Steps that a view asked for: nobody is told of others."""
        self._curves = Curves()
        self._shown: dict[str, Any] = {}
        self._newest: int | None = None
        self._polled = self._flushed = self._spoke = -1e9
        self._trouble = ""
        self.busy = 0.0
        """Processor seconds that the sender thread used, known when it has ended."""

    # From any thread.

    def start(self) -> None:
        """Reads what there is, shows it, and starts the sender thread; again: nothing."""
        with self._wake:
            if self._thread is not None or self._closed:
                return
            self._thread = threading.Thread(target=self._work, name="rao-lab-live", daemon=True)
        self.begin()
        self._thread.start()

    def begin(self) -> None:
        """Reads what there is and shows it."""
        self._curves = Curves.of(self.source.metrics())
        self.source.open(self.put)
        self._step_news()
        self.flush()

    def put(self, kind: str, value: Any) -> None:
        """Takes a piece of news: the listener of a session. Costs its thread about a microsecond."""
        self._queue.append((kind, value))
        if kind not in ("event", "phase"):
            self._hurry()

    def take(self, message: Any) -> None:
        """Takes a message of the front end: hello, open, resync, texts or act."""
        if isinstance(message, Mapping) and message.get("type") == "act":
            self._act(message)
        else:
            self.put("ask", message)

    def follow(self, step: int) -> None:
        """Tells of a step from its beginning, as to a view that asked for it."""
        self._asked.add(step)

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self.source.close()

    def join(self, timeout: float = 10.0) -> None:
        """Waits for the sender thread to end, after `close`."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _hurry(self) -> None:
        with self._wake:
            self._urgent = True
            self._wake.notify_all()

    def _act(self, message: Mapping[str, Any]) -> None:
        """At once and here: a button must not wait behind a step that is being read."""
        try:
            self.source.act(str(message.get("action")))
        except RaoLabError as error:
            self.outlet.send({"type": "sorry", "text": str(error)})

    # The sender thread.

    def _work(self) -> None:
        while True:
            with self._wake:
                if not self._urgent and not self._closed:
                    self._wake.wait(self._pause())
                self._urgent = False
                if self._closed:
                    self.busy = time.thread_time()
                    return
            self.turn()

    def turn(self) -> None:
        """One pass of the sender thread: takes the news in, and tells of them if it is time to."""
        self._step_news()
        now = self._clock()
        if self._due(now):
            self.flush()
        elif self._shown.get("live") and now - self._spoke > BEAT_SECONDS:
            self._beat(now)

    def _pause(self) -> float | None:
        """Seconds to sleep where nobody wakes us; None = until somebody does."""
        if not self._shown.get("live"):
            return None
        return FLUSH_SECONDS if self.source.poll_seconds is None else self.source.poll_seconds

    def _due(self, now: float) -> bool:
        return now - self._flushed >= FLUSH_SECONDS - 0.01

    def _step_news(self) -> None:
        """Takes everything out of the queue, and out of a source that has to be asked."""
        self._poll()
        while self._queue:
            kind, value = self._queue.popleft()
            if kind == "event":
                header, event = value
                self._table(header.step).event(header, event)
            elif kind == "tree":
                self._table(value.header.step).tree(value)
            elif kind == "step":
                self._end(value)
            elif kind == "ask":
                self._answer(value)
            elif kind == "forget":
                self._tables, self._newest = {}, None
                self._curves = Curves.of(self.source.metrics())
            elif kind == "state":
                self._flushed = -1e9  # a state is shown at once

    def _poll(self) -> None:
        every, now = self.source.poll_seconds, self._clock()
        if every is None or now - self._polled < every * 0.9:
            return
        self._polled = now
        try:
            self._queue.extend(self.source.poll())
            self._trouble = ""
        except RaoLabError as error:
            self._trouble = str(error)

    def _table(self, step: int) -> LiveStep:
        live = self._tables.get(step)
        if live is None:
            live = self._tables[step] = LiveStep(step)
            for old in sorted(self._tables)[:-KEPT]:
                del self._tables[old]
        if self._newest is None or step > self._newest:
            self._newest = step
        return live

    def _end(self, news: Any) -> None:
        live = self._table(news.step)
        live.end(news)
        live.seq += 1
        self._curves.put(news.step, {"seconds": getattr(news, "seconds", {}), **news.metrics})
        if news.step in self._asked:
            self._send_whole(live)

    def _answer(self, message: Any) -> None:
        kind = message.get("type") if isinstance(message, Mapping) else None
        try:
            if kind in ("hello", "open", "resync"):
                self._open(message.get("step"))
            elif kind == "texts":
                self._send_text(message)
        except RaoLabError as error:
            self._send({"type": "sorry", "text": str(error)})

    def _open(self, step: Any) -> None:
        if not isinstance(step, int):
            step = self._newest if self._newest is not None else max(self._curves.steps, default=None)
        if step is None:
            # Nothing has happened yet: the front end asks again when `newest` says what has.
            self._send(*StepTable(-1).snapshot())
            return
        live = self._find(step)
        self._asked.add(step)
        self._send_whole(live)

    def _find(self, step: int) -> LiveStep:
        live = self._tables.get(step)
        if live is None:
            live = LiveStep.of(self.source.load(step))
            self._tables[step] = live
            extra = [old for old in sorted(self._tables) if old not in (step, self._newest)]
            for old in extra[: max(0, len(self._tables) - KEPT)]:
                del self._tables[old]
        return live

    def _send_text(self, message: Mapping[str, Any]) -> None:
        step, tree, path = (message.get(name) for name in ("step", "tree", "path"))
        if not (isinstance(step, int) and isinstance(tree, int) and isinstance(path, str)):
            return
        table = self._find(step).table
        known = (tree, path) in table.row_of
        text = node_text(table.slots[tree].nodes.node(path), self.decode) if known else None
        answer = {"key": message.get("key"), "revision": message.get("revision"), "node": text}
        self._send({"type": "texts", **answer})

    # What goes out.

    def flush(self) -> None:
        """Sends what changed since the last flush: nodes, then what the board says."""
        now = self._clock()
        self._flushed = now
        for step, live in self._tables.items():
            found = live.delta() if step in self._asked else None
            if found is not None:
                self._send(found)
        self._show()

    def _show(self) -> None:
        try:
            status = self.source.status()
        except RaoLabError as error:  # what was known stays on view, and the trouble is said
            status, self._trouble = dict(self._shown.get("session", {})), str(error)
        status["trouble"] = self._trouble
        live = None if self._newest is None else self._tables.get(self._newest)
        if live is not None and not live.whole:
            status |= {
                "sampling": self._newest,
                "trees": live.trees_done(probe=False),
                "probes": live.trees_done(probe=True),
                "alive": live.alive,
                "nodes": live.nodes,
            }
        steps = sorted({*self._curves.steps, *([] if self._newest is None else [self._newest])})
        newest = self._newest if self._newest is not None else max(steps, default=None)
        traits: dict[str, Any] = {
            "session": status,
            "live": bool(status.get("live")),
            "newest": newest,
            "steps": marks(steps, self._curves),
        }
        if self._shown.get("steps") != traits["steps"]:
            traits["curves"] = self._curves.to_json()
        changed = {name: value for name, value in traits.items() if not self._is_shown(name, value)}
        if changed:
            self._shown |= changed
            self._spoke = self._clock()
            self.outlet.show(**changed)

    def _is_shown(self, name: str, value: Any) -> bool:
        """A clock that goes on is no news: the front end lets it run."""
        now = self._shown.get(name, ...)
        if name == "session" and now is not ...:
            return bool({**now, "seconds": 0} == {**value, "seconds": 0})
        return bool(now == value)

    def _beat(self, now: float) -> None:
        live = self._tables.get(self._newest) if self._newest is not None else None
        self._send({"type": "beat", "step": self._newest, "seq": live.seq if live else 0})
        self.flush()

    def _send_whole(self, live: LiveStep) -> None:
        self._send(*live.snapshot())

    def _send(self, message: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        self._spoke = self._clock()
        self.outlet.send(message, list(buffers))
