"""Draws questions from a graph: chains, independent ones and mixtures of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from rao_lab.environments.research.graph import Graph, Thing
from rao_lab.environments.research.questions import Count, Fact, Name, Pick, Question
from rao_lab.environments.research.relations import KINDS, NUMBER, RELATIONS, Relation
from rao_lab.errors import ConfigError

TRIES = 2000
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Level:
    """What a difficulty means. Each is the least and the most."""

    chain: Span
    """Facts of a chain, each of which needs the one before it."""
    items: Span
    """Things that an independent question compares or counts."""
    mixed: Span
    """Things that a mixed question compares or counts, each at the end of a chain of its own."""
    deep: Span
    """Facts of such a chain."""


LEVELS: Mapping[str, Level] = {
    "easy": Level((1, 2), (2, 3), (2, 2), (1, 1)),
    "medium": Level((2, 3), (3, 4), (2, 3), (1, 1)),
    "hard": Level((4, 4), (5, 6), (3, 4), (2, 2)),
    "extreme": Level((5, 5), (8, 8), (4, 6), (2, 3)),
}
_ENTITY = [relation for relation in RELATIONS.values() if relation.value != NUMBER]
_ORDERED = [relation for relation in RELATIONS.values() if relation.orders]
_COUNTED = [relation for relation in RELATIONS.values() if relation.counted]


class Draw:
    """Draws the questions of one split."""

    def __init__(self, graph: Graph, split: str, level: Level, rng: Random) -> None:
        self._graph = graph
        self._split = split
        self._level = level
        self._rng = rng

    def question(self, kind: str) -> Question:
        """One of this kind that has an answer.

        Raises:
            ConfigError: the world is too small for it.
        """
        for _ in range(TRIES):
            if kind == "chain":
                found = self._chain(self._span(self._level.chain))
            elif kind == "independent":
                found = self._over(self._span(self._level.items), 0)
            elif self._rng.random() < 0.5:
                found = self._over(self._span(self._level.mixed), self._span(self._level.deep))
            else:
                found = self._onwards(self._span(self._level.mixed), self._span(self._level.deep))
            if found is not None and self._graph.answer(found) is not None:
                return found
        raise ConfigError(f"documents={len(self._graph.things)} are too few for {kind} questions: give more")

    def _span(self, span: Span) -> int:
        return self._rng.randint(*span)

    def _things(self, kind: str) -> Sequence[Thing]:
        return self._graph.by_kind[self._split, kind]

    def _chain(self, count: int) -> Question | None:
        """A walk from a thing that meets nothing twice."""
        start = self._rng.choice(self._things(self._rng.choice(KINDS)))
        return self._walk(Name(start.name), start, count)

    def _walk(self, asked: Question, at: Thing, count: int) -> Question | None:
        met = {at.name}
        for left in range(count, 0, -1):
            ways = [
                each
                for each in (RELATIONS.values() if left == 1 else _ENTITY)
                if (each.name, at.name) in self._graph.facts
            ]
            if not ways:
                return None
            relation = self._rng.choice(ways)
            asked = Fact(relation.name, asked)
            value = self._graph.facts[relation.name, at.name]
            if isinstance(value, str):
                if value in met:
                    return None
                met.add(value)
                at = self._graph.things[value]
        return asked

    def _over(self, count: int, deep: int) -> Question | None:
        """Compares or counts; each thing stands at the end of a chain of `deep` facts."""
        if self._rng.random() < 0.6:
            relation = self._rng.choice(_ORDERED)
            items = self._items(relation, count, deep)
            return Pick(relation.name, self._rng.random() < 0.5, items) if items else None
        relation = self._rng.choice(_COUNTED)
        items = self._items(relation, count, deep, alike=True)
        if not items:
            return None
        values = [self._graph.answer(Fact(relation.name, item)) for item in items]
        value = self._rng.choice(values)
        return Count(relation.name, items, Name(str(value)))

    def _items(
        self, relation: Relation, count: int, deep: int, alike: bool = False
    ) -> tuple[Question, ...] | None:
        """Different things of one kind; if `alike`, some of them share a value of the relation."""
        things = self._things(self._rng.choice(relation.subjects))
        chosen = self._rng.sample(things, min(count, len(things)))
        if alike and relation.value != NUMBER:
            shared = self._graph.facts[relation.name, chosen[0].name]
            same = [each for each in things if self._graph.facts[relation.name, each.name] == shared]
            same = self._rng.sample(same, self._rng.randint(1, min(len(same), count)))
            chosen = [*same, *(each for each in chosen if each not in same)][:count]
            self._rng.shuffle(chosen)
        if len(chosen) < count:
            return None
        items = [self._back(thing, deep) for thing in chosen]
        return tuple(item for item in items if item) if all(items) else None

    def _back(self, thing: Thing, deep: int) -> Question | None:
        """A chain of so many facts that ends at the thing."""
        path: list[str] = []
        name, met = thing.name, {thing.name}
        for _ in range(deep):
            ways = [way for way in self._graph.subjects.get(name, ()) if way[1] not in met]
            if not ways:
                return None
            relation, name = self._rng.choice(ways)
            met.add(name)
            path.append(relation)
        asked: Question = Name(name)
        for relation in reversed(path):
            asked = Fact(relation, asked)
        return asked

    def _onwards(self, count: int, deep: int) -> Question | None:
        """A chain that starts at the one of several things."""
        asked = self._over(count, 0)
        if not isinstance(asked, Pick):
            return None
        found = self._graph.answer(asked)
        return self._walk(asked, self._graph.things[found], deep) if isinstance(found, str) else None
