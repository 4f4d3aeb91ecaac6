"""The dialect of the tiny model: the reply is code and nothing else, and every call's result comes
back by itself, one token a word, so that a whole node fits into a window of some 150 tokens.

    team a0 3                            the agent (team or solo), then what to make
    get_info(["a0"])                     the model's turn
    a0 = b1 2 (1) c4 1 (4)               made of 2 b1 (1 owned) and 1 c4 (4 owned)
    await launch_subagent({"b1": 5}, 12)
    done
    craft({"b1": 6, "c4": 3}, ("a0", 3))
    made
    finish("done")

A child that says `finish("failed")` is shown as one that failed. `words` lists every word that
observations are built of; the tiny tokenizer has one token for each. Text that is none of these
words stays as it is, and the tokenizer spells it in bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rao_lab.protocols import Action, Brief, Observation, ParseFailure
from rao_lab.tree import Call, Message

AGENTS = {"recursive": "team", "flat": "solo"}
MAX_TEXT = 12
"""Characters shown of text that has no word."""
MAX_RECORDS = 8
"""Entries shown of one list or dictionary."""

_REFUSALS = (
    # (part of the message, word): the first that matches wins.
    ("is your own goal", "own"),
    ("goal of an ancestor", "own"),
    ("base item", "base"),
    ("forgot await", "await"),
    ("was not started", "await"),
    ("levels deep", "deep"),
    ("sub-agents, the most", "children"),
    ("agents of this task", "agents"),
    ("turns of this task", "turns"),
    ("not enough to craft", "missing"),
    ("must be a multiple", "multiple"),
    ("ingredients do not make", "recipe"),
    ("no item is called", "unknown"),
)
_SHORT = re.compile(r"([0-9]{1,6})x (\w{1,12}) \(have ([0-9]{1,6})\)")
"""One ingredient that a craft was short of, in its refusal."""
_REASONS = (
    # (part of the reason, word)
    ("context", "context"),
    ("budget", "budget"),
    ("turns", "turns"),
    ("time", "time"),
    ("cancelled", "cancelled"),
    ("lost", "lost"),
)
_EXCEPTIONS = (
    "SyntaxError",
    "NameError",
    "TypeError",
    "ValueError",
    "KeyError",
    "IndexError",
    "AttributeError",
    "RuntimeError",
    "ZeroDivisionError",
    "TimeoutError",
    "MemoryError",
)


def words() -> tuple[str, ...]:
    """Every fixed word of an opening or an observation, spaces and line ends included."""
    refused = sorted({f"no: {word}\n" for _, word in _REFUSALS if word != "missing"})
    failed = [f"failed: {word}\n" for _, word in _REASONS]
    errors = [f"{name}\n" for name in _EXCEPTIONS]
    return (
        "team ", "solo ", ", ", " = ", " by", " base\n", "made\n", "done\n", "nothing\n", "empty\n", "cut\n",
        "\n", " ", "no: missing ", "no\n", "failed\n", "error\n", *refused, *failed, *errors,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terse:
    """Code only; results of calls in words."""

    name: str = "terse"

    def opening(self, brief: Brief) -> tuple[Message, ...]:
        targets = brief.args.get("targets")
        wanted = _counts(targets) if isinstance(targets, Mapping) and targets else brief.goal
        return (Message("user", f"{AGENTS.get(brief.agent, 'team')} {wanted}\n"),)

    def parse(self, text: str) -> Action:
        if not text.strip():
            raise ParseFailure("empty")
        return Action(thought="", code=text)

    def observe(self, observation: Observation) -> tuple[Message, ...]:
        said = "".join(_result(call) for call in observation.calls)
        if observation.output:
            said += observation.output[:MAX_TEXT].rstrip("\n") + "\n"
        if observation.error and not any(call.error for call in observation.calls):
            said += _code_error(observation.error)
        if observation.cut:
            said += "cut\n"
        return (Message("user", said or "nothing\n"),)


def _result(call: Call) -> str:
    if call.name == "launch_subagent" and (call.error is None or call.child is not None):
        return _child_value(call.result if call.error is None else {"failed": call.error})
    if call.error is not None:
        return refusal_word(call.error)
    if call.name == "get_info" and isinstance(call.result, Sequence) and not isinstance(call.result, str):
        return "".join(_info(entry) for entry in call.result[:MAX_RECORDS])
    if call.name == "craft":
        return "made\n"
    if call.name == "view_inventory" and isinstance(call.result, Mapping):
        return (_counts(call.result) or "nothing") + "\n"
    return _short(call.result) + "\n"


def refusal_word(message: str) -> str:
    """The word for a refusal's message; for a craft without enough, also what is short."""
    word = next((word for part, word in _REFUSALS if part in message), "")
    if word == "missing":
        short = [f"{item} {need} ({have}) " for need, item, have in _SHORT.findall(message)]
        return f"no: missing {''.join(short[:MAX_RECORDS])}\n"
    return f"no: {word}\n" if word else "no\n"


def _child_value(value: Any) -> str:
    if value == "failed":
        return "failed\n"
    if isinstance(value, Mapping) and set(value) == {"failed"}:
        reason = str(value["failed"])
        return next((f"failed: {word}\n" for part, word in _REASONS if part in reason), "failed\n")
    return "done\n"


def _info(entry: Any) -> str:
    """One entry of `get_info`: "a0 by 2 = b1 2 (0) c4 1 (3)", or "c4 base" for a base item."""
    if not isinstance(entry, Mapping) or "item" not in entry:
        return _short(entry) + "\n"
    ingredients = entry.get("ingredients")
    if not isinstance(ingredients, Mapping) or not ingredients:
        return f"{entry['item']} base\n"
    made = entry.get("result_count", 1)
    owned = entry.get("ingredients_have")
    owned = owned if isinstance(owned, Mapping) else {}
    parts = [f"{item} {count} ({owned.get(item, 0)}) " for item, count in _first(ingredients)]
    return f"{entry['item']}{'' if made == 1 else f' by {made}'} = {''.join(parts)}\n"


def _counts(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{item} {count}" for item, count in _first(counts))


def _first(counts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return iter(list(counts.items())[:MAX_RECORDS])


def _code_error(error: str) -> str:
    if error == "empty":
        return "empty\n"
    return next((f"{name}\n" for name in _EXCEPTIONS if name in error), "error\n")


def _short(value: Any) -> str:
    return (value if isinstance(value, str) else repr(value))[:MAX_TEXT]
