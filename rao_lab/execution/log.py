"""What a running tree writes down: its events in order, timed by one clock, and folded as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from typing import Any

from rao_lab.execution.node_run import NodeRun
from rao_lab.protocols import Refusal, Score
from rao_lab.tree import Call, Event, Message, Refused, Scored, TreeHeader, TurnEnded
from rao_lab.tree.fold import Fold

Hide = Callable[[str], str]
"""A text with a policy's key masked. It masks what holds the key in full, and that is all: code can write a key in
pieces, backwards or as numbers, and nobody can tell."""


def masked(value: Any, hide: Hide) -> Any:
    """A field of an event with every text in it masked. What holds no key stays the same object."""
    if isinstance(value, str):
        return type(value)(hide(value)) if hide(value) != value else value
    if isinstance(value, Mapping):
        made = {masked(key, hide): masked(inner, hide) for key, inner in value.items()}
        return value if made == value else made
    if isinstance(value, list | tuple | set | frozenset):
        parts = type(value)(masked(inner, hide) for inner in value)
        return value if parts == value else parts
    if isinstance(value, Call | Message):
        found = {each.name: masked(getattr(value, each.name), hide) for each in dataclass_fields(value)}
        return replace(value, **found)
    return value


class TreeLog:
    """The events of one tree. It only records what it is told."""

    def __init__(
        self, header: TreeHeader, clock: Callable[[], float], not_reproducible: str, hide: Hide | None = None
    ) -> None:
        """`not_reproducible` says why, if that is known before anything happens. `hide` masks the policy's key."""
        self._hide = hide
        self.fold = Fold(header)
        self.fold.not_reproducible = not_reproducible
        self.tick = 0
        self._clock = clock
        self._stood = 0.0
        self._began = clock()
        self._events: list[Event] = []

    # Time.

    def begin(self) -> None:
        """The tree's time starts now."""
        self._began = self.now()

    def stood_still(self, seconds: float) -> None:
        """Everything was paused for that long: the tree's time leaves it out."""
        self._stood += seconds

    def now(self) -> float:
        """Seconds on a clock that stops while everything is paused."""
        return self._clock() - self._stood

    def age(self) -> float:
        """Seconds since the tree began."""
        return self.now() - self._began

    # What happened.

    def add(self, make: Callable[..., Event], /, **fields: Any) -> None:
        if self._hide is not None:
            fields = {name: masked(value, self._hide) for name, value in fields.items()}
        event = make(seq=self.fold.events, tick=self.tick, time=self.age(), **fields)
        self.fold.add(event)
        self._events.append(event)

    def turn_ended(self, node: NodeRun, output: str, error: str | None) -> None:
        self.add(
            TurnEnded,
            node=node.path,
            turn=node.turn,
            calls=tuple(node.calls),
            output=output,
            error=error,
            waiting_seconds=node.waited,
        )

    def refused(self, node: NodeRun, refusal: Refusal) -> None:
        self.add(Refused, node=node.path, turn=node.turn, kind=refusal.kind, message=refusal.message)

    def scored(self, path: str, score: Score | None) -> None:
        """Writes the score down, if there is one."""
        if score is not None and score.success is not None:
            fields = {name: getattr(score, name) for name in ("success", "source", "fraction", "reward")}
            self.add(Scored, node=path, **fields)

    def unscored(self, path: str, problem: str) -> None:
        """A finished node whose verifier or judge gave no score that can be used."""
        self.add(Scored, node=path, success=None, source=None, fraction=None, problem=problem)

    def mark(self, why: str) -> None:
        """The same seed may give another tree; the first reason is kept."""
        self.fold.not_reproducible = self.fold.not_reproducible or why

    def take(self) -> list[Event]:
        """The events since the last call."""
        taken, self._events = self._events, []
        return taken
