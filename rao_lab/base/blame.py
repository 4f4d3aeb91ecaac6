"""A user's own code is called: an exception of it becomes one error that names what raised it.

An interrupt is nobody's fault and passes through. `SystemExit` is an exception like others, or a tool that calls
`sys.exit` would end the program without a word; only a listener of the user may end it so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import CallbackError, RaoLabError


@contextmanager
def blamed(what: str, advice: str, *passing: type[BaseException]) -> Iterator[None]:
    """Inside, a user's own code runs.

    Args:
        what: whose code it is, as in "on_tick".
        advice: what to do; it ends the message.
        passing: exceptions that mean something and pass through.

    Raises:
        CallbackError: "`what` raised ...: `advice`", from the exception that was raised.
    """
    try:
        yield
    except passing:
        raise
    except (
        Exception,
        SystemExit,
    ) as problem:  # a user's own code: the error names it, and is chained to its exception
        raise CallbackError(f"{what} raised {quoted(problem)}: {advice}") from problem


def listening(name: str, function: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """A function that the user gave under this name, blamed for what it raises; None stays None."""
    if function is None:
        return None
    heard = function

    @wraps(heard)
    def call(*given: Any) -> Any:
        with blamed(name, f"correct {name}", RaoLabError, SystemExit):
            return heard(*given)

    return call
