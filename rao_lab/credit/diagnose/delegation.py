"""The badges of delegation in one tree: what children were asked, when, and what became of their answers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rao_lab.base.safe_text import shorten
from rao_lab.base.words import counted, fixed
from rao_lab.credit.diagnose.config import BadgeConfig
from rao_lab.tree import LIMIT_STATUSES, Node, Status, Tree, Turn
from rao_lab.tree.goal_words import Goal, news, said
from rao_lab.tree.launch_code import LAUNCH, dropped
from rao_lab.tree.serial import serial_awaits
from rao_lab.tree.text import preamble


@dataclass(frozen=True, slots=True)
class Given:
    """One badge of a node of the tree that is looked at."""

    node: str
    badge: str
    value: float
    figure: str
    other: str | None = None


@dataclass(frozen=True)
class Reading:
    """A tree, its goals ready to be compared."""

    tree: Tree
    config: BadgeConfig
    usual: frozenset[str] = frozenset()
    """Words that most answers of the step hold, such as "done": they say nothing new."""

    @cached_property
    def goals(self) -> dict[str, Goal]:
        shared = preamble(self.tree.nodes)
        return {node.path: Goal.of(node, shared) for node in self.tree.nodes}

    @cached_property
    def turn_starts(self) -> list[int]:
        return sorted(turn.started_tick for node in self.tree.nodes for turn in node.turns)

    def badges(self) -> Iterator[Given]:
        if len(self.tree) < 2:
            return
        for node in self.tree.nodes:
            if node.parent is not None:
                yield from self._own_goal(node)
                yield from self._late(node, self.tree.node(node.parent))
            if node.children:
                yield from self._duplicates(node)
                yield from self._unused(node)
        for pair in serial_awaits(self.tree, self.config.across_turns, self.goals):
            if pair.saved >= self.config.serial_steps:
                figure = f"after {pair.earlier}, {counted(pair.saved, 'decode step')} lost"
                yield Given(pair.later, "serial_await", pair.saved, figure, pair.earlier)

    def _own_goal(self, node: Node) -> Iterator[Given]:
        own, best, like = self.goals[node.path], 0.0, ""
        above = node.path.rpartition(".")[0]
        while above:
            likeness = own.likeness(self.goals[above]) if own.words else 0.0
            if likeness > best:
                best, like = likeness, above
            above = above.rpartition(".")[0]
        if best >= self.config.goal_likeness:
            whose = "its parent's" if like == node.parent else f"that of {like}"
            yield Given(node.path, "own_goal", best, f"goal {fixed(100 * best, 0)} % like {whose}", like)

    def _duplicates(self, parent: Node) -> Iterator[Given]:
        asked: dict[str, list[Node]] = {}
        for child in self.tree.children(parent.path):
            key = self.goals[child.path].key
            before = asked.setdefault(key, [])
            twin = next((each for each in before if self._in_vain(each, child)), None)
            before.append(child)
            if twin is not None and key:
                yield Given(child.path, "duplicate", len(before), f"same goal as {twin.path}", twin.path)

    def _in_vain(self, first: Node, again: Node) -> bool:
        """Whether asking again was no second try: the first ran beside it, or had succeeded."""
        beside = (first.parent_turn, first.launch_batch) == (again.parent_turn, again.launch_batch)
        return beside or (first.success is not None and first.success >= self.config.success_from)

    def _late(self, node: Node, parent: Node) -> Iterator[Given]:
        launched, turns = node.parent_turn or 0, len(parent.turns)
        if launched and parent.status in LIMIT_STATUSES and turns - launched < self.config.late_turns:
            why = parent.status.value.replace("_", " ")
            yield Given(
                node.path,
                "late_launch",
                launched,
                f"launched in turn {launched} of {turns}, then {why}",
                parent.path,
            )
            return
        most = self.tree.header.limits.get("max_tree_turns")
        if not isinstance(most, int) or most < 1 or node.status not in LIMIT_STATUSES:
            return
        spent = bisect_left(self.turn_starts, node.started_tick)
        if spent / most >= self.config.late_share:
            yield Given(
                node.path, "late_launch", spent / most, f"launched after {spent} of the tree's {most} turns"
            )

    def _unused(self, parent: Node) -> Iterator[Given]:
        if parent.status is not Status.FINISHED:
            return
        for turn in parent.turns:
            if not turn.children:
                continue
            launches = [call.child for call in turn.calls if call.name == LAUNCH]
            later = parent.turns[turn.index :]
            flags = dropped(turn.code, [each.code for each in later], len(launches))
            for path, gone in zip(launches, flags, strict=True):
                if gone and path is not None and self.tree.has(path):
                    yield from self._unseen(parent, self.tree.node(path), turn, later)

    def _unseen(self, parent: Node, child: Node, turn: Turn, later: tuple[Turn, ...]) -> Iterator[Given]:
        if child.status is not Status.FINISHED:
            return
        known = f"{parent.goal} {child.goal} {said(child.args)}"
        new = news(child.value, known, self.usual)
        answer = said(child.value)
        if not new or answer.lower() in _shown(parent, turn, later):
            return
        yield Given(child.path, "unused_answer", len(new), f"returned {shorten(answer, 40)!r}", parent.path)


def _shown(parent: Node, turn: Turn, later: tuple[Turn, ...]) -> str:
    """All that the parent read, wrote and returned after a turn's code ran, in small letters."""
    parts = [turn.output, said(parent.value)]
    for each in later:
        parts += [message.content for message in each.messages]
        parts += [each.text, each.output]
    return " ".join(parts).lower()
