"""How many requests a server is sent at once, when the next one may go, and when one has waited too long.

- **At once.** As many as the user allows. A server that is overloaded (it says so, or drops a request that had company)
  is left alone for a while, and then sent half as many; each answer allows a little more again.
- **Too long.** A server that works on one request after the other leaves the others waiting, and a request that waits
  behind others is not late. So the clock of a request starts anew at each sign of life (a token, a whole answer) of a
  request that was sent before it, or of its own.
- **Rate.** At most so many a minute, evenly spaced, and none while the server has asked to wait.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

POLL_SECONDS = 0.2
"""How often a request that waits for its turn looks whether it is still wanted."""
PAUSE_SECONDS = 0.5
"""Pause before the first further try, on average; it doubles for each one after that."""
MAX_PAUSE_SECONDS = 30.0
"""Longest pause that doubling leads to."""
MAX_ASKED_SECONDS = 600.0
"""Longest pause that a server can ask for: one that asks for more has failed."""
MOST_CROWDED = 6
"""Tries of one request that may fail for company before they count as failures: 64 at once are 1 by then."""


@dataclass(eq=False)
class Slot:
    """One request under way."""

    pace: Pace = field(repr=False)
    sent: float
    since: float
    """When its clock last started."""
    beside: int
    """Others that were under way when it was sent."""
    heard: bool = False
    """Whether the server gave a sign of life since it was sent."""

    def left(self) -> float:
        """Seconds until it has waited too long."""
        return self.since + self.pace.seconds - time.monotonic()

    def alive(self) -> None:
        """A part of its answer came."""
        self.pace.alive(self)


class Pace:
    """Shared by all requests to one server; every method may be called from any thread.

    Args:
        most: requests at once.
        seconds: after so long without a sign of life a request has waited too long.
        per_minute: requests that may start in a minute; None = any number.
    """

    def __init__(self, most: int, seconds: float, per_minute: float | None = None) -> None:
        self.seconds = seconds
        self._most = most
        self._allowed = float(most)
        self._apart = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        """Before this moment none is sent, because of the rate or because the server asks for it."""
        self._asked = 0.0
        """Until then the server asks to be left alone."""
        self._held = 0.0
        """Nor before this one, because it is overloaded; an answer ends this."""
        self._cut = 0.0
        """When fewer at once were last allowed."""
        self._cuts = 0
        """How often that was since the last answer."""
        self._slots: list[Slot] = []
        """In the order in which they were sent."""
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """Requests that may be under way at once now."""
        return max(1, int(self._allowed))

    def holds(self) -> float:
        """Seconds for which none is sent because the server asks for it, or is overloaded."""
        return max(0.0, max(self._asked, self._held) - time.monotonic())

    def start(self, gone: threading.Event) -> Slot | None:
        """Waits until a request may be sent; None if `gone` is set before that."""
        with self._changed:
            while not gone.is_set():
                now, due = time.monotonic(), max(self._next, self._held)
                if len(self._slots) < self.allowed and now >= due:
                    self._next = max(self._next, now + self._apart)
                    slot = Slot(self, now, now, len(self._slots))
                    self._slots.append(slot)
                    return slot
                self._changed.wait(min(POLL_SECONDS, max(0.001, due - now)))
        return None

    def alive(self, slot: Slot) -> None:
        """Starts the clock of this request anew, and of all that were sent after it."""
        now = time.monotonic()
        with self._changed:
            if slot in self._slots:
                for each in self._slots[self._slots.index(slot) :]:
                    each.since = now
            for each in self._slots:
                each.heard = True

    def answered(self, slot: Slot) -> None:
        """It is over, and the server did its work."""
        self.alive(slot)
        with self._changed:
            self._allowed = min(self._most, self._allowed + 1 / self._allowed)
            self._held, self._cuts = 0.0, 0
        self._end(slot)

    def failed(self, slot: Slot, overloaded: bool, pause: float = 0.0) -> None:
        """It is over without an answer.

        Args:
            overloaded: the server has too much to do.
            pause: seconds for which it asks to be left alone; 0 = it does not.
        """
        now = time.monotonic()
        with self._changed:
            if overloaded and slot.sent >= self._cut:  # those sent before speak of the same overload
                self._allowed, self._cut = max(1.0, self._allowed / 2), now
                self._held, self._cuts = now + doubled(self._cuts), self._cuts + 1
            self._asked = max(self._asked, now + min(pause, MAX_ASKED_SECONDS))
            self._next = max(self._next, self._asked)
        self._end(slot)

    def _end(self, slot: Slot) -> None:
        with self._changed:
            if slot in self._slots:
                self._slots.remove(slot)
            self._changed.notify_all()


def doubled(times: int) -> float:
    """The pause after it was doubled so often."""
    return min(MAX_PAUSE_SECONDS, PAUSE_SECONDS * 2 ** min(times, 30))


class Tries:
    """Of one request: whether there is another try, and after which pause.

    Args:
        retries: further tries after the first.
        noise: keys the jitter of pauses, so that a run can be repeated and requests do not come in step.
    """

    def __init__(self, retries: int, noise: Sequence[int | str]) -> None:
        self.made = 0
        self._retries = retries
        self._noise = noise
        self._crowded = 0

    def pause(self, asked: float, crowded: bool) -> float | None:
        """Seconds until the next try, after one that failed; None = there is none.

        Args:
            asked: what the server asked for; 0 = it did not.
            crowded: it failed because the server had others to work on. That is not counted, at first.
        """
        self.made += 1
        if crowded and self._crowded < MOST_CROWDED:
            self._crowded += 1
        elif self.made - self._crowded > self._retries:
            return None
        if asked:
            return min(MAX_ASKED_SECONDS, asked)
        return doubled(self.made - 1) * self._jitter()

    def _jitter(self) -> float:
        """From 0.5 to 1.5, the same for the same request and try."""
        digest = hashlib.blake2b(repr((tuple(self._noise), self.made)).encode(), digest_size=4).digest()
        return 0.5 + int.from_bytes(digest, "big") / 2**32
