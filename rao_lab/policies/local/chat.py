"""From messages to the text that is new to a model: chat templates, used so that a context only grows.

A node's context is its earlier ids, then what it sampled, then a suffix for the new messages. A template
renders whole conversations, so the suffix is what follows the last reply in the rendering. Some templates
rewrite what came before: they drop earlier thoughts, or open a reply with a mark that they leave out of it
later. If the rendering does not begin with what the model has read and written, there is no suffix. Then the
whole conversation is read anew, and the turn does not continue the last one.

What a template does is tried when it is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rao_lab.errors import InputError
from rao_lab.policies.conversation import without_system
from rao_lab.tree import Message

Render = Callable[[Sequence[Message], bool], str]
"""Renders a conversation; the flag asks for the opening of an assistant's reply at its end. It raises an
`InputError` if it cannot."""

_STAND_IN = "\u2020reply\u2020"
_SYSTEM = "\u2020system\u2020"
_THOUGHTS = ("<think>\nmaybe\n</think>\n\nthree", "<think>maybe</think>", "[THINK]maybe[/THINK]three")
_PROBES = ("one", " two\n", "three\n\n", "", *_THOUGHTS)


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
    """A chat template. If it joins messages one by one, they are joined here without rendering it.

    Attributes:
        system: it has a system role; otherwise system text begins the first user message.
        rewrites: it changes earlier replies that hold a thought, so turns after one are read anew.

    Raises:
        InputError: it cannot render a message of a user.
    """

    def __init__(self, render: Render) -> None:
        self._render = render
        self.system = _has_system(render)
        self._pieces = _separate(render)
        self.rewrites = self._pieces is None and _rewrites(render)

    @property
    def joins(self) -> bool:
        """It is not rendered any more, unless a message has an unusual role."""
        return self._pieces is not None

    def prompt(self, messages: Sequence[Message]) -> str:
        """The whole conversation, ready for a reply."""
        messages = self._taken(messages)
        if self._pieces is not None and all(m.role in self._pieces.around for m in messages):
            return self._pieces.begin + self._join(messages) + self._pieces.opening
        return self._render(messages, True)

    def text(self, messages: Sequence[Message]) -> str:
        """The whole conversation as it is, without the opening of a reply."""
        messages = self._taken(messages)
        if self._pieces is not None and all(m.role in self._pieces.around for m in messages):
            return self._pieces.begin + self._join(messages)
        return self._render(messages, False)

    def suffix(
        self, shown: str | None, before: Sequence[Message], new: Sequence[Message]
    ) -> tuple[str | None, str]:
        """What follows the last reply: the end of its message, the new messages, and the opening of the next.

        Args:
            shown: the prompt before that reply, as this returned it; None = not known.
            before: the conversation up to the last reply, which is its last message.
            new: the messages since.

        Returns:
            The suffix, None if the template rewrites what came before, and the whole prompt. The prompt is empty
            if it was not rendered, because the template joins messages.
        """
        if self._pieces is not None and all(m.role in self._pieces.around for m in self._taken(new)):
            joined = self._join(self._taken(new)) + self._pieces.opening
            return self._pieces.around["assistant"][1] + joined, ""
        whole = self._render(self._taken([*before, *new]), True)
        held = shown or self._render(self._taken(before[:-1]), True)
        return _after(whole, held, before[-1].content), whole

    def _taken(self, messages: Sequence[Message]) -> Sequence[Message]:
        return messages if self.system else without_system(messages)

    def _join(self, messages: Sequence[Message]) -> str:
        assert self._pieces is not None
        parts = []
        for message in messages:
            left, right = self._pieces.around[message.role]
            parts.append(left + message.content + right)
        return "".join(parts)


def _after(whole: str, held: str, reply: str) -> str | None:
    """What follows a prompt and its reply in a later rendering; None if that does not begin with them.

    Templates that only trim a reply are not taken to rewrite it.
    """
    for said in _as_read(held, reply):
        if whole.startswith(held + said):
            return whole[len(held) + len(said) :]
    return None


def _as_read(held: str, reply: str) -> Iterator[str]:
    """The reply as it may stand behind a prompt: whole, trimmed, and without the mark that the prompt ends with."""
    yield from dict.fromkeys([reply, reply.rstrip(), reply.lstrip(), reply.strip()])
    mark, _, rest = reply.partition("\n")
    if mark.strip() and held.rstrip().endswith(mark.strip()):
        yield from dict.fromkeys([rest, rest.rstrip(), rest.lstrip(), rest.strip()])


def _has_system(render: Render) -> bool:
    """Whether a template shows system text.

    Raises:
        InputError: it cannot even render a user's message, or takes too long.
    """
    user = Message("user", _STAND_IN)
    render([user], True)
    try:
        return _SYSTEM in render([Message("system", _SYSTEM), user], True)
    except InputError as problem:
        if _refused(problem):
            return False
        raise


def _refused(problem: InputError) -> bool:
    """A template refuses this conversation, and may take others."""
    return getattr(problem, "refused", True)


def _rewrites(render: Render) -> bool:
    """Whether a template changes replies that hold a thought once they are no longer the last."""
    first, then = Message("user", "one"), Message("user", "two")
    shown = render([first], True)
    return any(
        _after(render([first, Message("assistant", reply), then], True), shown, reply) is None
        for reply in ("three", *_THOUGHTS)
    )


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
    try:
        return pieces if _holds(render, pieces) else None
    except InputError as problem:
        if _refused(problem):
            return None
        raise


def _holds(render: Render, pieces: _Pieces) -> bool:
    """Whether joining gives the same text as rendering, for contents that templates tend to strip."""
    chat = Chat.__new__(Chat)
    chat._render, chat._pieces, chat.system = render, pieces, True
    conversation: list[Message] = []
    for probe in _PROBES:
        conversation.append(Message("user", probe))
        if chat.prompt(conversation) != render(conversation, True):
            return False
        conversation.append(Message("assistant", probe))
    return True
