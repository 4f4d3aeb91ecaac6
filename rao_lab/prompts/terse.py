"""The dialect of the tiny model. A reply is code and nothing else, and what each call returns comes back by
itself in a few words, so that a whole node fits into a window of some 150 tokens.

    team a0 3                            the agent (team or solo), then the goal in the environment's words
    await launch_subagent({"b1": 5}, 12) the model's turn
    done
    finish("done")

What a child returned is shown in the environment's words; if it has none for it, as `done`, and `finish("failed")` as
a child that failed. `words` lists every word of this dialect, and an environment has its own (`Worded`); the tiny
tokenizer has one token for each. Other text stays as it is, and the tokenizer spells it in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rao_lab.prompts.reasoning import split
from rao_lab.protocols import Action, Brief, Observation, ParseFailure, Worded
from rao_lab.tree import Call, Message

AGENTS = {"recursive": "team", "flat": "solo"}
MAX_TEXT = 12
"""Characters shown of text that has no word."""

_REFUSALS = (
    # (part of a limit's message, word)
    ("forgot await", "await"),
    ("was not started", "await"),
    ("levels deep", "deep"),
    ("sub-agents, the most", "children"),
    ("agents of this task", "agents"),
    ("turns of this task", "turns"),
)
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
    """Every fixed word of this dialect."""
    refused = [f"no: {word}\n" for _, word in _REFUSALS]
    failed = [f"failed: {word}\n" for _, word in _REASONS]
    errors = [f"{name}\n" for name in _EXCEPTIONS]
    agents = [f"{word} " for word in AGENTS.values()]
    plain = ["done\n", "failed\n", "no\n", "nothing\n", "empty\n", "cut\n", "error\n", "\n"]
    return (*agents, *plain, *dict.fromkeys(refused), *failed, *errors)


@dataclass(frozen=True, slots=True)
class Terse:
    """Code only; results of calls in words."""

    name: str = "terse"
    shows_results: bool = True
    words: Worded | None = None
    """The environment's."""

    def worded(self, words: Worded) -> Terse:
        return replace(self, words=words)

    def opening(self, brief: Brief) -> tuple[Message, ...]:
        short = self.words.short_goal(brief.args) if self.words else ""
        return (Message("user", f"{AGENTS.get(brief.agent, 'team')} {short or brief.goal}\n"),)

    def parse(self, text: str) -> Action:
        thought, code = split(text, all_code=True)
        if not code.strip():
            raise ParseFailure("empty")
        return Action(thought, code)

    def reply(self, action: Action) -> str:
        return f"{action.code}\n"

    def observe(self, observation: Observation) -> tuple[Message, ...]:
        said = "".join(self._said(call) for call in observation.calls)
        if observation.output:
            said += observation.output[:MAX_TEXT].rstrip("\n") + "\n"
        if observation.error and not any(call.error for call in observation.calls):
            said += _code_error(observation.error)
        if observation.cut:
            said += "cut\n"
        return (Message("user", said or "nothing\n"),)

    def _said(self, call: Call) -> str:
        is_child = call.name == "launch_subagent" and (call.error is None or call.child is not None)
        if is_child and call.error is not None:
            return _child_value({"failed": call.error})
        if self.words and (short := self.words.short_result(call)):
            return short
        if is_child:
            return _child_value(call.result)
        return _short(call.result) + "\n" if call.error is None else _refusal(call.error)


def _refusal(message: str) -> str:
    """The word for a refusal."""
    return next((f"no: {word}\n" for part, word in _REFUSALS if part in message), "no\n")


def _child_value(value: Any) -> str:
    if value == "failed":
        return "failed\n"
    if isinstance(value, Mapping) and set(value) == {"failed"}:
        reason = str(value["failed"])
        return next((f"failed: {word}\n" for part, word in _REASONS if part in reason), "failed\n")
    return "done\n"


def _code_error(error: str) -> str:
    if error == "empty":
        return "empty\n"
    return next((f"{name}\n" for name in _EXCEPTIONS if name in error), "error\n")


def _short(value: Any) -> str:
    return (value if isinstance(value, str) else repr(value))[:MAX_TEXT]
