"""The script of a made mailbox: search, read what looks right, answer with what was said last.

It knows how letters are written (`topics.py`), and of the mailbox only what its own calls returned.

Styles:
    periods: a node with many days hands each half of them to a helper, both at once, and takes the later answer.
    flat: a node searches and reads by itself. Here it needs no more than that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from rao_lab.environments.mail.topics import Topic, read_question, read_value
from rao_lab.protocols import Action, TurnRequest

STYLES = ("periods", "flat")
SHORT = 180
"""Days that a node of the style `periods` searches by itself."""


def next_turn(request: TurnRequest, style: str) -> Action:
    """A node's next turn."""
    asked = request.args
    known = read_question(asked["question"])
    if known is None:
        return Action("I do not know how letters say this.", "finish(None)")
    topic, who, thing = known
    calls = [call for turn in request.history for call in turn.calls]
    alone = style != "periods" or request.agent == "flat" or bool(calls)
    if not alone and (half := middle(asked)):
        return _hand_on(asked, half)
    letters = {call.args[0]: call.result for call in calls if call.name == "read" and call.error is None}
    lists = [call.result for call in calls if call.name == "search" and call.error is None]
    if not lists:
        return Action(
            f"I look for what {who} wrote.",
            f"for hit in search({json.dumps(subject_of(topic, thing))}, {json.dumps(who)}):\n"
            '    print(hit["id"], hit["date"], hit["subject"])',
        )
    dates = {hit["id"]: hit["date"] for hit in lists[0]}
    fitting = [hit["id"] for hit in lists[0] if thing in hit["subject"] or thing in hit["text"]]
    unread = [number for number in fitting if number not in letters]
    if unread:
        lines = [f"print(read({number}))" for number in unread]
        return Action("I read what looks right.", "\n".join(lines))
    found = {number: read_value(topic, thing, text) for number, text in letters.items()}
    said = [(dates.get(number, ""), number, value) for number, value in found.items() if value]
    answer = max(said)[2] if said else None
    thought = "What was said last counts." if answer else "No letter of these days says it."
    return Action(thought, f"finish({json.dumps(answer) if answer else None})")


def subject_of(topic: Topic, thing: str) -> str:
    """What is searched for: what letters about this have as their subject."""
    return topic.subject.format(thing=thing)


def middle(asked: Mapping[str, Any]) -> tuple[str, str] | None:
    """The last day of the earlier half and the first one of the later; None if there are few days."""
    try:
        first, last = (date.fromisoformat(asked[name]) for name in ("after", "before"))
    except ValueError:
        return None
    if (last - first).days < SHORT:
        return None
    half = first + (last - first) / 2
    return half.isoformat(), (half + timedelta(1)).isoformat()


def _hand_on(asked: Mapping[str, Any], half: tuple[str, str]) -> Action:
    question = json.dumps(asked["question"], ensure_ascii=False)
    code = (
        f"import asyncio\n\nquestion = {question}\n"
        "earlier, later = await asyncio.gather(\n"
        f'    launch_subagent(question, "{asked["after"]}", "{half[0]}"),\n'
        f'    launch_subagent(question, "{half[1]}", "{asked["before"]}"),\n'
        ")\nfinish(earlier if later is None else later)"
    )
    return Action("Two helpers search half of the days each. What was said later counts.", code)


def mistake(request: TurnRequest, rng: Random) -> Action:
    """A turn that goes wrong."""
    question = json.dumps(request.args["question"], ensure_ascii=False)
    return rng.choice(
        (
            Action("Somebody else should look.", f"print(await launch_subagent({question}))"),
            Action("I take the first number that I see.", f"finish({rng.randint(1, 999)})"),
            Action("I look at everything.", 'print(search("", before="today"))'),
            Action("Nobody will have written that.", "finish(None)"),
            Action("I should search first.", ""),
        )
    )
