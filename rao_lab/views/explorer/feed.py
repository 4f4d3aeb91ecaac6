"""What an Explorer is told and asked: one queue, and one place that answers.

Every message of the front end goes through a queue and is answered here, and so does all news of a source
that goes on. For such a source one sender thread takes everything out of the queue a few times a second,
folds events into the tables that the front end holds too, and sends what changed: one message a flush,
numbered by step, so that the other side notices what it missed and asks again. Nothing but this thread
touches the tables, whatever thread a message arrives in; to put a piece of news costs a training thread
about a microsecond. What stands still needs no thread: a message is answered where it arrives.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from rao_lab.errors import MissingError, RaoLabError
from rao_lab.views.explorer.answers import answer
from rao_lab.views.explorer.curves import Curves, marks
from rao_lab.views.explorer.live_step import LiveStep
from rao_lab.views.explorer.look import Look
from rao_lab.views.explorer.node_text import clean, node_text
from rao_lab.views.explorer.source import News, Source
from rao_lab.views.explorer.states import empty_state
from rao_lab.views.explorer.still import still_of
from rao_lab.views.explorer.table import StepTable

FLUSH_SECONDS = 0.2
"""Between two flushes of live data: the front end redraws five times a second."""
BEAT_SECONDS = 2.0
"""Silence after which a beat says that this side lives, and which number was the last."""
STILL_SECONDS = 10.0
"""Between two still pictures while training goes on."""
KEPT = 3
"""Steps whose tables are kept; older ones are read again."""


class Outlet(Protocol):
    """The widget, as far as this thread uses it."""

    def send(self, content: Any, buffers: Any = None) -> None: ...
    def show(self, **traits: Any) -> None:
        """Sets synced traits, together."""
        ...


class Feed:
    """Brings the news of a source to a widget, and answers the widget's messages.

    Args:
        source: what is shown.
        outlet: the widget.
        look: what is shown, until a front end says what is.
        clock: seconds, monotonic; replaced in tests.
    """

    def __init__(
        self,
        source: Source,
        outlet: Outlet,
        look: Look | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.outlet = outlet
        self.look = look or Look()
        """What is looked at."""
        self._clock = clock
        self._queue: deque[News] = deque()
        self._late: list[News] = []
        """News of steps that could not be read: they are tried again."""
        self._wake = threading.Condition()
        self._urgent = False
        self._begun = False
        """News are taken; otherwise messages are answered and nothing else."""
        self._closed = False
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        """Held by whoever works on what follows."""
        self._tables: dict[int, LiveStep] = {}
        self._asked: set[int] = set()
        """Steps that a view asked for: nobody is told of others."""
        self._curves = Curves()
        self._shown: dict[str, Any] = {}
        self._newest: int | None = None
        self._polled = self._flushed = self._spoke = -1e9
        self._trouble = ""
        self._kept: Any = None  # what the still picture is of
        self._kept_at = -1e9
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
        with self._lock:
            self._begun = True
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
        """Takes a message of the front end: hello, open, resync, texts, ask, look or act."""
        if isinstance(message, Mapping) and message.get("type") == "act":
            self._act(message)
            return
        self.put("ask", message)
        self.look_after()

    def look_after(self) -> None:
        """What was put is seen to: here, if there is no thread for it."""
        if self._thread is None:
            with self._lock:
                self._step_news()

    def table(self, step: int) -> StepTable:
        """The finished trees of a step.

        Raises:
            MissingError: there is no such step.
            RunFileError: it cannot be read.
        """
        with self._lock:
            known = self._tables.get(step)
            if known is not None and known.table is None:
                return self.source.table(step)  # it grows: what is read now is soon outdated
            return self._find(step).whole()

    def close(self) -> None:
        """Ends the sender thread and lets go of the tables."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self.source.close()
        if self._thread is None:
            self._tables = {}

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
                    self._tables = {}
                    self.busy = time.thread_time()
                    return
            self.turn()

    def turn(self) -> None:
        """One pass of the sender thread: takes the news in, and tells of them if it is time to."""
        with self._lock:
            self._step_news()
            now = self._clock()
            if now - self._flushed >= FLUSH_SECONDS - 0.01:
                self.flush()
            if self._shown.get("live") and now - self._spoke > BEAT_SECONDS:
                self._beat()

    def _pause(self) -> float | None:
        """Seconds to sleep if nobody wakes us; None = until somebody does."""
        if not self._shown.get("live"):
            return None
        return FLUSH_SECONDS if self.source.poll_seconds is None else self.source.poll_seconds

    def _step_news(self) -> None:
        """Takes everything out of the queue, and out of a source that has to be asked."""
        self._poll()
        late, self._late = self._late, []
        self._queue.extend(late)
        while self._queue:
            kind, value = self._queue.popleft()
            if kind == "event":
                header, event = value
                self._growing(header.step).event(header, event)
            elif kind == "tree":
                self._growing(value.header.step).tree(value)
            elif kind == "step":
                self._end(value)
            elif kind == "ask":
                self._answer(value)
            elif kind == "forks":
                self._send(*self._find(value[0]).add_forks(value[1]).snapshot())
            elif kind == "forget":
                self._tables, self._newest = {}, None
                self._curves = Curves.of(self.source.metrics())
            elif kind == "state":
                self._flushed = -1e9  # a state is shown at once

    def _poll(self) -> None:
        every, now = self.source.poll_seconds, self._clock()
        if not self._begun or every is None or now - self._polled < every * 0.9:
            return
        self._polled = now
        try:
            self._queue.extend(self.source.poll())
            self._trouble = ""
        except RaoLabError as error:
            self._trouble = str(error)

    def _growing(self, step: int) -> LiveStep:
        """A step under way, of which there is news."""
        live = self._tables.get(step)
        if live is None or live.table is not None:
            early = live  # its table was read too early: a gap in the numbers makes the front end ask again
            live = self._tables[step] = LiveStep(step)
            live.seq = 0 if early is None else early.seq + 1
            for old in sorted(self._tables)[:-KEPT]:
                del self._tables[old]
        self._newest = step if self._newest is None else max(step, self._newest)
        return live

    def _end(self, metrics: Mapping[str, Any]) -> None:
        """A step has ended: its table is read for those who look at it, otherwise when somebody asks."""
        step = metrics["step"]
        self._curves.put(step, metrics)
        self._newest = step if self._newest is None else max(step, self._newest)
        live = self._tables.pop(step, None) or LiveStep(step)
        if step not in self._asked:
            return
        self._tables[step] = live
        try:
            live.end(self.source.table(step))
        except RaoLabError as error:
            self._trouble = str(error)
            self._late.append(("step", metrics))
            return
        live.seq += 1
        self._send(*live.snapshot())

    def _answer(self, message: Any) -> None:
        kind = message.get("type") if isinstance(message, Mapping) else None
        try:
            if kind in ("hello", "open", "resync"):
                self._open(message.get("step"), hello=kind == "hello")
            elif kind == "texts":
                self._send_text(message)
            elif kind == "ask":
                self._send(*answer(self.source, self.table, message, self._find))
            elif kind == "look":
                self.look = Look.of(message)
                self._keep(now=True)
        except RaoLabError as error:
            self._send({"type": "sorry", "text": str(error)})

    def _open(self, step: Any, hello: bool) -> None:
        if not isinstance(step, int):
            step = self.look.step if hello and self.look.step is not None else self._last()
        if step is None:
            # Nothing has happened yet: the front end asks again when `newest` says what has.
            self._send(*StepTable(-1, state=empty_state(self.source.status())).snapshot())
            return
        live = self._find(step)
        self._asked.add(step)
        self._send(*live.snapshot())

    def _last(self) -> int | None:
        """The newest step that has something to show."""
        if self._newest is not None:
            return self._newest
        known = self._curves.steps if self._begun else [step for step, _ in self.source.marks()]
        return max(known, default=None)

    def _find(self, step: int) -> LiveStep:
        live = self._tables.get(step)
        if live is None:
            live = LiveStep(step, self.source.table(step))
            self._tables[step] = live
            extra = [old for old in sorted(self._tables) if old not in (step, self._newest)]
            for old in extra[: max(0, len(self._tables) - KEPT)]:
                del self._tables[old]
        return live

    def _send_text(self, message: Mapping[str, Any]) -> None:
        step, tree, path = (message.get(name) for name in ("step", "tree", "path"))
        if not (isinstance(step, int) and isinstance(tree, int) and isinstance(path, str)):
            return
        found: dict[str, Any] = {"key": message.get("key"), "revision": message.get("revision"), "node": None}
        try:
            found["node"] = node_text(self._find(step).node(tree, path), self.source.decode)
        except MissingError:
            pass  # the other side has words for it
        except RaoLabError as error:
            found["why"] = str(error)
        self._send({"type": "texts", **found})

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
            status = self.source.board_status()
        except RaoLabError as error:  # what was known stays on view, and the trouble is said
            status, self._trouble = dict(self._shown.get("session", {})), str(error)
        status["trouble"] = self._trouble
        live = None if self._newest is None else self._tables.get(self._newest)
        if live is not None and live.table is None:
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
        self._keep()

    def picture(self) -> dict[str, str]:
        """What is looked at as a still picture and as text, by MIME type."""
        with self._lock:
            given = self.source, self.table, clean(self.source.title), self.look
            return still_of(*given)

    def _keep(self, now: bool = False) -> None:
        """Brings the still picture to what is shown: at once if training rests or ends, otherwise now and then."""
        status = self._shown.get("session", {})
        going = status.get("state") in ("training", "following")
        mark = (status.get("state"), status.get("resting"), status.get("step"), self.look)
        if mark == self._kept or (going and not now and self._clock() - self._kept_at < STILL_SECONDS):
            return
        self._kept, self._kept_at = mark, self._clock()
        self.outlet.show(look=self.look.to_json(), still=self.picture())

    def _is_shown(self, name: str, value: Any) -> bool:
        """Seconds that passed are no news: the front end counts them itself."""
        now = self._shown.get(name, ...)
        if name == "session" and now is not ...:
            return bool({**now, "seconds": 0} == {**value, "seconds": 0})
        return bool(now == value)

    def _beat(self) -> None:
        """Nothing is new: the other side is to know that we are there."""
        live = self._tables.get(self._newest) if self._newest is not None else None
        self._send({"type": "beat", "step": self._newest, "seq": live.seq if live else 0})

    def _send(self, message: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        self._spoke = self._clock()
        self.outlet.send(message, list(buffers))
