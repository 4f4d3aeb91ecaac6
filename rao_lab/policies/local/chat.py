"""From messages to the text that is new to a model: chat templates, read append-only.

A node's context only ever grows: previous ids, sampled ids, then the suffix that the new messages add.
A template renders whole conversations, so the suffix is what follows a stand-in for the sampled text.
Templates that rewrite what came before (that drop earlier thoughts, say) have no such suffix: the whole
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
    """What surrounds a message's content where a template treats each message by itself."""

    around: dict[str, tuple[str, str]]
    opening: str
    begin: str


class Chat:
    """A chat template."""

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
            before: the messages of each earlier turn, the reply to which came after them.
            new: the messages since the last reply.

        Returns:
            None where the template rewrites what came before.
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
    """The pieces of a template that joins messages one by one, or None.

    Joining pieces is a hundred times quicker than rendering, which is what counts for small models.
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
    # `rest` is the end of the reply and the beginning of the next user message; `left` may begin with
    # what only the start of a conversation has.
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
    """Whether joining gives what rendering gives, for contents that templates like to strip."""
    chat = Chat.__new__(Chat)
    chat._render, chat._pieces = render, pieces
    conversation: list[Message] = []
    for probe in _PROBES:
        conversation.append(Message("user", probe))
        if chat.prompt(conversation) != render(conversation, True):
            return False
        conversation.append(Message("assistant", probe))
    return True
