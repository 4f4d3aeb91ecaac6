"""Messages from dicts."""

from __future__ import annotations

from typing import Any

from verifiers.legacy import types

KINDS = {"system": types.SystemMessage, "user": types.UserMessage, "assistant": types.AssistantMessage}


def normalize_messages(messages: Any, field_name: str) -> list[Any]:
    if isinstance(messages, str):
        return [types.UserMessage(content=messages)]
    return [KINDS[each["role"]](**each) if isinstance(each, dict) else each for each in messages]
