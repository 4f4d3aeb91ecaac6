"""The presets: what their lines are, how long, and how contexts and questions are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from types import MappingProxyType
from typing import Protocol

from rao_lab.environments.aggregation import small, text
from rao_lab.environments.aggregation.questions import Question
from rao_lab.environments.aggregation.script import Skill
from rao_lab.environments.aggregation.topics import TOPICS, statements
from rao_lab.environments.aggregation.world import Source
from rao_lab.environments.drawn import split_of


class Made(Source, Skill, Protocol):
    """A context that was drawn, and a reader of it."""


@dataclass(frozen=True)
class Preset:
    """One kind of contexts."""

    name: str
    lines: Mapping[str, Sequence[int]]
    """Difficulty -> numbers of lines."""
    at_once: int
    """Lines that one call of `read` gives."""
    leaf: int
    """Lines that an agent of the script reads itself."""
    can_find: bool
    draw: Callable[[int, str, Random], tuple[str, str]]
    """(lines, split, rng) -> what the context is drawn from, and a question."""
    make: Callable[[str, int, str], Made]
    """(what it is drawn from, lines, split) -> the context."""
    skill: Skill
    kind: Callable[[str], str]
    """Question -> its kind, for labels."""
    searches: Callable[[str], list[str] | None] = lambda asked: None
    """See `text.searches`."""
    program: Callable[[str, int], str] | None = None
    """(question, lines a call) -> one turn that answers it; None = none is known that does not read and understand."""


def _draw_small(size: int, split: str, rng: Random) -> tuple[str, str]:
    """A context belongs to a split by its content; so few lines that a split may have none belong to all."""
    asked = small.question(rng.choice(tuple(small.KINDS)))
    while True:
        key = f"{rng.getrandbits(64):016x}"
        if size < 4 or split_of("\n".join(_make_small(key, size, split).lines)) == split:
            return key, asked


def _make_small(key: str, size: int, split: str) -> small.Small:
    return small.Small(small.make_lines(size, Random(f"small/{key}")))


@cache
def _said(split: str) -> Mapping[str, Sequence[str]]:
    return MappingProxyType({topic: statements(topic, split) for topic in TOPICS})


def _draw_text(size: int, split: str, rng: Random) -> tuple[str, str]:
    key = f"{rng.getrandbits(64):016x}"
    return key, text.draw_question(key, size, rng)


def _make_text(key: str, size: int, split: str) -> text.Text:
    return text.Text(*text.make_rows(key, size, _said(split)))


def _kind_of(asked: str) -> str:
    question = Question.parse(asked)
    return question.kind if question else "other"


PRESETS: Mapping[str, Preset] = {
    "small": Preset(
        name="small",
        lines={
            "easy": (8,),
            "medium": (16, 24, 32),
            "hard": (48, 64, 80, 96),
            "extreme": (128, 160, 192, 224, 256),
        },
        at_once=8,
        leaf=8,
        can_find=False,
        draw=_draw_small,
        make=_make_small,
        skill=small.Small(),
        kind=lambda asked: "count",
        program=small.program,
    ),
    "text": Preset(
        name="text",
        lines={
            "easy": (20, 30, 40),
            "medium": (100, 150, 200),
            "hard": (500, 750, 1000),
            "extreme": (5000, 10_000),
        },
        at_once=25,
        leaf=50,
        can_find=True,
        draw=_draw_text,
        make=_make_text,
        skill=text.Text(),
        kind=_kind_of,
        searches=text.searches,
    ),
}
