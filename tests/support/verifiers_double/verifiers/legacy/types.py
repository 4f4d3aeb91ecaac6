"""Messages and the state of a rollout."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class AssistantMessage(BaseModel):
    role: str = "assistant"
    content: str | None = None
    tool_calls: list[Any] | None = None


class UserMessage(BaseModel):
    role: str = "user"
    content: str


class SystemMessage(UserMessage):
    role: str = "system"


class ToolMessage(BaseModel):
    role: str = "tool"
    tool_call_id: str
    content: str


class ToolCall(BaseModel):
    id: str
    name: str
    arguments: str


class RolloutTiming(BaseModel):
    start_time: float = 0.0


class State(dict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        row = super().get("input", {})
        return row[key] if key in ("prompt", "answer", "info") and key in row else super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def __setitem__(self, key: str, value: Any) -> None:
        row = super().get("input", {})
        if key in ("prompt", "answer", "info") and key in row:
            row[key] = value
        else:
            super().__setitem__(key, value)


def flatten_task_input(row: dict[str, Any]) -> dict[str, Any]:
    return dict(row)
