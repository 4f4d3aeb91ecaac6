"""The world in the fewest words, as the terse dialect shows it.

a0 3                                 the goal
get_info(["a0"])
a0 = b1 2 (1) c4 1 (4)               made of 2 b1 (1 owned) and 1 c4 (4 owned)
craft({"b1": 2, "c4": 1}, ("a0", 1))
no: missing b1 2 (1)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rao_lab.tree import Call

MAX_RECORDS = 8
"""Entries shown of one list or dictionary."""
REFUSALS = (
    # (part of the message, word): the first that matches wins.
    ("is your own goal", "own"),
    ("goal of an ancestor", "own"),
    ("base item", "base"),
    ("not enough to craft", "missing"),
    ("must be a multiple", "multiple"),
    ("ingredients do not make", "recipe"),
    ("no item is called", "unknown"),
)
_SHORT = re.compile(r"([0-9]{1,6})x (\w{1,12}) \(have ([0-9]{1,6})\)")
"""One ingredient that a craft was short of, in its refusal."""


def words() -> tuple[str, ...]:
    """Every fixed word of what this module says."""
    refused = dict.fromkeys(f"no: {word}\n" for _, word in REFUSALS if word != "missing")
    return (", ", " = ", " by", " base\n", "made\n", "nothing\n", "\n", " ", "no: missing ", *refused)


def short_goal(args: Mapping[str, Any]) -> str:
    """ "a0 3, b1 1", or "" without targets."""
    targets = args.get("targets")
    return _counts(targets) if isinstance(targets, Mapping) else ""


def short_result(call: Call) -> str:
    """Lines for what a call returned or why it was refused; "" = no words for it."""
    if call.error is not None:
        return _refusal(call.error)
    if call.name == "get_info" and isinstance(call.result, Sequence) and not isinstance(call.result, str):
        return "".join(_info(entry) for entry in call.result[:MAX_RECORDS])
    if call.name == "craft":
        return "made\n"
    if call.name == "view_inventory" and isinstance(call.result, Mapping):
        return (_counts(call.result) or "nothing") + "\n"
    return ""


def _refusal(message: str) -> str:
    word = next((word for part, word in REFUSALS if part in message), "")
    if word == "missing":
        short = [f"{item} {need} ({have}) " for need, item, have in _SHORT.findall(message)]
        return f"no: missing {''.join(short[:MAX_RECORDS])}\n"
    return f"no: {word}\n" if word else ""


def _info(entry: Mapping[str, Any]) -> str:
    """One entry of `get_info`: "a0 by 2 = b1 2 (0) c4 1 (3)", or "c4 base" for a base item."""
    if not entry["ingredients"]:
        return f"{entry['item']} base\n"
    made = entry["result_count"]
    owned = entry["ingredients_have"]
    parts = [f"{item} {count} ({owned[item]}) " for item, count in _first(entry["ingredients"])]
    return f"{entry['item']}{'' if made == 1 else f' by {made}'} = {''.join(parts)}\n"


def _counts(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{item} {count}" for item, count in _first(counts))


def _first(counts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return iter(list(counts.items())[:MAX_RECORDS])
