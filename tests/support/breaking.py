"""Worlds whose author made a mistake."""

from __future__ import annotations

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
