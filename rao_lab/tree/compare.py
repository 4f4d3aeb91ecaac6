"""Two nodes that are one another, in two trees: at which turn they part, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from rao_lab.tree.align import Likeness
from rao_lab.tree.earned import Earned
from rao_lab.tree.events import Call
from rao_lab.tree.node import Node, Turn

Goals = Likeness | Literal["other"]
What = Literal["goal", "prompt", "code", "words", "results", "ended"]
WORDS: Mapping[What, str] = {
    "goal": "it was told another goal",
    "prompt": "it was told in the words of another prompt",
    "code": "another action",
    "words": "other words, and no other action",
    "results": "the same action gave another result",
    "ended": "one ended, the other went on",
}


@dataclass(frozen=True, slots=True)
class Parting:
    """The first difference of two nodes.

    >>> other = rl.run(task, env, rl.load_policy("scripted", style="per_ingredient"))
    >>> parting = rl.diff(tree, other).first
    >>> parting.a, parting.b, parting.turn, parting.what
    ('0', '0', 1, 'code')
    """

    a: str
    """Path of the node in the first tree."""
    b: str
    turn: int
    """From 1; the same in both. 0: they part when they are launched."""
    what: What
    """goal, prompt: a fork told the node something else, or in other words. code: another action. words: the same
    action, or none, in other words. results: the same action gave something else. ended: one node has no such turn."""
    left: str
    """What stands there in the first tree; "" if nothing does."""
    right: str
    when: tuple[int, float]
    """Tick and seconds of the first tree's clock at which they part."""

    @property
    def moment(self) -> str:
        """ "turn 3", or "launch"."""
        return f"turn {self.turn}" if self.turn else "launch"

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("a", "b", "turn", "what", "left", "right")}


@dataclass(frozen=True, slots=True)
class Row:
    """A node that is in both trees, or in one of them alone."""

    a: Node | None
    b: Node | None
    goals: Goals | None = None
    """What the goals have in common, which may be nothing of two roots; None if the node is in one tree alone."""
    partings: tuple[Parting, ...] = ()
    """Where they first differ, and where they first act differently, if that is later; at most two, and before
    them what a fork told it."""
    earned: tuple[Earned | None, Earned | None] = (None, None)

    @property
    def both(self) -> bool:
        return self.a is not None and self.b is not None

    @property
    def depth(self) -> int:
        node = self.a or self.b
        return 0 if node is None else node.depth

    @property
    def changed(self) -> bool:
        """In one tree alone, or other in anything that is compared: turns, end, s, R."""
        if self.a is None or self.b is None:
            return True
        return (
            bool(self.partings)
            or self.goals != "equal"
            or self.scores_differ
            or self.a.status != self.b.status
        )

    @property
    def scores_differ(self) -> bool:
        """Whether s or R is another. An R that one of them lacks is no difference: a fork has none of its step."""
        if self.a is None or self.b is None:
            return False
        left, right = (None if each is None else each.R for each in self.earned)
        return self.a.success != self.b.success or (None not in (left, right) and left != right)


def told_apart(a: Node, b: Node) -> tuple[Parting, ...]:
    """What a fork changed in what the node is told; empty if nothing did."""
    when = (a.started_tick, a.started or 0.0)
    if a.goal != b.goal:
        return (Parting(a.path, b.path, 0, "goal", a.goal, b.goal, when),)
    if a.template != b.template:
        return (Parting(a.path, b.path, 0, "prompt", a.template, b.template, when),)
    return ()


def partings(a: Node, b: Node) -> tuple[Parting, ...]:
    """The first difference of two nodes, then the first that is more than words; empty if their turns are equal."""
    found: list[Parting] = []
    for left, right in zip_longest(a.turns, b.turns):
        what = "ended" if left is None or right is None else _differ(left, right)
        if what is None or (what == "words" and found):
            continue
        found.append(_parting(a, b, left, right, what))
        if what != "words":
            break
    return tuple(found)


def _differ(a: Turn, b: Turn) -> What | None:
    if a.code.rstrip() != b.code.rstrip():
        return "code"
    if (a.text, a.thought) != (b.text, b.thought):
        return "words"
    if (a.output, a.error) != (b.output, b.error) or _given(a.calls) != _given(b.calls):
        return "results"
    return None


def _given(calls: Sequence[Call]) -> list[tuple[str, str, str | None]]:
    return [(call.name, repr(call.result), call.error) for call in calls]


def _parting(a: Node, b: Node, left: Turn | None, right: Turn | None, what: What) -> Parting:
    if left is None:  # the first tree's node ended before
        when = (a.ended_tick or 0, a.ended or 0.0)
    elif what == "ended":
        when = (left.started_tick, left.started or 0.0)
    elif what == "results":
        when = (left.ended_tick or left.started_tick, left.ended or left.started or 0.0)
    else:
        when = (left.sampled_tick or left.started_tick, left.sampled or left.started or 0.0)
    turn = left or right
    assert turn is not None
    return Parting(a.path, b.path, turn.index, what, _said(left, what), _said(right, what), when)


def _said(turn: Turn | None, what: What) -> str:
    """What of a turn shows the difference."""
    if turn is None:
        return ""
    if what == "results":
        given = [call.error or f"{call.name}(...) -> {call.result!r}" for call in turn.calls]
        return "\n".join(part for part in (*given, turn.output, turn.error or "") if part)
    return turn.text if what == "words" or not turn.code else turn.code
