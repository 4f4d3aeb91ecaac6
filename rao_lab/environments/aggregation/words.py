"""The world in the fewest words, as the terse dialect shows it.

animal 16                            the goal: how many of 16 lines name an animal
read(0, 8)
otter violin plum saw heron drum tram sock
await launch_subagent(8, 16)
3
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rao_lab.environments.aggregation.small import kind_asked
from rao_lab.tree import Call

MAX_LINES = 8
"""Lines shown of one `read`."""
MAX_PLACES = 16
"""Numbers shown of one `find`."""
MAX_CHARS = 80
"""Characters shown of one line."""
REFUSALS = (
    # (part of the message, word): the first that matches wins.
    ("own question", "own"),
    ("question of an agent", "own"),
    ("at once", "less"),
    ("beyond your lines", "lines"),
    ("no line lies between", "lines"),
)


def words() -> tuple[str, ...]:
    """Every fixed word of what this module says."""
    return (" ", "\n", *dict.fromkeys(f"no: {word}\n" for _, word in REFUSALS))


def short_goal(args: Mapping[str, Any]) -> str:
    """ "animal 16", or "" for a question that is none of the preset "small"."""
    kind = kind_asked(str(args.get("question", "")))
    return f"{kind} {args['lines']}" if kind else ""


def short_result(call: Call) -> str:
    """Lines for what a call returned or why it was refused; "" = no words for it."""
    if call.error is not None:
        word = next((word for part, word in REFUSALS if part in call.error), "")
        return f"no: {word}\n" if word else ""
    if call.name == "read" and isinstance(call.result, list):
        return " ".join(str(line)[:MAX_CHARS] for line in call.result[:MAX_LINES]) + "\n"
    if call.name == "find" and isinstance(call.result, list):
        return " ".join(map(str, call.result[:MAX_PLACES])) + "\n"
    if call.name in ("length", "launch_subagent") and type(call.result) is int and abs(call.result) < 10**9:
        return f"{call.result}\n"
    return ""
