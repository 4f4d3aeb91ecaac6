"""An interrupt is never lost and never handled twice, whatever it interrupts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from rao_lab.base.interrupts import HeldBack, Termination


@pytest.fixture
def came() -> Iterator[list[int]]:
    """The signals that a handler of SIGINT which does not raise has been given."""
    told: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: told.append(number))
    yield told
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_it_is_handled_when_the_block_is_done() -> None:
    done = False
    with pytest.raises(KeyboardInterrupt), HeldBack():
        interrupt()
        done = True
    assert done


def test_several_count_as_one(came: list[int]) -> None:
    with HeldBack():
        interrupt()
        interrupt()
        assert came == []
    assert came == [signal.SIGINT]


def test_the_handler_is_as_it_was(came: list[int]) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with HeldBack():
        interrupt()
    assert signal.getsignal(signal.SIGINT) is handler


def test_it_is_handled_after_an_error_too(came: list[int]) -> None:
    with pytest.raises(ValueError, match="inside"), HeldBack():
        interrupt()
        raise ValueError("inside")
    assert came == [signal.SIGINT]


def test_an_inner_block_hands_it_to_the_outer(came: list[int]) -> None:
    with HeldBack():
        with HeldBack():
            interrupt()
        assert came == []
    assert came == [signal.SIGINT]


def test_let_through_it_is_handled_at_once(came: list[int]) -> None:
    with HeldBack() as held, held.let_through():
        interrupt()
        assert came == [signal.SIGINT]


def test_one_that_came_before_is_let_through(came: list[int]) -> None:
    with HeldBack() as held:
        interrupt()
        with held.let_through():
            assert came == [signal.SIGINT]
    assert came == [signal.SIGINT]


def test_after_it_was_let_through_it_is_held_back_again(came: list[int]) -> None:
    with HeldBack() as held:
        with held.let_through():
            pass
        interrupt()
        assert came == []


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_python_does_not_handle_is_left_alone(came: list[int], handler: signal.Handlers) -> None:
    signal.signal(signal.SIGINT, handler)
    with HeldBack() as held, held.let_through():
        assert signal.getsignal(signal.SIGINT) is handler


def test_in_another_thread_it_does_nothing(came: list[int]) -> None:
    handler, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with HeldBack() as held, held.let_through():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert seen == [handler]


def test_sigterm_is_handled_as_ctrl_c_and_held_back_like_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    done = False
    termination = Termination()
    with pytest.raises(KeyboardInterrupt), termination, HeldBack():
        signal.raise_signal(signal.SIGTERM)
        done = True
    assert done and termination.came
    assert signal.getsignal(signal.SIGTERM) is before


def test_if_ctrl_c_is_ignored_sigterm_is_left_to_the_system() -> None:
    """As in a background job of a script, where SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Termination() as termination:
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert not termination.came
    finally:
        signal.signal(signal.SIGINT, before)
