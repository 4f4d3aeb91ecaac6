"""Parts that fail at a chosen moment: a sandbox, a policy, a world and a clock, each counting its uses.

With `at=None` nothing fails, and the counts tell how many moments there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rao_lab.execution.sandbox import Awaiting, Ended, Sandbox
from rao_lab.protocols import Launch, Refusal, TurnReply, TurnRequest
from rao_lab.tree import Task
from tests.support.worlds import Lines, Shelf, ShelfWorld


class FaultySandbox:
    """At its `at`-th use the code ends as `ended` says instead of running."""

    def __init__(self, inner: Sandbox, ended: Ended, at: int | None = None) -> None:
        self.inner, self.ended, self.at = inner, ended, at
        self.workers = inner.workers
        self.uses = 0

    def run(self, state: bytes | None, *args: Any, **settings: Any) -> Awaiting | Ended:
        return self._fault(state) or self.inner.run(state, *args, **settings)

    def resume(self, paused: Any, *args: Any, **settings: Any) -> Awaiting | Ended:
        return self._fault(paused.before) or self.inner.resume(paused, *args, **settings)

    def _fault(self, state: bytes | None) -> Ended | None:
        self.uses += 1
        return replace(self.ended, state=state) if self.uses - 1 == self.at else None


class FaultyLines(Lines):
    """Its `at`-th reply is changed."""

    def __init__(
        self,
        texts: Mapping[str, Sequence[str]],
        change: Callable[[TurnReply], TurnReply],
        at: int | None = None,
    ) -> None:
        super().__init__(texts)
        self.change, self.at = change, at
        self.uses = 0

    def _reply(self, request: TurnRequest) -> TurnReply:
        reply = super()._reply(request)
        self.uses += 1
        return self.change(reply) if self.uses - 1 == self.at else reply


class FaultyShelf(Shelf):
    """The `at`-th launch or call in each of its worlds is met by `act`, which may raise."""

    def __init__(self, act: Callable[[], None], at: int | None = None) -> None:
        super().__init__()
        self.act, self.at = act, at
        self.uses = 0

    def open(self, task: Task) -> ShelfWorld:
        world = _FaultyWorld(self)
        self.worlds.append(world)
        return world


class _FaultyWorld(ShelfWorld):
    def __init__(self, shelf: FaultyShelf) -> None:
        super().__init__()
        self.shelf = shelf

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        self._fault()
        return super().admit(parent, args, kwargs)

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        self._fault()
        return super().call(path, name, args, kwargs)

    def _fault(self) -> None:
        self.shelf.uses += 1
        if self.shelf.uses - 1 == self.shelf.at:
            self.shelf.act()


def refuse() -> None:
    raise Refusal("injected", "refused for once")


class Clock:
    """Stands still, and jumps by an hour at tick `at`: `tick` is called at each."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.now = 0.0
        self.uses = 0

    def __call__(self) -> float:
        return self.now

    def tick(self, number: int) -> None:
        self.uses += 1
        if number == self.at:
            self.now += 3601.0
