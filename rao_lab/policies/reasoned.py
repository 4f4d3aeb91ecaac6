"""Reasoning that a chat server sends apart from its text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Where servers put it beside `content`; if several do, the first that holds text counts."""
PARTS = frozenset({"thinking", "reasoning", "reasoning_text"})
"""Types of the parts of a `content` that is a list."""
MOST_NESTED = 4


def sent_apart(body: bytes) -> str:
    """The reasoning in a chat completion that came apart from its text; "" if there is none."""
    try:
        message = json.loads(body)["choices"][0]["message"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    if not isinstance(message, dict):
        return ""
    beside = ("".join(_texts(message.get(name), MOST_NESTED)) for name in FIELDS)
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    thought = [part for part in parts if isinstance(part, dict) and part.get("type") in PARTS]
    return next(filter(str.strip, beside), "") or "".join(_texts(thought, MOST_NESTED))


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The texts in a text, a part of a message or a list of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for part in value:
            yield from _texts(part, depth - 1)
    elif isinstance(value, dict) and depth:
        for name in ("text", "thinking", "reasoning", "summary"):
            yield from _texts(value.get(name), depth - 1)
