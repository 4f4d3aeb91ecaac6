"""A made-up world: people, companies, towns and so on, with what is true of them.

The three splits are three parts that share nothing: no fact leads from one part into another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from rao_lab.environments.drawn import SPLITS
from rao_lab.environments.research.names import Names
from rao_lab.environments.research.questions import Count, Fact, Name, Pick, Question
from rao_lab.environments.research.relations import KINDS, NUMBER, RELATIONS, Relation

SHARES: Mapping[str, float] = {"train": 0.6, "dev": 0.2, "test": 0.2}
OF_KIND: Mapping[str, float] = {
    "person": 0.3, "company": 0.18, "product": 0.16, "town": 0.12, "province": 0.03, "school": 0.08, "book": 0.13
}  # fmt: skip
"""Kind -> its share of the things of a part."""
LEAST = 3
"""Things of each kind in a part."""

Value = str | int
"""The name of a thing, or a number."""


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    kind: str
    split: str
    alias: str = ""
    """Another name that an article mentions."""


@dataclass(frozen=True)
class Graph:
    """Things by name, and facts."""

    things: Mapping[str, Thing]
    facts: Mapping[tuple[str, str], Value]
    """(relation, name of the subject) -> value."""
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for thing in self.things.values():
            self._names[thing.name.casefold()] = thing.name
            if thing.alias:
                self._names[thing.alias.casefold()] = thing.name

    @cached_property
    def by_kind(self) -> Mapping[tuple[str, str], Sequence[Thing]]:
        """(split, kind) -> things."""
        found: dict[tuple[str, str], list[Thing]] = defaultdict(list)
        for thing in self.things.values():
            found[thing.split, thing.kind].append(thing)
        return found

    @cached_property
    def subjects(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Name of a value -> the (relation, subject) that have it."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for (relation, subject), value in self.facts.items():
            if isinstance(value, str):
                found[value].append((relation, subject))
        return found

    def known(self, name: str) -> str | None:
        """The full name of a thing that is called so; None = there is none."""
        return self._names.get(" ".join(name.casefold().split()))

    def accepted(self, value: Value) -> list[Value]:
        """What an answer may say for a value."""
        if isinstance(value, int):
            return [value]
        alias = self.things[value].alias
        return [value, alias] if alias else [value]

    def same(self, asked: Question) -> Question:
        """The question with full names, so that questions of one meaning are equal."""
        if isinstance(asked, Name):
            return Name(self.known(asked.name) or " ".join(asked.name.casefold().split()))
        if isinstance(asked, Fact):
            return Fact(asked.relation, self.same(asked.of))
        items = tuple(map(self.same, asked.items))
        if isinstance(asked, Pick):
            return Pick(asked.relation, asked.largest, items)
        return Count(asked.relation, items, self.same(asked.value))

    def answer(self, asked: Question) -> Value | None:
        """What is true; None if the question names nothing of this world, or has no one answer."""
        if isinstance(asked, Name):
            return (
                int(asked.name) if asked.name.isdecimal() and len(asked.name) < 10 else self.known(asked.name)
            )
        if isinstance(asked, Fact):
            of = self.answer(asked.of)
            return self.facts.get((asked.relation, of)) if isinstance(of, str) else None
        items = [self.answer(item) for item in asked.items]
        values = [self.facts.get((asked.relation, item)) if isinstance(item, str) else None for item in items]
        if None in values:
            return None
        if isinstance(asked, Count):
            return counted(
                asked.relation, [value for value in values if value is not None], self.answer(asked.value)
            )
        return picked(asked.largest, dict(zip([str(item) for item in items], values, strict=True)))


def picked(largest: bool, values: Mapping[str, Value | None]) -> str | None:
    """The name with the smallest or the largest number; None if there is no one such."""
    numbers = [value for value in values.values() if isinstance(value, int)]
    if len(numbers) < len(values) or not numbers:
        return None
    best = max(numbers) if largest else min(numbers)
    names = [name for name, value in values.items() if value == best]
    return names[0] if len(names) == 1 else None


def counted(relation: str, values: Sequence[Value], value: Value | None) -> int | None:
    """How many have the value; of a number, how many have a smaller one."""
    if value is None:
        return None
    if RELATIONS[relation].value != NUMBER:
        return sum(each == value for each in values)
    return sum(int(each) < value for each in values) if isinstance(value, int) else None


def make_graph(seed: int, size: int) -> Graph:
    """A world of so many things."""
    rng = Random(f"research|{seed}|{size}")
    names = Names(rng)
    things: dict[str, Thing] = {}
    facts: dict[tuple[str, str], Value] = {}
    for split in SPLITS:
        part: dict[str, list[Thing]] = {kind: [] for kind in KINDS}
        for kind in KINDS:
            for _ in range(max(LEAST, round(size * SHARES[split] * OF_KIND[kind]))):
                name, alias = names.draw(kind)
                part[kind].append(Thing(name, kind, split, alias))
        for kind in KINDS:
            things.update((thing.name, thing) for thing in part[kind])
        facts.update(_facts(part, rng))
    return Graph(things, facts)


def _facts(part: Mapping[str, Sequence[Thing]], rng: Random) -> Iterator[tuple[tuple[str, str], Value]]:
    """Everything that is true in one part."""
    for relation in RELATIONS.values():
        for kind in relation.subjects:
            for place, thing in enumerate(part[kind]):
                yield (relation.name, thing.name), _value(relation, place, part, rng)


def _value(relation: Relation, place: int, part: Mapping[str, Sequence[Thing]], rng: Random) -> Value:
    if relation.name == "people":
        return rng.randrange(400, 90_000)
    if relation.value == NUMBER:
        return rng.randrange(1700, 1960)
    choice = part[relation.value]
    if relation.name == "capital" or (relation.name == "province" and place < len(choice)):
        return choice[place].name  # so a capital lies in its province
    chosen = rng.randrange(len(choice))
    if relation.value in relation.subjects and chosen == place:  # nobody is their own teacher
        chosen = (chosen + 1) % len(choice)
    return choice[chosen].name
