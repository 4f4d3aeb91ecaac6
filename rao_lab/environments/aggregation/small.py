"""The preset "small": each line is one word, and a question asks how many words are of a kind.

The kinds are hidden: nothing in a word tells that an otter is an animal. So a context must be read, and whoever reads
it must know its 48 words, as a model with a vocabulary of its own can learn them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from rao_lab.environments.aggregation.answers import Answer, Number, whole_number

KINDS: Mapping[str, tuple[str, ...]] = {
    "animal": ("otter", "heron", "badger", "lizard", "salmon", "falcon", "donkey", "beetle"),
    "instrument": ("violin", "trumpet", "banjo", "flute", "cello", "harp", "oboe", "drum"),
    "fruit": ("apple", "mango", "cherry", "plum", "lemon", "peach", "banana", "grape"),
    "tool": ("hammer", "chisel", "wrench", "drill", "pliers", "shovel", "saw", "rake"),
    "garment": ("jacket", "scarf", "sandal", "mitten", "shirt", "skirt", "sock", "cloak"),
    "vehicle": ("tractor", "bicycle", "canoe", "tram", "lorry", "ferry", "scooter", "glider"),
}
WORDS = tuple(word for words in KINDS.values() for word in words)
_KIND_OF = {word: kind for kind, words in KINDS.items() for word in words}
_QUESTION = re.compile(rf"how many lines name an? ({'|'.join(KINDS)})\??", re.IGNORECASE)


def question(kind: str) -> str:
    """ "How many lines name an animal?" """
    return f"How many lines name {'an' if kind[0] in 'aeiou' else 'a'} {kind}?"


def kind_asked(text: str) -> str | None:
    """The kind that a question asks for; None if it is no question of this preset."""
    found = _QUESTION.fullmatch(" ".join(text.split()))
    return found[1].lower() if found else None


def count(lines: Sequence[str], kind: str) -> int:
    """How many of these lines name something of a kind."""
    return sum(_KIND_OF.get(line.strip()) == kind for line in lines)


def make_lines(size: int, rng: Random) -> list[str]:
    """A context. Its kinds have shares of their own, so that no count can be told from the size."""
    weights = [0.1 + rng.expovariate(1.0) for _ in KINDS]
    return [rng.choice(KINDS[kind]) for kind in rng.choices(tuple(KINDS), weights, k=size)]


class Small:
    """A `Source` and a `Skill` of the preset "small"."""

    def __init__(self, lines: Sequence[str] = ()) -> None:
        self.lines = lines

    def answer(self, asked: str, start: int, end: int) -> Answer | None:
        kind = kind_asked(asked)
        return None if kind is None else Number(count(self.lines[start:end], kind))

    def hint(self, asked: str) -> str:
        return ""

    def part_of(self, asked: str) -> str | None:
        return asked if kind_asked(asked) else None

    def tally(self, part: str, lines: Sequence[str]) -> int:
        return count(lines, kind_asked(part) or "")

    def fits(self, part: str, value: Any, size: int) -> bool:
        found = whole_number(value)
        return found is not None and 0 <= found <= size

    def together(self, asked: str, parts: str) -> str:
        return f"finish(sum({parts}))"


def program(asked: str, at_once: int) -> str:
    """The code of one turn that answers a question, for who knows all words."""
    words = ", ".join(f'"{word}"' for word in KINDS[kind_asked(asked) or "animal"])
    return f"""\
words = [{words}]
finish(sum(line in words for n in range(0, length(), {at_once}) for line in read(n, n + {at_once})))"""
