"""Turns of the script that go wrong, in the ways of people and small models, so that views have something to show."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

from rao_lab.environments.research.questions import Question, names_in, parse
from rao_lab.environments.research.reading import Notes, notes_of
from rao_lab.environments.research.script import finish, launch, next_turn
from rao_lab.protocols import TurnRequest

Mistake = Callable[[Question, Notes, Random], tuple[str, str]]


def mistaken_turn(request: TurnRequest, style: str, rng: Random) -> tuple[str, str]:
    """A thought and code that goes wrong. If there is no code, the turn has no action."""
    asked = parse(str(request.args["question"]))
    if asked is None:
        return next_turn(request, style)
    notes = notes_of(request.history)
    kinds = [*_LOOKING]
    if style == "parts" and request.agent != "flat" and not notes.alone:
        several = len(notes.helpful(asked)) > 1
        kinds += [*_DELEGATING, *([_one_after_another, _forget_one] if several else [])]
    return rng.choice(kinds)(asked, notes, rng)


def _no_code(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    return "I should look this up. First I would search for the names.", ""


def _misspelt(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    return "I look it up.", f"print(lookup({json.dumps(_name(asked, rng))}))"


def _a_title(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    return "I open the article.", f"print(open({json.dumps(_name(asked, rng))}))"


def _guess(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    titles = [title for hits in notes.hits.values() for _, title, _ in hits]
    return "This must be it.", finish(rng.choice(titles or [_name(asked, rng)]))


def _all_of_them(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    return "One of these is right.", finish(", ".join(names_in(asked)))


def _own_question(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    return "Somebody else should find this.", f"print(await {launch(asked)})"


def _vague(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    words = f"Tell me everything about {_name(asked, rng)}."
    return "A helper reads for me.", f"print(await launch_subagent({json.dumps(words)}))"


def _no_await(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    parts = notes.helpful(asked) or [asked]
    return "A helper finds a part of it.", f"print({launch(parts[0])})"


def _one_after_another(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    lines = [f"print(await {launch(part)})" for part in notes.helpful(asked)]
    return "I ask one helper after another.", "\n".join(lines)


def _forget_one(asked: Question, notes: Notes, rng: Random) -> tuple[str, str]:
    parts = notes.helpful(asked)
    launches = ", ".join(map(launch, rng.sample(parts, len(parts) - 1)))
    return "These will do.", f"import asyncio\n\nprint(await asyncio.gather({launches}))"


def _name(asked: Question, rng: Random) -> str:
    return rng.choice([*names_in(asked)])


_LOOKING: Sequence[Mistake] = (_no_code, _misspelt, _a_title, _guess, _all_of_them)
_DELEGATING: Sequence[Mistake] = (_own_question, _vague, _no_await)
