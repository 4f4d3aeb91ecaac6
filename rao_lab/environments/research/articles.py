"""The made-up world as articles: one for each thing, in sentences that vary, and with what only distracts.

`article` writes one, and `told` reads sentences as the script does: it finds the facts that a text tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from rao_lab.environments.research.corpus import Document
from rao_lab.environments.research.graph import Graph, Thing, Value
from rao_lab.environments.research.relations import NUMBER, RELATIONS, Relation

ELSEWHERE = 0.3
"""Share of the facts, of relations for which this may be, that stand in the article of the value."""
LONG = 0.08
"""Share of the articles that are several pages long."""
RIVALS = 6
"""Most names that are alike, of those that an article warns of."""
_SAID = {
    "person": ("{x} is known beyond the region.", "Much has been written about {x}.", "{x} left few papers."),
    "company": ("{x} is a company.", "{x} is a family firm.", "The sign of {x} is known to every carter."),
    "product": ("{x} is a product with many admirers.", "{x} was shown at fairs.", "Repair shops keep parts of {x}."),
    "town": ("{x} is a town.", "{x} has a market on Fridays.", "The railway reached {x} late."),
    "province": ("{x} is a province.", "The hills of {x} are low.", "{x} lives on wool and timber."),
    "school": ("{x} is a school.", "{x} keeps a small museum.", "The library of {x} is open to all."),
    "book": ("{x} is a novel.", "{x} has been translated twice.", "Readers of {x} like its slow middle."),
}  # fmt: skip
_CALLED = ("{x} is also called {o}.", "Some know {x} as {o}.", "Older papers write {o} for {x}.")
_FILLER = (
    "Accounts of those years differ.",
    "The archive burned twice and was rebuilt twice.",
    "Visitors are welcome from spring to autumn.",
    "A plaque on the north wall tells the story.",
    "Most of the letters are in private hands.",
    "The weather there is mild and wet.",
    "A street bears the name to this day.",
    "Several anecdotes are told, none of them certain.",
    "The anniversary was kept quietly.",
    "Later writers have added little.",
    "Local papers reported on it at length.",
    "There was a quarrel about money, which was settled.",
    "Photographs from that time are rare.",
    "The old inventory lists three chairs and a stove.",
)
_NAMED_WITH = "Whoever speaks of {x} thinks of this."
_BESIDE = "Not to be confused with {x}. "
_PRONOUNS = {"person": "this person", "company": "the company", "product": "it", "town": "the town",
             "province": "the province", "school": "the school", "book": "the book"}  # fmt: skip


def articles(graph: Graph, seed: int) -> Iterator[Document]:
    """An article for each thing, in an order that tells nothing."""
    rng = Random(f"articles|{seed}|{len(graph.things)}")
    there: dict[str, list[tuple[str, str]]] = {}
    here: dict[str, list[str]] = {}
    for (relation, subject), value in graph.facts.items():
        if isinstance(value, str) and RELATIONS[relation].told_there and rng.random() < ELSEWHERE:
            there.setdefault(value, []).append((relation, subject))
        else:
            here.setdefault(subject, []).append(relation)
    things = list(graph.things.values())
    rng.shuffle(things)
    alike: dict[str, list[Thing]] = {}
    for thing in things:
        alike.setdefault(_stem(thing), []).append(thing)
    for number, thing in enumerate(things, start=1):
        rivals = [each for each in alike[_stem(thing)] if each.split == thing.split]
        # If very many names are alike, a search for one of them would find the articles that warn of it.
        rivals = [each for each in rivals if each is not thing] if len(rivals) <= RIVALS else []
        sentences = _sentences(graph, thing, here.get(thing.name, []), there.get(thing.name, []), rivals, rng)
        yield Document(f"d{number}", thing.name, " ".join(sentences))


def _sentences(
    graph: Graph,
    thing: Thing,
    own: Sequence[str],
    of_others: Sequence[tuple[str, str]],
    rivals: Sequence[Thing],
    rng: Random,
) -> list[str]:
    """The sentences of one article, the first of which says what it is about."""
    said = [_told(RELATIONS[name], thing, graph.facts[name, thing.name], rng) for name in own]
    for name, subject in of_others:
        told = rng.choice(RELATIONS[name].sentences).replace("{x}", subject).replace("{o}", thing.name)
        said.append(f"{told} {_NAMED_WITH.replace('{x}', subject)}")
    if thing.alias:
        said.append(rng.choice(_CALLED).replace("{x}", thing.name).replace("{o}", thing.alias))
    said += rng.sample(_FILLER, rng.randint(1, 4))
    if rivals and rng.random() < 0.6:
        said.append(_beside(graph, rng.choice(rivals), rng))
    if (
        rng.random() < LONG and not of_others
    ):  # a search would not find what a long one says beside its subject
        said += [rng.choice(_FILLER) for _ in range(rng.randint(40, 80))]
    rng.shuffle(said)
    return [rng.choice(_SAID[thing.kind]).replace("{x}", thing.name), *map(_capital, said)]


def _told(relation: Relation, thing: Thing, value: Value, rng: Random) -> str:
    """A fact of the article's own subject, which may be called by what it is."""
    subject = thing.name if rng.random() < 0.6 else _PRONOUNS[thing.kind]
    return rng.choice(relation.sentences).replace("{x}", subject).replace("{o}", str(value))


def _beside(graph: Graph, rival: Thing, rng: Random) -> str:
    """What is true of a thing with a similar name."""
    own = [relation for relation in RELATIONS.values() if (relation.name, rival.name) in graph.facts]
    relation = rng.choice(own)
    told = rng.choice(relation.sentences).replace("{x}", rival.name)
    return _BESIDE.replace("{x}", rival.name) + told.replace(
        "{o}", str(graph.facts[relation.name, rival.name])
    )


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _stem(thing: Thing) -> str:
    """The invented part of a name: its longest word."""
    return max(thing.name.split(), key=len)


# Reading

_NUMBERED = r"(?P<o>\d{1,6})"
_NAMED = r"(?P<o>[A-Z][^.,;]{1,60})"
_MEANT = "|".join(f"{pronoun}|{pronoun.capitalize()}" for pronoun in _PRONOUNS.values())
_SUBJECT = rf"(?P<x>{_MEANT}|[A-Z][^.,;]{{1,60}})"


def _pattern(sentence: str, relation: Relation) -> re.Pattern[str]:
    value = _NUMBERED if relation.value == NUMBER else _NAMED
    return re.compile(re.escape(sentence).replace(r"\{x\}", _SUBJECT).replace(r"\{o\}", value))


_PATTERNS = [
    (relation.name, _pattern(sentence, relation))
    for relation in RELATIONS.values()
    for sentence in relation.sentences
]
_END = re.compile(r"(?<=\.)\s+")


def told(title: str, text: str) -> Iterator[tuple[str, str, Value]]:
    """The facts that a text of this title tells: (relation, subject, value)."""
    meant = dict.fromkeys(_PRONOUNS.values(), title)
    for sentence in _END.split(text):
        for name, pattern in _PATTERNS:
            if found := pattern.fullmatch(sentence):
                value: Value = int(found["o"]) if found["o"].isdecimal() else found["o"]
                yield name, meant.get(found["x"].casefold(), found["x"]), value
