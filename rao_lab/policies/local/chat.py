"""From messages to the text that is new to a model: chat templates, used so that a context only grows.

A node's context is its earlier ids, then what it sampled, then a suffix for the new messages. A template
renders whole conversations, so the suffix is what follows a stand-in for the sampled text. Some templates
rewrite what came before (they drop earlier thoughts, for example) and have no such suffix. Then the whole
conversation is rendered again, and the turn does not continue the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rao_lab.tree import Message

Render = Callable[[Sequence[Message], bool], str]
"""Renders a conversation; the flag asks for the opening of an assistant's reply at its end."""

_STAND_IN = "\u2020reply\u2020"
_PROBES = ("one", " two\n", "three\n\n", "")


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A template that treats each message by itself, taken apart."""

    around: dict[str, tuple[str, str]]
    """Role -> the text before and after a message's content."""
    opening: str
    """Asks for a reply, after the last message."""
    begin: str
    """Stands once, before the first message."""


class Chat:
    """A chat template. If it joins messages one by one, they are joined here without rendering it."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._pieces = _separate(render)

    def prompt(self, messages: Sequence[Message]) -> str:
        """The whole conversation, ready for a reply."""
        if self._pieces is not None and all(m.role in self._pieces.around for m in messages):
            return self._pieces.begin + self._join(messages)
        return self._render(messages, True)

    def suffix(self, before: Sequence[Sequence[Message]], new: Sequence[Message]) -> str | None:
        """What follows a reply: the end of its message, the new messages, and the opening of the next.

        Args:
            before: the messages of each earlier turn; a reply followed each of them.
            new: the messages since the last reply.

        Returns:
            None if the template rewrites what came before.
        """
        if self._pieces is not None and all(m.role in self._pieces.around for m in new):
            return self._pieces.around["assistant"][1] + self._join(new)
        conversation: list[Message] = []
        for turn in before[:-1]:
            conversation += [*turn, Message("assistant", _STAND_IN)]
        conversation += before[-1]
        prefix = self._render(conversation, True) + _STAND_IN
        whole = self._render([*conversation, Message("assistant", _STAND_IN), *new], True)
        return whole[len(prefix) :] if whole.startswith(prefix) else None

    def _join(self, messages: Sequence[Message]) -> str:
        assert self._pieces is not None
        parts = []
        for message in messages:
            left, right = self._pieces.around[message.role]
            parts.append(left + message.content + right)
        return "".join(parts) + self._pieces.opening


def _separate(render: Render) -> _Pieces | None:
    """The pieces of a template that joins messages one by one; None if it does not.

    Joining pieces is a hundred times as fast as rendering, and for a small model that matters.
    """
    user, reply = Message("user", _STAND_IN), Message("assistant", _STAND_IN)
    one, two = render([user], False), render([user, reply, user], False)
    opening = render([user], True)[len(one) :]
    left, _, right = one.partition(_STAND_IN)
    middle = two[len(one) :]
    reply_left, found, rest = middle.partition(_STAND_IN)
    end = left_end = 0
    parts = rest.split(_STAND_IN)
    if not found or len(parts) != 2 or parts[1] != right or reply_left != opening:
        return None
    # `gap` is the end of the reply and the start of the next user message. `left` may begin with text that
    # stands only at the start of a conversation.
    gap = parts[0]
    for left_end in range(len(left) + 1):
        if gap.endswith(left[left_end:]):
            break
    end = len(gap) - (len(left) - left_end)
    pieces = _Pieces(
        around={"user": (left[left_end:], right), "assistant": (reply_left, gap[:end])},
        opening=opening,
        begin=left[:left_end],
    )
    return pieces if _holds(render, pieces) else None


def _holds(render: Render, pieces: _Pieces) -> bool:
    """Whether joining gives the same text as rendering, for contents that templates tend to strip."""
    chat = Chat.__new__(Chat)
    chat._render, chat._pieces = render, pieces
    conversation: list[Message] = []
    for probe in _PROBES:
        conversation.append(Message("user", probe))
        if chat.prompt(conversation) != render(conversation, True):
            return False
        conversation.append(Message("assistant", probe))
    return True
