"""What a training thread asks whether it may go on, and what other threads tell it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


class Stopped(BaseException):
    """Raised in the training thread by `Control` when a stop was asked for: like an interrupt, no error."""


class Control:
    """What a training thread asks whether it may go on. All methods may be called from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._change = threading.Condition()
        self._paused = False
        self._stop = False
        self._rests_since: float | None = None
        self._rested = 0.0
        self._steps_left: int | None = None
        self.on_rest: Callable[[], None] | None = None
        """Called from the training thread when it has come to rest."""

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def resting(self) -> bool:
        """The training thread waits here: a pause is no longer a wish."""
        return self._rests_since is not None

    @property
    def rested(self) -> float:
        """Seconds for which the training thread has waited so far."""
        with self._change:
            since = self._rests_since
            return self._rested + (0.0 if since is None else self._clock() - since)

    @property
    def stopping(self) -> bool:
        return self._stop

    def pause(self) -> None:
        with self._change:
            self._paused = True
            self._steps_left = None

    def resume(self) -> None:
        with self._change:
            self._paused = False
            self._steps_left = None
            self._change.notify_all()

    def step(self) -> None:
        """Goes on until one step is complete, then pauses."""
        with self._change:
            self._paused = False
            self._steps_left = 1
            self._change.notify_all()

    def stop(self) -> None:
        with self._change:
            self._stop = True
            self._change.notify_all()

    def step_done(self) -> None:
        with self._change:
            if self._steps_left is not None:
                self._steps_left -= 1
                if self._steps_left <= 0:
                    self._paused, self._steps_left = True, None

    def check(self, *_: Any) -> None:
        """Blocks while paused.

        Raises:
            Stopped: a stop was asked for.
        """
        if not (self._paused or self._stop):  # called before every decode step
            return
        with self._change:
            if self._paused and not self._stop:
                self._rests_since = self._clock()
        if self.resting and self.on_rest is not None:
            self.on_rest()
        with self._change:
            while self._paused and not self._stop:
                self._change.wait()
            if self._rests_since is not None:
                self._rested += self._clock() - self._rests_since
                self._rests_since = None
            if self._stop:
                raise Stopped
