"""Serial awaits: children that ran one after another although the later launch did not need the earlier one.

A pair (earlier, later) of siblings is one if all of this holds:

- The later one was launched when the earlier one had ended, in another launch batch, and does not ask for the same
  again.
- Neither its goal nor what it and its descendants passed to calls names what the earlier one was for. So a chain of
  work in a shared world is none.
- In the same turn: no launch of that turn uses what another returned, neither as an argument nor in a condition
  (`launch_code.launches_freely`).
- In the next turn: the earlier one did not fail, both turns called nothing but launches, the earlier answer said
  nothing new, and the names in the later goal were known to the parent before.

The timeline draws the same pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rao_lab.tree.events import Status
from rao_lab.tree.goal_words import Goal, news, said, words_of
from rao_lab.tree.launch_code import LAUNCH, launches_freely
from rao_lab.tree.node import Node, Turn
from rao_lab.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class Serial:
    """Two children that could have run together."""

    earlier: str
    later: str
    saved: int
    """Decode steps that the shorter one took: what running both together would have saved."""


def serial_awaits(
    tree: Tree,
    across_turns: bool = True,
    goals: dict[str, Goal] | None = None,
) -> list[Serial]:
    """The pairs of a tree; see above.

    Args:
        across_turns: also those of two turns.
        goals: of the nodes, by path, if they are known already.
    """
    found = _Pairs(tree, across_turns, goals or {})
    return [pair for node in tree.nodes for pair in found.of(node)]


@dataclass(frozen=True, slots=True)
class _Pairs:
    tree: Tree
    across: bool
    goals: dict[str, Goal]

    def of(self, parent: Node) -> Iterator[Serial]:
        free: dict[int, bool] = {}
        children = self.tree.children(parent.path) if len(parent.children) > 1 else ()
        for earlier, later in pairwise(children):
            saved = _saved(earlier, later)
            if saved is None or not _one_after_the_other(earlier, later):
                continue
            first, second = (self.goals.get(each.path) or Goal.of(each) for each in (earlier, later))
            if first.key == second.key:
                continue
            if earlier.parent_turn == later.parent_turn:
                turn = earlier.parent_turn or 0
                if turn not in free:
                    free[turn] = launches_freely(parent.turns[turn - 1].code)
                independent = free[turn]
            else:
                independent = self.across and _learned_nothing(parent, earlier, later, second)
            if independent and not _builds_on(self.tree, first, later):
                yield Serial(earlier.path, later.path, saved)


def _saved(earlier: Node, later: Node) -> int | None:
    """Decode steps of the shorter one; None if one of them has not ended."""
    if earlier.ended_tick is None or later.ended_tick is None:
        return None
    return min(
        each - node.started_tick for node, each in ((earlier, earlier.ended_tick), (later, later.ended_tick))
    )


def _one_after_the_other(earlier: Node, later: Node) -> bool:
    apart = (earlier.parent_turn, earlier.launch_batch) != (later.parent_turn, later.launch_batch)
    ended = earlier.ended_tick is not None and earlier.ended_tick <= later.started_tick
    return apart and ended


def _learned_nothing(parent: Node, earlier: Node, later: Node, goal: Goal) -> bool:
    """Whether the parent knew all that the later launch says before it made the earlier one, a turn before."""
    turn = earlier.parent_turn or 0
    if later.parent_turn != turn + 1 or not 0 < turn < len(parent.turns):
        return False
    if earlier.status is not Status.FINISHED or (
        (earlier.success or 0.0) < 0.5 and earlier.success is not None
    ):
        return False
    both = parent.turns[turn - 1 : turn + 1]
    if any(each.error or any(call.name != LAUNCH for call in each.calls) for each in both):
        return False
    if news(earlier.value, f"{parent.goal} {earlier.goal} {said(earlier.args)}"):
        return False
    shown = [parent.goal, said(parent.args), *map(_seen, parent.turns[: turn - 1]), *_messages(both[0])]
    return frozenset(goal.names) <= frozenset(words_of(" ".join(shown)))


def _messages(turn: Turn) -> list[str]:
    return [message.content for message in turn.messages]


def _seen(turn: Turn) -> str:
    """What a turn showed the model, and what the model wrote in it."""
    results = (part for call in turn.calls for part in (said(call.args), said(call.result)))
    return " ".join((*_messages(turn), turn.text, turn.output, *results))


def _builds_on(tree: Tree, earlier: Goal, later: Node) -> bool:
    """Whether the later one, or a node below it, names what the earlier one was for."""
    own = frozenset(name for name in earlier.names if not name[0].isdigit())
    for node in tree.walk(later.path) if own else ():
        passed = (said([call.args, dict(call.kwargs)]) for turn in node.turns for call in turn.calls)
        if not own.isdisjoint(words_of(" ".join((node.goal, said(node.args), *passed)))):
            return True
    return False
