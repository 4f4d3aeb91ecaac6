"""Worlds whose author made a mistake."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from rao_lab.environments.textcraft import TextCraft
from rao_lab.protocols import World
from rao_lab.tree import Task

SOUND_TREES = 4


class Breaking(TextCraft):
    """After so many trees, `enter` of the next one's root raises."""

    opened = 0

    def open(self, task: Task) -> World:
        world: Any = super().open(task)
        self.opened += 1
        if self.opened > SOUND_TREES:
            world.enter = _broken
        return world


def _broken(path: str, launch: Any) -> None:
    raise LookupError("no such shelf")


class Unscored(TextCraft):
    """Its verifier raises."""

    def open(self, task: Task) -> World:
        world: Any = super().open(task)
        world.leave = _broken
        return world


class Stopping(TextCraft):
    """Ctrl-C comes once two roots have returned their values, at the next call of another."""

    roots = 0

    def open(self, task: Task) -> World:
        world: Any = super().open(task)
        leave, call = world.leave, world.call

        def left(path: str, value: Any) -> Any:
            self.roots += path == "0"
            return leave(path, value)

        def called(*given: Any) -> Any:
            if self.roots == 2:
                self.stop()
            return call(*given)

        world.leave, world.call = left, called
        return world

    def stop(self) -> None:
        raise KeyboardInterrupt


class Killed(Stopping):
    """Its process is killed then, half a second after the writer was told of the second tree."""

    def stop(self) -> None:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)


class Interrupted(Breaking):
    """Ctrl-C comes after so many trees."""

    def open(self, task: Task) -> World:
        if self.opened == SOUND_TREES:
            raise KeyboardInterrupt
        return super().open(task)
