"""What policies share: the order of their replies, lost turns, and replies that are known before they are due."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from heapq import heappop, heappush

from rao_lab.protocols import NodeKey, TurnReply, TurnRequest
from rao_lab.tree import path_key

Order = tuple[int, tuple[int, ...]]


def key_order(key: NodeKey) -> Order:
    """Sorts replies as `Policy.tick` returns them: tree by tree, each in path order."""
    return key[0], path_key(key[1])


def lost(request: TurnRequest, why: str) -> TurnReply:
    """The reply to a turn that this policy cannot write: the node ends with status `error`."""
    return TurnReply(request.key, "", stop="error", error=why)


class KnownAtOnce(ABC):
    """The three methods of a `Policy` that knows a whole turn as soon as it is asked for it.

    The reply waits here until it is due on the logical clock.
    """

    def __init__(self) -> None:
        self._now = 0
        self._due: list[tuple[int, Order, int, TurnReply]] = []
        """A heap of (tick, key order, number, reply): a forgotten reply may be due with another of its key."""
        self._number = 0
        self._wanted: dict[NodeKey, TurnReply] = {}

    @abstractmethod
    def reply(self, request: TurnRequest) -> TurnReply:
        """The turn, due `decode_steps` ticks from now."""

    def submit(self, request: TurnRequest) -> None:
        reply = self.reply(request)
        self.due(reply, reply.decode_steps)

    def due(self, reply: TurnReply, ticks: int) -> None:
        """The reply is given so many ticks from now, at the next at the earliest."""
        self._wanted[reply.key] = reply
        self._number += 1
        heappush(self._due, (self._now + max(1, ticks), key_order(reply.key), self._number, reply))

    def tick(self) -> Sequence[TurnReply]:
        """The replies that are due now, in key order."""
        self._now += 1
        found = []
        while self._due and self._due[0][0] <= self._now:
            reply = heappop(self._due)[3]
            if self._wanted.get(reply.key) is reply:
                del self._wanted[reply.key]
                found.append(reply)
        return found

    def forget(self, key: NodeKey) -> None:
        """The node ended: its reply is no longer wanted."""
        self._wanted.pop(key, None)
