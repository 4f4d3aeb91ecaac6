"""A function in a second process: what it says, returns and raises comes here, and no process is left."""

from __future__ import annotations

import multiprocessing
import time

import pytest

from rao_lab.errors import InputError, UnavailableError
from rao_lab.experiments.beside import Beside
from tests.support import beside_work


class Board:
    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def say(self, *said: object) -> None:
        self.heard.append(("say", *said))

    def advance(self, *said: object) -> None:
        self.heard.append(("advance", *said))


def test_it_reports_asks_and_returns() -> None:
    board = Board()
    with Beside(beside_work.works, board, 2) as other:
        until = time.monotonic() + 60
        while not board.heard and time.monotonic() < until:
            time.sleep(0.01)
        assert board.heard == [("say", "begun")]
        other.answer(40)
        assert other.result() == 42 == other.result()
    assert board.heard == [("say", "begun"), ("advance", "a", 42)]
    assert multiprocessing.active_children() == []


def test_what_it_raises_is_raised_here_and_a_lost_process_is_said() -> None:
    with pytest.raises(InputError, match="this went wrong"), Beside(beside_work.fails, Board()) as other:
        other.result()
    with pytest.raises(UnavailableError, match="second process"), Beside(beside_work.dies, Board()) as other:
        other.answer(1)
        other.result()
    with pytest.raises(ZeroDivisionError), Beside(beside_work.waits, Board()):
        _ = 1 // 0
    assert multiprocessing.active_children() == []
