"""A user's own policy that answers nothing: nothing is wrong that could be raised, and nothing goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rao_lab.base.safe_text import unquoted
from rao_lab.base.warned import warn_user
from rao_lab.protocols import Policy, TurnReply

SECONDS = 20.0


class Silence:
    """Says once that a policy of a user's own has returned no reply for a while.

    A server and a model of this package show by themselves that they work.
    """

    def __init__(self, policy: Policy, clock: Callable[[], float], most: float) -> None:
        """`most`: seconds after which a tree is ended."""
        self._name, self._clock, self._most = policy.name, clock, most
        self._due = not type(policy).__module__.startswith("rao_lab.")
        self._since = clock()

    def stood_still(self, seconds: float) -> None:
        """The run was paused."""
        self._since += seconds

    def heard(self, replies: Sequence[TurnReply]) -> None:
        """A decode step is over."""
        if replies:
            self._since = self._clock()
        elif self._due and self._clock() - self._since > SECONDS:
            self._due = False
            warn_user(
                f"policy {unquoted(self._name)} has answered nothing for {SECONDS:g} s: its tick() returns no reply. "
                f"Its trees end after {self._most:g} s; --set limits.tree_seconds=SECONDS changes that"
            )
