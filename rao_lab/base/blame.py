"""A user's own code is called: an exception of it becomes one error that names what raised it.

An interrupt is nobody's fault and passes through. `SystemExit` is an exception like others, or a tool that calls
`sys.exit` would end the program without a word; only a listener of the user may end it so.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.base.warned import is_between
from rao_lab.errors import CallbackError, RaoLabError


class blamed:
    """Inside, a user's own code runs.

    Args:
        what: whose code it is, as in "on_tick"; a function is asked for it if it is needed.
        advice: what to do, perhaps by the exception; it ends the message.
        passing: exceptions that mean something and pass through.

    Raises:
        CallbackError: "`what` raised ... (FILE.py:LINE): `advice`", from the exception that was raised.
    """

    def __init__(
        self,
        what: str | Callable[[], str],
        advice: str | Callable[[BaseException], str],
        *passing: type[BaseException],
    ) -> None:
        self._what, self._advice, self._passing = what, advice, passing

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> None:
        if isinstance(problem, Exception | SystemExit) and not isinstance(problem, self._passing):
            what = self._what if isinstance(self._what, str) else self._what()
            advice = self._advice if isinstance(self._advice, str) else self._advice(problem)
            raise CallbackError(f"{what} raised {quoted(problem)}{_place(problem)}: {advice}") from problem


def _place(problem: BaseException) -> str:
    """The innermost line of a user's own file, as " (FILE.py:LINE)"; "" if there is none, as in a cell."""
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(problem.__traceback__)]
    own = [
        (file, line)
        for file, line in lines
        if file.endswith(".py") and not is_between(file) and "-packages" not in file and Path(file).is_file()
    ]
    return f" ({Path(own[-1][0]).name}:{own[-1][1]})" if own else ""


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
