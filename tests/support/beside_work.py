"""Functions for the second process of `tests/experiments/test_beside.py`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from rao_lab.errors import InputError


def works(board: Any, ask: Callable[[], int], given: int) -> int:
    board.say("begun")
    found = ask() + given
    board.advance("a", found)
    return found


def fails(board: Any, ask: Callable[[], int]) -> None:
    raise InputError("this went wrong")


def dies(board: Any, ask: Callable[[], int]) -> None:
    os._exit(3)


def waits(board: Any, ask: Callable[[], int]) -> None:
    board.say("waits")
    ask()
