"""Runs a recorded tree again, several times at once, with one thing changed at one place.

Every fork starts from nothing, in a fresh world. Recorded turns are replayed and their code runs again, until the
fork begins (`rao_lab.tree.cut`). Until then everything must happen as it was recorded; if it does not, because the
world is another or a tool answers otherwise, the run stops and says where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import InputError
from rao_lab.execution.executor import Executor, OnEvent
from rao_lab.tree import Event, Finished, Node, Spawned, Tree, Turn, TurnEnded, TurnStarted
from rao_lab.tree.cut import Cut

OnForks = Callable[[int, int], None]
"""Hears (ended, all) whenever a fork has ended."""


def run_forks(
    executor: Executor,
    tree: Tree,
    at: Cut,
    origin: Mapping[str, Any],
    repeats: int,
    on_forks: OnForks | None = None,
    hear: Callable[[OnEvent], OnEvent] = lambda listener: listener,
) -> list[Tree]:
    """Runs `repeats` forks of a tree, all at once, and returns them in order.

    On Ctrl-C it returns those that have ended, if any have.

    Args:
        executor: of the tree's world, limits and agent; its policy replays the tree and is live from `at` on
            (`ReplayPolicy`), and its edits are those of the fork.
        origin: what the forks' headers say of where they come from.
        hear: makes a listener of events that also listens for somebody else.

    Raises:
        InputError: before the fork begins, something happened that was not recorded.
    """
    headers = [replace(tree.header, origin={**origin, "repeat": place}) for place in range(repeats)]
    executor.on_event = hear(_Watch(executor, tree, at, repeats, on_forks))
    try:
        return executor.run(headers)
    except KeyboardInterrupt:
        if not executor.ended:
            raise
        return executor.ended


class _Watch:
    """Hears every event of the forks, and compares what comes before the fork with the recording."""

    def __init__(
        self, executor: Executor, tree: Tree, at: Cut, repeats: int, on_forks: OnForks | None
    ) -> None:
        self._tree, self._at = tree, at
        self._told = at.node in (*executor.edits.goals, *executor.edits.dialects)
        """The chosen node is told something else, so it is spawned with it and reads it."""
        self._left = self._all = repeats
        self._on_forks = on_forks

    def __call__(self, place: int, event: Event) -> None:
        if event.tick < self._at.tick:
            self._compare(event)
        if isinstance(event, Finished) and event.node == self._tree.root.path:
            self._left -= 1
            if self._on_forks is not None:
                self._on_forks(self._all - self._left, self._all)

    def _compare(self, event: Event) -> None:
        if self._told and event.node == self._at.node:
            return
        node = self._tree.node(event.node) if self._tree.has(event.node) else None
        if node is None:
            raise self._left_at(event, "this node", "none", "one")
        if isinstance(event, Spawned):
            self._check(event, "goal", node.goal, event.goal)
        elif isinstance(event, TurnStarted):
            self._check(event, "messages", _turn(node, event.turn).messages, event.messages)
        elif isinstance(event, TurnEnded):
            turn = _turn(node, event.turn)
            for name in ("calls", "output", "error"):
                self._check(event, name, getattr(turn, name), getattr(event, name))
        elif isinstance(event, Finished):
            self._check(event, "end", str(node.status), str(event.status))

    def _check(self, event: Event, what: str, recorded: Any, now: Any) -> None:
        # What holds a NaN is unlike itself.
        if recorded != now and repr(recorded) != repr(now):
            if isinstance(recorded, tuple) and isinstance(now, tuple):
                pairs = [(one, two) for one, two in zip(recorded, now, strict=False) if one != two]
                recorded, now = pairs[0] if pairs else (f"{len(recorded)} of them", f"{len(now)}")
            raise self._left_at(event, f"its {what}", quoted(recorded), quoted(now))

    def _left_at(self, event: Event, what: str, recorded: str, now: str) -> InputError:
        turn = f", turn {event.turn}" if isinstance(event, TurnStarted | TurnEnded) else ""
        return InputError(
            f"the replay left the recording before the fork, at node {unquoted(event.node)}{turn} (tick {event.tick}): "
            f"{what}: recorded {recorded}, now {now}; the world or its tools are not those of the recording"
        )


def _turn(node: Node, index: int) -> Turn:
    """The recorded turn; an empty one if there is none, which then differs."""
    return node.turns[index - 1] if index <= len(node.turns) else Turn(index)
