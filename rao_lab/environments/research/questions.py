"""Questions as trees, and as English.

    Fact("founder", Fact("maker", Name("Ostrin Lamp")))       Who founded the company that makes Ostrin Lamp?
    Pick("founded", False, (Name("Aro Mills"), Name("Bex")))  Which of Aro Mills and Bex was founded first?
    Count("birthplace", (Name("Ida Bo"), ...), Name("Tarn"))  How many of Ida Bo, ... were born in Tarn?

`question` writes one, and `parse` reads it back, also in some other words. It knows no names: what stands where a
name is due is a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from rao_lab.environments.research.relations import RELATIONS

MAX_QUESTION = 1200
"""Longest question that is read, in characters."""
MAX_NAME = 60
MAX_STEPS = 3000
"""Phrases that are tried for one text: a hostile one may be read in very many ways."""
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Name:
    """Something by its name, or a number."""

    name: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What a relation says of something."""

    relation: str
    of: Question


@dataclass(frozen=True, slots=True)
class Pick:
    """The one of several for which a relation has the smallest value, or the largest."""

    relation: str
    largest: bool
    items: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many of several have this value; of a number: a smaller one."""

    relation: str
    items: tuple[Question, ...]
    value: Question


Question = Name | Fact | Pick | Count


def kind_of(asked: Question) -> str:
    """chain: each part needs what the part before it found. independent: the parts do not need each other. mixed:
    both occur. "" = a name, which asks nothing."""
    if isinstance(asked, Name):
        return ""
    if isinstance(asked, Fact):
        return "chain" if kind_of(asked.of) in ("", "chain") else "mixed"
    return "independent" if all(isinstance(part, Name) for part in parts_of(asked)) else "mixed"


def hops(asked: Question) -> int:
    """The most facts of which each needs the one before it."""
    return 0 if isinstance(asked, Name) else 1 + max(hops(part) for part in parts_of(asked))


def parts_of(asked: Question) -> tuple[Question, ...]:
    """What a question is asked about."""
    if isinstance(asked, Name):
        return ()
    if isinstance(asked, Fact):
        return (asked.of,)
    return asked.items if isinstance(asked, Pick) else (*asked.items, asked.value)


def names_in(asked: Question) -> Iterator[str]:
    if isinstance(asked, Name):
        yield asked.name
    for part in parts_of(asked):
        yield from names_in(part)


# Writing


def question(asked: Question) -> str:
    """The question in English."""
    if isinstance(asked, Fact):
        return RELATIONS[asked.relation].questions[0].replace("{x}", phrase(asked.of))
    if isinstance(asked, Pick):
        return f"Which of {_listed(asked.items)} {_order(asked)}?"
    if isinstance(asked, Count):
        counted = RELATIONS[asked.relation].counted.replace("{v}", phrase(asked.value))
        return f"How many of {_listed(asked.items)} {counted}?"
    return f"What is {asked.name}?"


def phrase(asked: Question) -> str:
    """The answer's name as it can stand inside another question."""
    if isinstance(asked, Fact):
        return RELATIONS[asked.relation].phrases[0].replace("{x}", phrase(asked.of))
    if isinstance(asked, Pick):
        return f"the one of {_listed(asked.items)} that {_order(asked)}"
    return (
        asked.name
        if isinstance(asked, Name)
        else "the number of " + question(asked)[len("How many of ") : -1]
    )


def _order(asked: Pick) -> str:
    orders = RELATIONS[asked.relation].orders
    return "" if orders is None else orders[asked.largest]


def _listed(items: Sequence[Question]) -> str:
    *first, last = map(phrase, items)
    return f"{', '.join(first)} and {last}" if first else last


# Reading


@dataclass
class _Steps:
    """What may still be tried for one text."""

    left: int = MAX_STEPS
    depth: int = 0


Read = Callable[[str, _Steps], Question | None]
_SPACES = re.compile(r"\s+")
_ASKS = re.compile(r"(?:who|what|which) (?:is|was|are|were) (?=the )", re.IGNORECASE)


def parse(text: str) -> Question | None:
    """The question, if it is one of these; None for any other text."""
    if len(text) > MAX_QUESTION:
        return None
    plain = _SPACES.sub(" ", text).strip().rstrip("?. ")
    steps = _Steps()
    for read in _QUESTIONS:
        if (found := read(plain, steps)) is not None:
            return found
    found = _phrase(_ASKS.sub("", plain), steps)
    return None if isinstance(found, Name) else found


def _phrase(text: str, steps: _Steps) -> Question | None:
    """What a phrase names."""
    steps.left -= 1
    if steps.left < 0 or steps.depth >= MAX_DEPTH:
        return None
    steps.depth += 1
    found = next((found for read in _PHRASES if (found := read(text, steps)) is not None), None)
    steps.depth -= 1
    if found is not None:
        return found
    fine = 0 < len(text) <= MAX_NAME and not text.casefold().startswith("the ") and "," not in text
    return Name(text) if fine else None


def _list(text: str, steps: _Steps) -> tuple[Question, ...] | None:
    """The things of "A, B and C"."""
    first, found, last = text.rpartition(" and ")
    items = [_phrase(part.strip(), steps) for part in ([*first.split(", "), last] if found else [])]
    return tuple(item for item in items if item is not None) if items and None not in items else None


def _inside(template: str, text: str) -> str | None:
    """What stands for the gap of a template, whatever the case of its other words."""
    before, _, after = template.partition("{x}")
    low = text.casefold()
    fits = low.startswith(before.casefold()) and low.endswith(after.casefold())
    return text[len(before) : len(text) - len(after)] if fits and len(low) == len(text) else None


def _fact(template: str, relation: str, text: str, steps: _Steps) -> Question | None:
    inner = _inside(template, text)
    of = _phrase(inner, steps) if inner else None
    return None if of is None else Fact(relation, of)


def _pick(template: str, relation: str, largest: bool, text: str, steps: _Steps) -> Question | None:
    inner = _inside(template, text)
    items = _list(inner, steps) if inner else None
    return None if items is None else Pick(relation, largest, items)


def _count(template: str, verb: str, relation: str, text: str, steps: _Steps) -> Question | None:
    inner = _inside(template, text)
    at = inner.casefold().find(verb) if inner else -1
    while inner and at >= 0:  # the words may stand in a phrase of the list, too
        items, value = _list(inner[:at], steps), _phrase(inner[at + len(verb) :], steps)
        if items is not None and value is not None:
            return Count(relation, items, value)
        at = inner.casefold().find(verb, at + 1)
    return None


def _readers(question_form: bool) -> list[Read]:
    found: list[Read] = []
    for each in RELATIONS.values():
        for template in each.questions if question_form else each.phrases:
            found.append(partial(_fact, template.rstrip("?"), each.name))
        for largest, order in enumerate(each.orders or ()):
            template = f"which of {{x}} {order}" if question_form else f"the one of {{x}} that {order}"
            found.append(partial(_pick, template, each.name, bool(largest)))
        if each.counted:
            template = "how many of {x}" if question_form else "the number of {x}"
            found.append(partial(_count, template, f" {each.counted.removesuffix('{v}')}", each.name))
    return found


_QUESTIONS = _readers(question_form=True)
_PHRASES = _readers(question_form=False)
