"""Questions put to a policy, many at once: as many as it takes, each for a time, and with one more try."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import RaoLabError
from rao_lab.execution.asked import checked_replies
from rao_lab.protocols import NodeKey, Policy, TurnReply, TurnRequest
from rao_lab.tree import Message

AT_ONCE = 16
"""Questions under way at a policy that does not say how many it takes."""

Retry = Callable[[int, TurnReply], tuple[Message, ...] | None]
"""Hears the place of a question and its reply; gives the messages to ask again with, or None if that was all."""


@dataclass(slots=True)
class _Open:
    """A question that waits for its turn, or is under way."""

    place: int
    messages: tuple[Message, ...]
    tries: int = 1
    since: float = 0.0

    @property
    def key(self) -> NodeKey:
        return self.place, "0"


class Asking:
    """Puts questions to a policy.

    Args:
        room: new tokens of a reply.
        seconds: that a reply may take.
        noise: of each question, by its place.
    """

    def __init__(self, policy: Policy, *, room: int, seconds: float, noise: Sequence[str]) -> None:
        self._policy, self._room, self._seconds, self._noise = policy, room, seconds, noise
        self._most = int(getattr(policy, "concurrency", AT_ONCE))
        self._running: dict[NodeKey, _Open] = {}
        self._waiting: deque[_Open] = deque()
        self.calls = self.retries = 0
        self.late = False
        """A reply took too long: the next time it may not."""

    @property
    def left(self) -> int:
        return len(self._running) + len(self._waiting)

    def run(
        self, questions: Sequence[tuple[Message, ...]], retry: Retry, on_tick: Callable[[], None] | None
    ) -> dict[int, str]:
        """Asks all, and hands each reply to `retry`; returns why others have none, by place.

        What `on_tick` raises goes on; what the policy raises is said of all that are left.
        """
        self._waiting.extend(_Open(place, messages) for place, messages in enumerate(questions))
        lost: dict[int, str] = {}
        try:
            while self.left:
                if on_tick is not None:
                    on_tick()
                why = self._step(len(questions), retry, lost)
                if why:
                    lost |= dict.fromkeys(
                        (each.place for each in [*self._running.values(), *self._waiting]), why
                    )
                    self._waiting.clear()
                    self._forget()
        finally:
            self._waiting.clear()
            self._forget()
        return lost

    def _step(self, count: int, retry: Retry, lost: dict[int, str]) -> str:
        """One decode step. Returns why the policy is lost, if it is."""
        try:
            while self._waiting and len(self._running) < self._most:
                self._submit(self._waiting.popleft())
            replies = checked_replies(self._policy, self._policy.tick(), count)
            for reply in replies:
                self._policy.forget(reply.key)
        except RaoLabError as problem:
            return unquoted(problem)
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - a user's own policy: that it failed is data
            return f"policy {self._policy.name} raised {quoted(problem)}"
        for reply in replies:
            found = self._running.pop(reply.key, None)
            if found is None:
                continue
            if reply.stop == "error":
                lost[found.place] = reply.error or "the policy was lost"
            elif (more := retry(found.place, reply)) is not None:
                self._waiting.append(_Open(found.place, more, found.tries + 1))
        self._give_up(lost)
        return ""

    def _submit(self, question: _Open) -> None:
        question.since = time.monotonic()
        self._running[question.key] = question
        self.calls += 1
        self.retries += question.tries > 1
        self._policy.submit(
            TurnRequest(
                question.key,
                turn=1,
                depth=0,
                agent="flat",
                goal=question.messages[1].content,
                args={},
                messages=question.messages,
                history=(),
                noise=("judge", self._noise[question.place], question.tries),
                max_new_tokens=self._room,
                window=self._policy.window,
            )
        )

    def _give_up(self, lost: dict[int, str]) -> None:
        now = time.monotonic()
        for key, question in [*self._running.items()]:
            if now - question.since > self._seconds:
                del self._running[key]
                self._policy.forget(key)
                lost[question.place] = f"no reply within {self._seconds:g} s"
                self.late = True

    def _forget(self) -> None:
        for key in [*self._running]:
            del self._running[key]
            self._policy.forget(key)
