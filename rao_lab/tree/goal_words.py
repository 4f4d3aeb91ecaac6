"""What a goal or an answer says, as words: when two goals ask for the same, and whether an answer says more.

Goals are compared by words, not by characters: "2x e4" and "2x d3" share most of their letters and nothing else. A
word that names something (it holds a digit, or a capital that begins no sentence) must be the same in both, so that
"lines 0 to 500" is no copy of "lines 0 to 1000", and "what Bob said" none of "what Alice said".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rao_lab.tree.node import Node

MOST_CHARACTERS = 4000
"""Of a goal, of its arguments and of an answer that are read."""
MOST_LEAVES = 200
EMPTY_WORDS = frozenset(
    {"done", "ok", "okay", "finished", "complete", "completed", "success", "none", "nothing"}
)
"""An answer of these alone says that the work is over, and nothing about it."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal with its arguments, ready to be compared."""

    key: str
    """The same for goals that ask for the same in the same words."""
    words: Counter[str]
    names: Counter[str]

    @classmethod
    def of(cls, node: Node, preamble: str = "") -> Goal:
        """The goal of a node; what its arguments say beyond the goal counts as part of it.

        Args:
            preamble: what all goals of the tree begin with; it says nothing.
        """
        said = node.goal[:MOST_CHARACTERS]
        rest = " ".join(leaf for leaf in leaves(node.args) if leaf not in said)[:MOST_CHARACTERS]
        text = said.removeprefix(preamble) + (f"\n{rest}" if rest else "")
        return cls(" ".join(text.lower().split()), words_of(text), names_of(text))

    def likeness(self, other: Goal) -> float:
        """Dice's coefficient of the words, in [0, 1]; 0 if they name different things."""
        if self.key == other.key:
            return 1.0
        if self.names != other.names:
            return 0.0
        both = self.words.total() + other.words.total()
        return 2 * (self.words & other.words).total() / both if both else 0.0


def words_of(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))


def names_of(text: str) -> Counter[str]:
    """The words that name something, in small letters."""
    found: Counter[str] = Counter()
    for each in _WORD.finditer(text):
        word, before = each[0], text[max(0, each.start() - 2) : each.start()].rstrip(" ")
        begins = before[-1:] in ("", "\n", ".", "!", "?", ":") and (each.start() < 2 or before != "")
        if any(sign.isdigit() for sign in word) or (word[0].isupper() and not begins):
            found[word.lower()] += 1
    return found


def leaves(value: Any) -> Iterator[str]:
    """The keys and plain values in nested data, as text."""
    stack, seen = [value], 0
    while stack and seen < MOST_LEAVES:
        seen += 1
        each = stack.pop()
        if isinstance(each, Mapping):
            stack.extend(reversed([part for pair in each.items() for part in pair]))
        elif isinstance(each, list | tuple):
            stack.extend(reversed(each))
        elif each is not None and not isinstance(each, bool):
            yield str(each)[:MOST_CHARACTERS]


def said(value: Any) -> str:
    """The text of any value, cut."""
    return " ".join(leaves(value))[:MOST_CHARACTERS]


def news(answer: Any, known: str, usual: frozenset[str] = frozenset()) -> frozenset[str]:
    """The words of an answer but those in `known` (the goal it answers), empty ones and `usual` ones."""
    return frozenset(words_of(said(answer))) - frozenset(words_of(known)) - EMPTY_WORDS - usual
