"""Training in the background of a notebook or a program: pause, resume, one step, stop, watch.

The training thread asks `Control` before every decode step and between phases, so that pausing and
stopping act within a fraction of a second and keep everything: trees under way stay where they are
while paused, and the run file is closed whole when stopped. Widgets and cells talk to the session from
other threads; nothing here waits for the main thread, so the kernel stays free.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rao_lab.api.control import Control, Stopped
from rao_lab.api.kept import KeptStep
from rao_lab.base.warned import warn_user
from rao_lab.errors import RaoLabError, UnavailableError

if TYPE_CHECKING:
    from rao_lab.evaluation.forks import Forks
    from rao_lab.store import Run
    from rao_lab.training.metrics import TrainStep
    from rao_lab.tree import Event, TreeHeader
    from rao_lab.views.explorer.widget import Explorer

CLOSE_SECONDS = 30.0
"""How long a stop waits for the run file to be closed."""
POLL_SECONDS = 0.05
"""How often a waiting cell looks: an interrupt reaches a polling cell in milliseconds, and a cell that
awaits without a timer not at all (ipykernel 7.4)."""


Train = Callable[["Session"], Iterator["TrainStep"]]


class Session:
    """A training run in a thread of its own.

        >>> learner = rl.load_policy("tiny")
        >>> config = rl.default_config(learner, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
        >>> session = rl.start(env, learner, config, store="runs/d.rao")
        >>> len(session.result())       # waits in a script; in a cell write `await session.wait()`
        2
        >>> session
        <Session d.rao: finished, step 1 of 1>

    In a cell, `session.board()` shows progress, curves, and buttons to pause, make one step and stop.

    `steps` are the finished steps so far: their metrics are at hand, and their trees and credit are read from the run
    file when they are asked for. Steps before a resumption are in `earlier`. `error` is what ended training, if it
    failed.
    """

    def __init__(self, train: Train, path: Path, total: int, name: str = "", resumes: bool = False) -> None:
        self.path = path
        self.name = name or path.name
        self.total = total
        """Steps that this run is to have."""
        self.steps: list[TrainStep] = []
        self._resumes = resumes
        self.earlier: Run | None = None
        """The run as it was when it was resumed: steps that this session did not make."""
        self.error: BaseException | None = None
        self.control = Control()
        self.phase: tuple[str, int, int] = ("start", 0, 0)
        """(phase, done, total) of what happens now."""
        self.began = time.monotonic()
        self.ended: float | None = None
        self.tokenizer: Any = None
        """Of the policy, if it has one: views show token ids as text with it."""
        self.difficulties: list[str] = []
        """Of the world, easiest first: views list them in this order."""
        self._listeners: list[Callable[[str, Any], None]] = []
        self._events: list[tuple[TreeHeader, Event]] = []
        """Of the step under way, for views that are opened in the middle of it."""
        self._lock = threading.RLock()
        self.control.on_rest = self._say_state
        self._cut_short = False
        self._begun = threading.Event()
        """The run file is there, and taken back to where this session goes on; or there will be none."""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, args=[train], name="rao-lab-train", daemon=True)
        self._thread.start()

    # What a cell asks.

    @property
    def newest(self) -> int | None:
        """The last finished step, whoever made it."""
        if self.steps:
            return self.steps[-1].step
        return self.earlier.steps[-1].step if self.earlier is not None and self.earlier.steps else None

    @property
    def state(self) -> str:
        """training, paused, stopping, finished, stopped or failed."""
        if self._done.is_set():
            if self.error is not None:
                return "failed"
            return "stopped" if self._cut_short else "finished"
        if self.control.stopping:
            return "stopping"
        return "paused" if self.control.paused else "training"

    def pause(self) -> None:
        """Training comes to rest before its next decode step; trees under way stay where they are."""
        self.control.pause()
        self._say_state()

    def resume(self) -> None:
        self.control.resume()
        self._say_state()

    def step(self) -> None:
        """Goes on to the end of one step, then pauses."""
        self.control.step()
        self._say_state()

    def stop(self, timeout: float | None = CLOSE_SECONDS) -> None:
        """Asks training to stop and waits up to `timeout` seconds for the run file to be closed.

        Within `on_step` it returns at once: training ends after that step, and all of it is kept.
        """
        self.control.stop()
        self._say_state()
        if not self._within:
            self._done.wait(timeout)

    async def wait(self) -> list[TrainStep]:
        """Waits in a cell without blocking the kernel, until training ends; the steps it made.

        Interrupting the cell stops training and keeps what it made.

        Raises:
            RaoLabError: training failed; the message of what it failed with. Or it waits for itself.
        """
        self._check_outside("wait")
        try:
            while not self._done.is_set():
                await asyncio.sleep(POLL_SECONDS)
        except (asyncio.CancelledError, KeyboardInterrupt):
            self.control.stop()
            await asyncio.to_thread(self._done.wait, CLOSE_SECONDS)
            return self.steps
        return self.result()

    def result(self, timeout: float | None = None) -> list[TrainStep]:
        """Waits in a script, until training ends; the steps it made. Ctrl-C stops training.

        Raises:
            RaoLabError: training failed. Or it waits for itself.
        """
        self._check_outside("result")
        try:
            while not self._done.wait(POLL_SECONDS if timeout is None else timeout) and timeout is None:
                pass
        except KeyboardInterrupt:
            self.stop()
            raise
        self._check_sound()
        return self.steps

    @property
    def run(self) -> Run:
        """The run so far, read from its file; waits until there is one.

        Raises:
            RaoLabError: training failed before it made one.
        """
        from rao_lab.store import open_run

        while not (self._within or self._begun.wait(POLL_SECONDS)):
            pass
        if not self.path.exists():
            self._check_sound()
        return open_run(self.path, follow=not self._done.is_set())

    @property
    def fork(self) -> Callable[..., Forks]:
        """`rl.fork`, for the forks that are asked for in an Explorer of this session."""
        from rao_lab.api.fork import fork

        return fork

    def board(self, **options: Any) -> Explorer:
        """The Explorer of this session, with its board in front: progress, curves, pause, step and stop.

        Args:
            options: as in `rl.Explorer`: step, title, height, view, config, tokenizer.
        """
        return self.explorer(**{"view": "board", **options})

    def explorer(self, **options: Any) -> Explorer:
        """The Explorer of this session: it follows the newest trees until another step is chosen.

        Args:
            options: as in `rl.Explorer`: step, title, height, view, config, tokenizer.
        """
        from rao_lab.views.explorer.widget import Explorer

        return Explorer(self, **options)

    def __repr__(self) -> str:
        words = f"{self.state}, step {self.newest or 0} of {self.total}"
        if self.earlier is not None and self.earlier.steps:
            words += f", up to step {self.earlier.steps[-1].step} kept from before"
        elif self._resumes and not self._begun.is_set():
            words = f"opening the run, {self._checkpoint()}"
        if self.error is not None:
            words += f": {self.error}"
        return f"<Session {self.name}: {words}>"

    def _checkpoint(self) -> str:
        """What the run is gone on with, which is being opened."""
        from rao_lab.views.explorer.from_run import checkpoints

        kept = checkpoints(self.path)
        return f"newest checkpoint at step {kept[-1]} of {self.total}" if kept else "no checkpoint"

    @property
    def _within(self) -> bool:
        """Whether this is the training thread: it must not wait for itself."""
        return threading.current_thread() is self._thread

    def _check_outside(self, name: str) -> None:
        if self._within and not self._done.is_set():
            raise UnavailableError(
                f"session.{name}() would wait for itself: it is called by the training that it waits for; "
                "to end training from here, call session.stop() or raise rl.StopTraining"
            )

    def _check_sound(self) -> None:
        """Raises what ended training, if it failed."""
        if self.error is None:
            return
        if isinstance(self.error, RaoLabError):
            raise self.error
        raise RuntimeError(f"training failed: {self.error!r}") from self.error

    # What widgets and the training thread say.

    def listen(self, listener: Callable[[str, Any], None], replay: bool = False) -> Callable[[], None]:
        """Calls `listener(kind, value)` as things happen; returns a function that ends it.

        Kinds: "event" ((header, event)), "step" (TrainStep), "phase" ((name, done, total)), "state", and
        "forget" (None): there are earlier steps, too.
        Calls come from the training thread, "state" from others too: a listener must be quick.

        Args:
            replay: first call it with the events of the step under way, without a gap.
        """
        with self._lock:
            for each in self._events if replay else ():
                listener("event", each)
            self._listeners = [*self._listeners, listener]

        def end() -> None:
            with self._lock:
                self._listeners = [kept for kept in self._listeners if kept is not listener]

        return end

    def on_event(self, header: TreeHeader, event: Event) -> None:
        with self._lock:
            if self._events and self._events[0][0].step != header.step:
                self._events = []
            self._events.append((header, event))
            listeners = self._listeners
        for listener in listeners:
            listener("event", (header, event))

    def on_resume(self, step: int, notes: Sequence[str]) -> None:
        """The file is taken back to a step, and training goes on after it."""
        for note in notes:
            warn_user(note)
        if step >= 0:
            from rao_lab.store import open_run

            self.earlier = open_run(self.path)
            self._say("forget", None)

    def on_step(self, made: TrainStep) -> None:
        """A step is recorded: it is one of this session's, whatever comes of training after it. Twice does nothing."""
        if self.steps and self.steps[-1].step == made.step:
            return
        step = KeptStep(made, self.path)
        self.steps.append(step)
        self.control.step_done()
        self._say("step", step)
        if self.control.paused:
            self._say_state()

    def on_phase(self, name: str, done: int, total: int) -> None:
        self._begin()
        self.control.check()
        self.phase = (name, done, total)
        self._say("phase", self.phase)

    def _say(self, kind: str, value: Any) -> None:
        for listener in self._listeners:
            listener(kind, value)

    def _say_state(self) -> None:
        self._say("state", self.state)

    def _begin(self) -> None:
        """The run file is open. If the program ends, training is stopped before the file is closed under it."""
        if not self._begun.is_set():
            self._begun.set()
            atexit.register(self.stop)  # after the writer's own, so that it comes before it

    def _work(self, train: Train) -> None:
        try:
            for made in train(self):
                self.on_step(made)
                del made  # its trees are not kept while the next ones grow
        except Stopped:
            self._cut_short = True
        except BaseException as error:  # noqa: BLE001 - a thread's failure is kept and raised where it is awaited
            self.error = error
        finally:
            self.ended = time.monotonic()
            self._done.set()
            self._begun.set()
            atexit.unregister(self.stop)
            self._say_state()
