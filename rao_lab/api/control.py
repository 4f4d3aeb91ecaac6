"""What a training thread asks whether it may go on, and what other threads tell it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Stopped(BaseException):
    """Raised in the training thread by `Control` when a stop was asked for: like an interrupt, no error."""


class Control:
    """What a training thread asks whether it may go on. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._paused = False
        self._stop = False
        self._resting = False
        self._steps_left: int | None = None
        self.on_rest: Callable[[], None] | None = None
        """Called from the training thread when it has come to rest."""

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def resting(self) -> bool:
        """The training thread waits here: a pause is no longer a wish."""
        return self._resting

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
            self._resting = self._paused and not self._stop
        if self._resting and self.on_rest is not None:
            self.on_rest()
        with self._change:
            while self._paused and not self._stop:
                self._change.wait()
            self._resting = False
            if self._stop:
                raise Stopped
