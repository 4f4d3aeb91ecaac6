"""A judge by hand for tests: a policy that replies as a function of the messages that it is asked with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Message
from rao_lab.tree.node import path_key


class Critic:
    """A `Policy` that says what `reply` says, all in one tick."""

    name, version, dialect, window = "critic", 0, "codeact", 0

    def __init__(self, reply: Callable[[Sequence[Message]], str | TurnReply], window: int = 0) -> None:
        self.reply, self.window = reply, window
        self.asked: list[TurnRequest] = []
        self.at_once: list[int] = []
        self._due: list[TurnRequest] = []

    def submit(self, request: TurnRequest) -> None:
        self._due.append(request)
        self.asked.append(request)

    def tick(self) -> Sequence[TurnReply]:
        due, self._due = sorted(self._due, key=lambda each: (each.key[0], path_key(each.key[1]))), []
        self.at_once.append(len(due))
        return [self._said(request) for request in due]

    def _said(self, request: TurnRequest) -> TurnReply:
        said = self.reply(request.messages)
        return TurnReply(request.key, said) if isinstance(said, str) else said

    def forget(self, key: tuple[int, str]) -> None:
        self._due = [each for each in self._due if each.key != key]
