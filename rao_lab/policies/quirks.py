"""What a chat server refuses of a request, learned from the reason that it gives.

Servers that speak the same protocol differ: some take no seed, no temperature but their own, no system message,
or call the limit on new tokens by another name. The reason of the first refusal tells; the request is then sent
again without what was refused, and so are all later ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rao_lab.policies.conversation import whole, without_empty, without_system
from rao_lab.protocols import TurnRequest


@dataclass(frozen=True, slots=True)
class Habits:
    """What a server takes."""

    seed: bool = True
    temperature: bool = True
    system: bool = True
    limit: str = "max_tokens"
    """Its name for the most new tokens."""
    stream: bool = True
    stream_usage: bool = True
    """It counts the tokens of an answer that it streams."""
    logprobs: bool = True


OTHER_LIMIT = "max_completion_tokens"

_NOT_TAKEN = (
    r"(?:un(?:supported|recogni[sz]ed|known|expected)|not (?:supported|recogni[sz]ed|permitted|allowed)"
    r"|does not support|only the default|extra (?:fields|inputs))"
)
_TEMPERATURE = re.compile(
    rf"temperature.{{0,200}}{_NOT_TAKEN}|{_NOT_TAKEN}.{{0,200}}temperature", re.IGNORECASE | re.DOTALL
)
_LIMIT = re.compile(
    rf"max_completion_tokens|max_tokens.{{0,200}}{_NOT_TAKEN}|{_NOT_TAKEN}.{{0,200}}max_tokens",
    re.IGNORECASE | re.DOTALL,
)
_SYSTEM = re.compile(
    r"system[ _-]?(?:role|message|prompt|instruction)s?\b|developer instruction|roles? must alternate"
    r"|role.{0,40}\bsystem\b|\bsystem\b.{0,40}\brole|only user and assistant",
    re.IGNORECASE | re.DOTALL,
)
_FULL = re.compile(
    r"context[ _-]?(?:length|window|size|limit)|exceed_context|(?:prompt|input)s? (?:is|are) too long"
    r"|too many (?:input )?tokens|max_new_tokens`? must be <=|reduce the length of"
    r"|(?:prompt|input).{0,60}longer than.{0,40}(?:tokens|context|maximum)"
    r"|(?:prompt|input).{0,40}exceeds.{0,60}tokens",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = {
    "stream_usage": r"stream_options|include_usage",
    "logprobs": r"\blog_?probs\b",
    "stream": r"\bstream(?:ing|ed)?\b",
}
"""By habit: the words of a refusal that speaks of it."""
MOST_READ = 4000
"""Characters of a reason that are searched."""


def learned(habits: Habits, words: str, request: TurnRequest) -> dict[str, bool | str]:
    """The habit that the reason of a refusal tells, as a field of `Habits`; empty if it tells none that is new."""
    words = words[:MOST_READ]
    if context_full(words):
        return {}
    if habits.limit != OTHER_LIMIT and _LIMIT.search(words):
        return {"limit": OTHER_LIMIT}
    if habits.temperature and _TEMPERATURE.search(words):
        return {"temperature": False}
    for habit, pattern in _PLAIN.items():
        if getattr(habits, habit) and re.search(pattern, words, re.IGNORECASE):
            return {habit: False}
    if habits.seed and re.search(r"\bseed\b", words, re.IGNORECASE):
        return {"seed": False}
    if habits.system and _SYSTEM.search(words) and _has_system(request):
        return {"system": False}
    return {}


def context_full(words: str) -> bool:
    """Whether the reason of a refusal is that the conversation is longer than the model's window."""
    return _FULL.search(words[:MOST_READ]) is not None


def messages_for(request: TurnRequest, habits: Habits) -> list[dict[str, str]]:
    """The conversation as this server takes it."""
    said = without_empty(whole(request.history, request.messages))
    if not habits.system:
        said = without_system(said)
    return [{"role": message.role, "content": message.content} for message in said]


def _has_system(request: TurnRequest) -> bool:
    return any(message.role == "system" for message in whole(request.history, request.messages))
