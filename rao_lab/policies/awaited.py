"""A request to a server while its answer is awaited: whether the server, and not the model, is to blame for its lack.

If a tree's time is over, a node whose turn is slow has failed. The server is to blame if it has refused the request
and another try is due, or has given no sign of life since it was sent, for at least `SILENT_SHARE` of the tree's time.
"""

from __future__ import annotations

import math
import time

from rao_lab.policies.chat_server import Call
from rao_lab.policies.completion import AnswerLost
from rao_lab.policies.pace import MAX_ASKED_SECONDS, Slot

SILENT_SHARE = 0.5
"""Of a tree's time. Less, and a model that uses up its time would be excused for the token that comes next."""


class Awaited(Call):
    """A request, from when it was asked for until its answer is there.

    Args:
        left: seconds that its tree has left.
    """

    def __init__(self, left: float) -> None:
        super().__init__()
        self.slot: Slot | None = None
        """It is with the server."""
        self.trouble = ""
        """Why the last try failed; "" = none did."""
        self.until = 0.0
        """When the next try is due."""
        self._deadline = time.monotonic() + left

    def silent(self) -> float:
        """Seconds since it was sent, if the server has given no sign of life since then."""
        return 0.0 if self.slot is None or self.slot.heard else time.monotonic() - self.slot.sent

    def too_long(self, failure: AnswerLost) -> str:
        """In words, if the server asks to wait longer than the tree, or anybody, can."""
        if failure.pause <= min(MAX_ASKED_SECONDS, self._deadline - time.monotonic()):
            return ""
        return (
            f"the server asks to wait {_long(failure.pause)} ({failure.reason.removeprefix('the server ')})"
        )


def _long(seconds: float) -> str:
    for unit, each in (("h", 3600), ("min", 60)):
        if seconds >= 2 * each:
            return f"{seconds / each:,.0f} {unit}"
    return f"{math.ceil(seconds)} s"
