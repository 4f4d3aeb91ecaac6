"""The bounds on compute, calls, output and memory: who reaches one is told, and keeps its variables."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import pytest

from rao_lab.errors import ConfigError
from rao_lab.execution.sandbox import Ended, Sandbox
from tests.support.sandboxes import Node, awaiting, ended


def test_a_compute_limit_takes_the_code_back_and_is_marked(tight: Sandbox) -> None:
    node = Node(tight)
    node.run("x = 1")
    end = node.run("x = 2\nwhile True: pass")
    assert (
        end.error
        == "stopped: the code computed for more than 0.1 s. Your variables are as they were before this code."
    )
    assert (end.stopped, end.timed_out, end.lost) == ("seconds", True, False)
    assert node.run("print(x)").output == "1\n"


def test_waiting_is_not_computing(tight: Sandbox) -> None:
    def slow(name: str, args: Any, kwargs: Any) -> Any:
        time.sleep(0.15)

    node = Node(tight, on_call=slow)
    step = awaiting(node.start("get()\nawait launch(1)\nget()\nprint('done')"))
    time.sleep(0.15)
    end = ended(node.go_on(step, {1: 1}))
    assert (end.output, end.error) == ("done\n", None)


def test_compute_adds_up_over_pauses() -> None:
    with Sandbox(seconds=0.05, suspensions=100_000) as sandbox:
        end = Node(sandbox).run("while True:\n  await launch(1)\n  for _ in range(100_000): pass")
    assert end.stopped == "seconds"


def test_building_arguments_here_is_computing_too(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr(time, "thread_time", lambda: float(next(ticks)))
    calls = []

    def answer(name: str, args: Any, kwargs: Any) -> None:
        calls.append(args)

    end = Node(sandbox, on_call=answer).run("for i in range(9):\n  get(i)\n  await launch(i)")
    assert (end.stopped, end.timed_out) == ("seconds", True)  # 5 s, and each call took 1
    assert calls == [(0,), (1,), (2,)]


def test_calls_are_counted_over_pauses_and_variables_stay(tight: Sandbox) -> None:
    node = Node(tight)
    fits = node.run("for i in range(3): get(i)\nawait launch(1)\nfor i in range(3): get(i)")
    assert (fits.error, fits.suspensions) == (None, 8)
    end = node.run("for i in range(3): get(i)\nawait launch(1)\nfor i in range(4): get(i)")
    assert end.error == "stopped: more than 8 calls in one turn; make fewer, or go on in the next turn"
    assert end.stopped == "suspensions"
    assert node.run("print(i)").output == "3\n"


def test_long_output_is_cut_and_the_code_goes_on(tight: Sandbox) -> None:
    node = Node(tight)
    end = node.run("print('x' * 500)\ny = 1")
    assert (end.output, end.truncated, end.error) == ("x" * 100, True, None)
    assert node.run("print(y)").output == "1\n"


@pytest.mark.parametrize("code", ["while True: print('x')", "print('x' * 1_000_000)\nget('after')"])
def test_a_flood_of_output_is_abandoned(code: str, tight: Sandbox) -> None:
    calls = []

    def answer(name: str, args: Any, kwargs: Any) -> Any:
        calls.append(name)

    end = Node(tight, on_call=answer).run(code)
    assert (end.stopped, len(end.output), end.truncated, end.lost, calls) == ("output", 100, True, False, [])
    assert end.error is not None
    assert end.error.startswith("stopped: the code printed more than 1600 characters")


def test_memory_is_bounded_and_variables_stay(tight: Sandbox) -> None:
    node = Node(tight)
    node.run("x = 1")
    end = node.run("x = 2\ny = 'a' * 10**9")
    assert (end.stopped, end.lost) == ("memory", False)
    assert node.run("print(x)").output == "2\n"


def test_a_session_as_large_as_it_may_be_goes_on(tight: Sandbox) -> None:
    node = Node(tight)
    node.run("x = []\nwhile True: x.append('a' * 10)")
    assert node.run("print('alive')").output == "alive\n"


def test_variables_too_large_to_be_put_away_between_turns_are_undone(tight: Sandbox) -> None:
    node = Node(tight)
    node.run("x = 1")
    end = node.run("x = 2\ny = 'a' * (3 << 20)\nprint('made')")
    assert (end.stopped, end.lost, end.output) == ("memory", False, "made\n")
    assert end.error is not None
    assert end.error.startswith("MemoryError: put away, your variables are 3.0 MiB, at most 2.0 are kept")
    assert node.run("print(x)").output == "1\n"


def test_variables_too_large_to_be_put_away_at_an_await_end_the_turn(tight: Sandbox) -> None:
    node = Node(tight)
    node.run("x = 1")
    end = node.start("y = 'a' * (3 << 20)\nr = await launch(1)\nx = 2")
    assert isinstance(end, Ended)
    assert (end.stopped, end.lost, len(end.never_awaited)) == ("memory", False, 1)
    node.state = end.state
    assert node.run("print(x)").output == "1\n"


def test_large_variables_that_are_gone_by_the_end_of_a_turn_are_no_matter(tight: Sandbox) -> None:
    end = Node(tight).run("y = 'a' * (3 << 20)\nprint(len(y))\ny = None")
    assert (end.stopped, end.error, end.output) == ("", None, "3145728\n")


@pytest.mark.parametrize("field", ["workers", "seconds", "memory_mb", "output_chars", "suspensions"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_bound_that_means_nothing_is_refused(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=field):
        Sandbox(**{field: value})
