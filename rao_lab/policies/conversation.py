"""A node's turns as one conversation, for readers that do not take every message as it is."""

from __future__ import annotations

from collections.abc import Sequence

from rao_lab.tree import Message, Turn

BETWEEN = "\n\n"
"""Stands between two texts that become one message."""


def whole(history: Sequence[Turn], new: Sequence[Message]) -> list[Message]:
    """All messages of a node in order, its replies among them. An empty reply stays."""
    said: list[Message] = []
    for turn in history:
        said += [*turn.messages, Message("assistant", turn.text)]
    return [*said, *new]


def context_ids(history: Sequence[Turn]) -> list[int]:
    """All ids that a node's context holds after these turns, `[T]`."""
    ids: list[int] = []
    for turn in history:
        if not turn.continues:
            ids.clear()
        ids.extend(turn.prompt_ids)
        ids.extend(turn.sampled_ids)
    return ids


def without_empty(messages: Sequence[Message]) -> list[Message]:
    """The messages without empty replies: what stood before and after one becomes one message.

    Some servers refuse an empty reply, and a model that reads one goes on with empty replies.
    """
    found: list[Message] = []
    dropped = False
    for message in messages:
        if message.role == "assistant" and not message.content.strip():
            dropped = True
            continue
        if dropped and found and found[-1].role == message.role:
            found[-1] = Message(message.role, found[-1].content + BETWEEN + message.content)
        else:
            found.append(message)
        dropped = False
    return found


def without_system(messages: Sequence[Message]) -> list[Message]:
    """The messages with system text at the beginning of the user message that follows it."""
    found: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "system":
            waiting.append(message.content)
        elif message.role == "user" and waiting:
            found.append(Message("user", BETWEEN.join([*waiting, message.content])))
            waiting = []
        else:
            found.append(message)
    return [*found, Message("user", BETWEEN.join(waiting))] if waiting else found
