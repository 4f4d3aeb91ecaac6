"""What a node of the script knows: read from its history, as a model reads it.

It keeps no state: each turn the node's history is read anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rao_lab.environments.research.articles import told
from rao_lab.environments.research.graph import Value, counted, picked
from rao_lab.environments.research.questions import Count, Fact, Name, Pick, Question, parse, parts_of
from rao_lab.environments.research.relations import RELATIONS
from rao_lab.tree import Call, Turn

UNKNOWN = "unknown"
"""What a node answers that does not know."""
OUT_OF_BUDGET = "yourself"
"""A word that only refusals by a limit hold: there will be no more helpers."""
TRIES = 2
"""Helpers that fail at a question before a node finds the answer itself."""

Step = tuple[str, tuple[Any, ...]]
"""A call: search or open, and its arguments."""


@dataclass
class Notes:
    """What a node has read and heard."""

    facts: dict[tuple[str, str], Value] = field(default_factory=dict)
    """(relation, subject) -> value."""
    answers: dict[Question, Value] = field(default_factory=dict)
    """What helpers found."""
    failures: dict[Question, int] = field(default_factory=dict)
    hits: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    """Words of a search -> doc, title and page of what it found."""
    opened: dict[str, tuple[str, int, set[int]]] = field(default_factory=dict)
    """Document -> its title, how many pages it has, and those that were read."""
    alone: bool = False
    """A limit refused a launch."""

    def hear(self, call: Call) -> None:
        """Reads what one call returned."""
        given = [*call.args, *call.kwargs.values()]
        first = str(given[0]) if given else ""
        if call.name == "launch_subagent":
            self._hear_helper(parse(first), call)
        elif call.error is not None:
            return
        elif call.name == "search" and isinstance(call.result, Sequence):
            self.hits[first] = [(hit["doc"], hit["title"], hit["page"]) for hit in call.result]
            for hit in call.result:
                self._read(hit)
        elif call.name == "open" and isinstance(call.result, Mapping):
            page = call.result
            self.opened.setdefault(page["doc"], (page["title"], page["pages"], set()))[2].add(page["page"])
            self._read(page)

    def _read(self, found: Mapping[str, Any]) -> None:
        for relation, subject, value in told(found["title"], found["text"]):
            self.facts[relation, subject] = value

    def _hear_helper(self, asked: Question | None, call: Call) -> None:
        self.alone |= call.child is None and OUT_OF_BUDGET in (call.error or "")
        if asked is None:
            return
        fine = call.error is None and isinstance(call.result, (str, int)) and call.result != UNKNOWN
        if fine and not isinstance(call.result, bool):
            self.answers[asked] = call.result
        else:
            self.failures[asked] = self.failures.get(asked, 0) + 1

    # What follows from it

    def value(self, asked: Question) -> Value | None:
        """The answer, if it follows from what is known."""
        if asked in self.answers:
            return self.answers[asked]
        if isinstance(asked, Name):
            return int(asked.name) if asked.name.isdecimal() else asked.name
        if isinstance(asked, Fact):
            of = self.value(asked.of)
            return self._fact(asked.relation, of) if isinstance(of, str) else None
        items = [self.value(item) for item in asked.items]
        values = [self._fact(asked.relation, item) if isinstance(item, str) else None for item in items]
        if None in values:
            return None
        if isinstance(asked, Pick):
            return picked(asked.largest, dict(zip(map(str, items), values, strict=True)))
        return counted(asked.relation, [each for each in values if each is not None], self.value(asked.value))

    def _fact(self, relation: str, subject: str) -> Value | None:
        return self.facts.get((relation, subject), self.answers.get(Fact(relation, Name(subject))))

    def missing(self, asked: Question) -> Iterator[Fact]:
        """The facts that can be looked up now and are not known."""
        if self.value(asked) is not None:
            return
        known = [self.value(part) for part in parts_of(asked)]
        for part, value in zip(parts_of(asked), known, strict=True):
            if value is None:
                yield from self.missing(part)
        if None not in known and isinstance(asked, (Fact, Pick, Count)):
            subjects = known[: -1 if isinstance(asked, Count) else None]
            for subject in dict.fromkeys(subjects):
                if isinstance(subject, str) and self._fact(asked.relation, subject) is None:
                    yield Fact(asked.relation, Name(subject))

    def helpful(self, asked: Question) -> list[Question]:
        """The parts that can be asked of helpers now: the things first, then a fact of each of them."""
        parts = [part for part in parts_of(asked) if self.value(part) is None]
        if not parts and isinstance(asked, (Pick, Count)):
            parts = [*self.missing(asked)]
        return [part for part in dict.fromkeys(parts) if self.failures.get(part, 0) < TRIES]

    def look_up(self, fact: Fact) -> Step | None:
        """The next call on the way to a fact; None = there is nowhere left to look."""
        name = fact.of.name if isinstance(fact.of, Name) else ""
        relation = RELATIONS[fact.relation]
        as_told = (each.replace("{x}", name).replace("{o}", "").strip(" .") for each in relation.sentences)
        queries = (f"{name} {relation.word}", name, *as_told)
        for query in queries:
            if query not in self.hits:
                return "search", (query,)
            for doc, page in self._unread(self.hits[query], name):
                return "open", (doc, page)
        return None

    def _unread(self, hits: Iterable[tuple[str, str, int]], name: str) -> Iterator[tuple[str, int]]:
        """Pages that were found and not read: those under the name first, with all that follow and come before."""
        for doc, _, page in sorted(hits, key=lambda hit: hit[1] != name):
            title, pages, read = self.opened.get(doc, ("", page, set()))
            wanted = (page, *range(1, pages + 1)) if title == name else (page,)
            yield from ((doc, each) for each in dict.fromkeys(wanted) if each not in read)


def notes_of(history: Sequence[Turn]) -> Notes:
    notes = Notes()
    for turn in history:
        for call in turn.calls:
            notes.hear(call)
    return notes
