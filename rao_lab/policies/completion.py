"""The body of a chat server's answer, read: a completion, or what the server says instead."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Any

from rao_lab.base.safe_text import shorten
from rao_lab.policies.reasoned import PARTS, sent_apart
from rao_lab.tree.ranges import REAL

TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""HTTP answers that may differ the next time."""
OVERLOADED = frozenset({408, 429, 502, 503, 504})
"""HTTP answers of a server, or of what stands before it, that has too much to do."""
REMEDIES = {
    401: "api_key_env names the environment variable that holds the key",
    403: "does the key in api_key_env allow this model?",
    404: "the address must name the model behind # as the server does, and end its path as in /v1",
}
"""What to do about an answer, for the user."""
TEXT_PARTS = ("text", "output_text")
"""Kinds of parts of a message that are its text; reasoning is another."""

MOST_BEGIN = 80
"""Cells of an answer that is none which are shown."""
MOST_LOOKED_AT = 4096


class AnswerLost(Exception):
    """A try failed: why, whether another may succeed, and after how many seconds (0 = the usual pause)."""

    def __init__(self, reason: str, again: bool = True, pause: float = 0.0, busy: bool = False) -> None:
        """`busy`: it may have failed because the server has too much to do."""
        super().__init__(reason)
        self.reason, self.again, self.pause, self.busy = reason, again, pause, busy


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered, whatever its status."""

    status: int
    body: bytes
    pause: float
    """Seconds after which the server asks to be tried again; 0 = it did not say."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server answered to one request."""

    text: str
    stop: str
    """stop, or length = it was cut."""
    read: int
    """Tokens of the prompt as the server counts them; 0 = it does not say."""
    wrote: int
    """Tokens of the answer, reasoning included; 0 as above."""
    logprob: float | None
    """Sum of the log-probs of the answer's tokens; None = it does not say."""
    calls_tools: bool
    """It calls tools of its own protocol, which nobody offered."""


def read_completion(body: bytes, harmless: Callable[[str], str]) -> Completion:
    """A chat completion, as it came or as its pieces were put together.

    Args:
        harmless: makes one line of a text of the server, without the key and the address.

    Raises:
        AnswerLost: the body is none.
    """
    said = _json(body, None)
    first = _first_choice(said)
    message = None if first is None else first.get("message")
    if first is None or not isinstance(message, dict):
        kind = "not JSON" if said is None else "not a chat completion"
        raise AnswerLost(f"the server's answer is {kind}{_begin(body, harmless)}")
    text = _text(message.get("content"))
    if text is None:
        raise AnswerLost("the server's answer holds no text", again=False)
    used = said.get("usage") if isinstance(said.get("usage"), dict) else {}
    if not _holds_a_turn(first, message, body, used):
        raise AnswerLost("the server's answer holds no turn: its content is null")
    return Completion(
        text,
        "length" if first.get("finish_reason") == "length" else "stop",
        _token_count(used.get("prompt_tokens")),
        _token_count(used.get("completion_tokens")),
        _logprob(first.get("logprobs")),
        bool(message.get("tool_calls")),
    )


def _holds_a_turn(choice: dict[str, Any], message: dict[str, Any], body: bytes, used: dict[str, Any]) -> bool:
    """Whether anything shows that the model wrote, be it an empty text: without that, the server is at fault."""
    if message.get("content") is not None or message.get("tool_calls") or message.get("refusal"):
        return True
    cut = choice.get("finish_reason") == "length"
    return cut or bool(sent_apart(body)) or _token_count(used.get("completion_tokens")) > 0


def _logprob(said: Any) -> float | None:
    tokens = said.get("content") if isinstance(said, dict) else None
    if not isinstance(tokens, list) or not tokens:
        return None
    each = [token.get("logprob") if isinstance(token, dict) else None for token in tokens]
    numbers = [number for number in each if number is not None and REAL.holds(number)]
    return fsum(numbers) if len(numbers) == len(each) else None


def _token_count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0


def _first_choice(said: Any) -> dict[str, Any] | None:
    choices = said.get("choices") if isinstance(said, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def _text(content: Any) -> str | None:
    """The text of a message's content, which some servers send in parts; None if it holds something else alone."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    found = [
        part.get("text") if isinstance(part, dict) and part.get("type", "text") in TEXT_PARTS else part
        for part in parts
    ]
    texts = [text for text in found if isinstance(text, str)]
    only_thought = all(isinstance(part, dict) and part.get("type") in PARTS for part in parts)
    return "".join(texts) if texts or only_thought else None


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a server says instead of a completion."""

    status: int
    """0 = it says no number."""
    words: str
    """As it wrote them: of any length, and perhaps with the key in them. "" = none."""


def complaint(answer: Answer) -> Complaint | None:
    """What is wrong by the server's own word; None if it claims to have answered.

    Some servers put the error into an answer whose status is 200.
    """
    said = _json(answer.body, None)
    if answer.status != 200:
        return Complaint(answer.status, _message(said) or _plain_text(answer.body))
    if not isinstance(said, dict):
        return None
    first = _first_choice(said) or {}
    error = said.get("error") or first.get("error")
    if not error and said.get("object") != "error" and first.get("finish_reason") != "error":
        return None
    code = error.get("code") if isinstance(error, dict) else said.get("code")
    number = str(code)[:4] if isinstance(code, int | str) else ""
    status = int(number) if re.fullmatch(r"[45]\d\d", number, re.ASCII) else 0
    return Complaint(status, _message(said if said.get("error") or not error else first))


def refusal(said: Complaint, pause: float, harmless: Callable[[str], str]) -> AnswerLost:
    """The failure that a complaint stands for, with the server's message in one harmless line."""
    name = http.client.responses.get(said.status, "")
    what = f"answered {said.status} {name}".rstrip() if said.status else "answered with an error"
    reason = f"the server {what}" + (f": {harmless(said.words)}" if said.words else "")
    reason += f" ({REMEDIES[said.status]})" if said.status in REMEDIES else ""
    again = not said.status or said.status in TRY_AGAIN
    return AnswerLost(reason, again, pause, busy=said.status in OVERLOADED)


def _message(said: Any) -> str:
    """The reason in an error's body, whichever of the usual shapes that has; "" if it has none."""
    inner = said.get("error", said) if isinstance(said, dict) else None
    message = inner
    if isinstance(inner, dict):
        message = next((inner[name] for name in ("message", "detail", "reason") if inner.get(name)), "")
    if isinstance(message, list) and message and all(isinstance(each, dict) for each in message):
        message = "; ".join(map(_problem, message))
    if isinstance(message, list | dict):
        message = json.dumps(message, ensure_ascii=False)
    return message if isinstance(message, str) else ""


def _problem(said: dict[str, Any]) -> str:
    """One entry of FastAPI's `detail`: the place and what is wrong there."""
    place = said.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    words = said.get("msg")
    return f"{where}: {words}" if isinstance(words, str) and where else json.dumps(said, ensure_ascii=False)


def _plain_text(body: bytes) -> str:
    """A body that is text and neither JSON nor a page."""
    text = body[:1000].decode("utf-8", "replace").strip()
    return "" if text.startswith(("<", "{", "[")) else text


def _begin(body: bytes, harmless: Callable[[str], str]) -> str:
    """The first words of an answer, for an error."""
    words = shorten(harmless(body[:MOST_LOOKED_AT].decode("utf-8", "replace")), MOST_BEGIN)
    return f": it begins {words}" if words else ": it is empty"


def _json(body: bytes, default: Any) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return default
