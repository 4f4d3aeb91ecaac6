"""A clock that stands still while a callback holds everything up."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any


class Stopwatch:
    """Seconds, without those that pass in functions that were given to `outside`.

    >>> watch = Stopwatch()
    >>> before = watch()
    >>> 0 <= watch() - before < 60
    True
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._stood = 0.0

    def __call__(self) -> float:
        return self._clock() - self._stood

    def outside(self, function: Callable[..., Any] | None) -> Callable[..., Any] | None:
        """The same function, whose time does not count; None stays None."""
        if function is None:
            return None
        held = function

        @wraps(held)
        def call(*given: Any) -> Any:
            before = self._clock()
            try:
                return held(*given)
            finally:
                self._stood += self._clock() - before

        return call
