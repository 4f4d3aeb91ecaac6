"""The world in few words, as the terse dialect shows it.

Who founded Aro Mills?         the goal
search("Aro Mills founded")
d12 Aro Mills                  a hit: what open takes, and the title
open("d12")
Aro Mills is a company. ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.tree import Call

REFUSALS = (
    # (part of the message, word): the first that matches wins.
    ("your own question", "own"),
    ("question of an ancestor", "own"),
    ("no document", "unknown"),
    ("has pages", "page"),
)


def words() -> tuple[str, ...]:
    """Every fixed word of what this module says."""
    return ("nothing\n", "\n", " ", *dict.fromkeys(f"no: {word}\n" for _, word in REFUSALS))


def short_goal(args: Mapping[str, Any]) -> str:
    """The question, without the words before it."""
    return str(args.get("question", ""))


def short_result(call: Call) -> str:
    """Lines for what a call returned or why it was refused; "" = no words for it."""
    if call.error is not None:
        word = next((word for part, word in REFUSALS if part in call.error), "")
        return f"no: {word}\n" if word else ""
    if call.name == "search" and isinstance(call.result, Sequence):
        return "".join(f"{hit['doc']} {hit['title']}\n" for hit in call.result) or "nothing\n"
    if call.name == "open" and isinstance(call.result, Mapping):
        return f"{call.result['text']}\n"
    if call.name == "launch_subagent" and isinstance(call.result, (str, int)):
        return f"{call.result}\n"
    return ""
