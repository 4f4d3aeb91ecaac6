"""The script of Research: the next step of a node in words and code, from what it has read (`reading.py`).

Styles:
    parts: a node asks helpers for the parts of its question. Parts that do not need each other go to helpers together;
        what needs an answer waits for it. A node looks up one fact itself.
    flat: no helpers, and a few calls a turn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from rao_lab.environments.research.questions import Question, parse, question
from rao_lab.environments.research.reading import UNKNOWN, Notes, Step, notes_of
from rao_lab.environments.research.world import ResearchWorld
from rao_lab.protocols import TurnRequest
from rao_lab.tree import ROOT, Call

STYLES = ("parts", "flat")
AT_ONCE = 6
"""Calls in one turn."""
MAX_CALLS = 400
"""Of one plan."""


def next_turn(request: TurnRequest, style: str) -> tuple[str, str]:
    """The thought and the code of a node's next turn."""
    asked = parse(str(request.args["question"]))
    notes = notes_of(request.history)
    if asked is None:
        return _unread(str(request.args["question"]), notes)
    answer = notes.value(asked)
    if answer is not None:
        return f"So the answer is {answer}.", finish(answer)
    team = style == "parts" and request.agent != "flat" and not notes.alone
    if team and (parts := notes.helpful(asked)):
        return delegate(parts)
    steps = [step for fact in notes.missing(asked) if (step := notes.look_up(fact)) is not None]
    if not steps:
        return "I have looked everywhere and do not find it.", finish(UNKNOWN)
    return look_up([*dict.fromkeys(steps)][:AT_ONCE])


def _unread(words: str, notes: Notes) -> tuple[str, str]:
    """A question in words that no rule reads: the script shows what a search finds, and does not guess."""
    if not notes.hits:
        return look_up([("search", (words,))])
    return "I read what there is, but a rule cannot tell the answer.", finish(UNKNOWN)


def finish(answer: object) -> str:
    return f"finish({json.dumps(answer)})"


def look_up(steps: Sequence[Step]) -> tuple[str, str]:
    """Searches, or opens pages: of both, the searches come first."""
    queries = [args[0] for name, args in steps if name == "search"]
    if queries:
        code = (
            f"for words in {json.dumps(queries)}:\n"
            "    for hit in search(words):\n"
            '        print(hit["doc"], "|", hit["title"], "|", hit["text"])'
        )
        return f"I search for {_some(queries)}.", code
    pages = ", ".join(f"({json.dumps(doc)}, {page})" for _, (doc, page) in steps)
    code = (
        f"for doc, number in [{pages}]:\n"
        "    found = open(doc, number)\n"
        '    print(found["title"], "|", found["text"])'
    )
    return "The hits do not tell it all, so I read on.", code


def delegate(parts: Sequence[Question]) -> tuple[str, str]:
    """Asks helpers, together if there are several: the parts of a question do not need each other."""
    if len(parts) == 1:
        return "I need one answer before I can go on: a helper finds it.", f"print(await {launch(parts[0])})"
    launches = "".join(f"    {launch(part)},\n" for part in parts)
    code = f"import asyncio\n\nfor answer in await asyncio.gather(\n{launches}):\n    print(answer)"
    return (
        f"{len(parts)} parts do not need each other: {len(parts)} helpers find them at the same time.",
        code,
    )


def launch(part: Question) -> str:
    return f"launch_subagent({json.dumps(question(part))})"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def flat_plan(world: ResearchWorld, asked: Question) -> list[Call]:
    """A short flat play, call by call, with what the calls return; the last one finishes. Nothing is opened if a hit
    tells the fact already."""
    world.enter(ROOT, world.root())
    notes = Notes()
    calls: list[Call] = []
    while (answer := notes.value(asked)) is None and len(calls) < MAX_CALLS:
        step = next(filter(None, map(notes.look_up, notes.missing(asked))), None)
        if step is None:
            break
        name, args = step
        calls.append(Call(name, args, result=world.call(ROOT, name, args, {})))
        notes.hear(calls[-1])
    return [*calls, Call("finish", (UNKNOWN if answer is None else answer,))]
