"""A view of something that goes on: its news, through one queue and one thread, to the front end.

What happens in the training thread is put into a queue, which costs it a microsecond. One sender thread
takes everything out a few times a second, folds events into the tables that the front end holds too, and
sends what changed: one message a flush, numbered per step, so that the other side notices what it missed
and asks again. Requests of the front end go through the same queue, so that nothing but this thread
touches the tables, whatever thread a message arrives in.

Where the news come from is a `Source`: a session in this process or a run file that another process
writes (`rao_lab.views.explorer.watch`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from rao_lab.errors import RaoLabError
from rao_lab.views.explorer.curves import Curves, marks
from rao_lab.views.explorer.live_step import LiveStep, StepNews
from rao_lab.views.explorer.node_text import Decoder, node_text
from rao_lab.views.explorer.table import StepTable

__all__ = ["LiveFeed", "LiveStep", "News", "Outlet", "Source", "StepNews"]

FLUSH_SECONDS = 0.2
"""Between two flushes of live data: the front end redraws five times a second."""
BEAT_SECONDS = 2.0
"""Silence after which a beat tells that this side lives, and which number was the last."""
KEPT = 3
"""Steps whose tables are kept; older ones are read again."""

News = tuple[str, Any]
"""What a source puts: ("event", (header, event)), ("tree", Tree), ("step", StepNews), ("state", None),
("phase", None), ("forget", None)."""


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
