"""Sandboxed sessions: what code may do, how it awaits, and that nothing of it stays behind."""

from __future__ import annotations

import itertools
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rao_lab.errors import ConfigError, UnavailableError
from rao_lab.execution.sandbox import (
    Awaiting,
    CallError,
    Ended,
    Launched,
    NotPlainError,
    OnCall,
    Sandbox,
    check_plain,
)
from rao_lab.execution.sandbox.snippet import Snippet
from rao_lab.execution.sandbox.values import ordered

FUNCTIONS = {"get": False, "finish": False, "launch": True}


def echo(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Answers a call with its first argument."""
    return args[0] if args else None


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=5.0) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def tight() -> Iterator[Sandbox]:
    with Sandbox(seconds=0.1, memory_mb=16, output_chars=100, suspensions=8) as sandbox:
        yield sandbox


class Node:
    """Runs one snippet after another as a node does, and answers launches from a table."""

    def __init__(
        self, sandbox: Sandbox, answers: Mapping[Any, Any] | None = None, on_call: OnCall = echo
    ) -> None:
        self.sandbox = sandbox
        self.answers = answers or {}
        self.on_call = on_call
        self.state: bytes | None = None
        self.steps: list[Awaiting] = []
        self.clock = 0.0

    def start(self, code: str) -> Awaiting | Ended:
        return self.sandbox.run(self.state, code, FUNCTIONS, self.on_call, seed=7, clock=self.clock)

    def go_on(self, step: Awaiting, answers: Mapping[int, Any]) -> Awaiting | Ended:
        return self.sandbox.resume(step.paused, answers, FUNCTIONS, self.on_call, clock=self.clock)

    def run(self, code: str) -> Ended:
        """To its end; each await is answered at once, one call at a time, the last made first."""
        self.steps.clear()
        launched: dict[int, Any] = {}
        step = self.start(code)
        while isinstance(step, Awaiting):
            self.steps.append(step)
            launched |= {call.call_id: call.args[0] for call in step.launched}
            last = step.pending[-1]
            step = self.go_on(step, {last: self.answers.get(launched[last], launched[last])})
        self.state = step.state
        return step


def awaiting(step: Awaiting | Ended) -> Awaiting:
    assert isinstance(step, Awaiting)
    return step


def ended(step: Awaiting | Ended) -> Ended:
    assert isinstance(step, Ended)
    return step


# Plain snippets.


def test_output_and_state_last_over_turns(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    assert node.run("x = 3\ndef double(n): return 2 * n").output == ""
    assert node.run("x += 1\nprint(double(x))").output == "8\n"


def test_a_call_is_answered_at_once_with_its_arguments(sandbox: Sandbox) -> None:
    calls = []

    def answer(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        calls.append((name, args, kwargs))
        return {"made": (1, None)}

    assert (
        Node(sandbox, on_call=answer).run("print(get('a', [1, 2], k={3}))").output == "{'made': (1, None)}\n"
    )
    assert calls == [("get", ("a", [1, 2]), {"k": {3}})]


def test_a_call_error_is_raised_inside_and_can_be_caught(sandbox: Sandbox) -> None:
    def refuse(name: str, args: Any, kwargs: Any) -> Any:
        raise CallError("you have no m5_i3", "ValueError")

    node = Node(sandbox, on_call=refuse)
    assert node.run("try: get()\nexcept ValueError as error: print(error)").output == "you have no m5_i3\n"
    assert node.run("x = 1\nget()").error == "ValueError: you have no m5_i3 (line 2: get())"


def test_a_bug_in_a_world_is_raised_and_the_sandbox_goes_on(sandbox: Sandbox) -> None:
    def broken(name: str, args: Any, kwargs: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Node(sandbox, on_call=broken).run("get()")
    assert Node(sandbox).run("print(1)").output == "1\n"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = 1\ny = x / 0", "ZeroDivisionError: division by zero (line 2: y = x / 0)"),
        ("def f(n):\n  return n[0]\nf(3)", "TypeError: 'int' object is not subscriptable "
         "(line 3: f(3), in f: return n[0])"),
        ("nope(1)", "NameError: name 'nope' is not defined (line 1: nope(1))"),
        ("nope", "NameError: name 'nope' is not defined (line 1: nope)"),
        ("def f(:", "SyntaxError: Expected a parameter or the end of the parameter list (line 1: def f(:)"),
        ("def f():\n  yield 1", "NotImplementedError: this Python does not have yield expressions "
         "(line 2: yield 1)"),
        ("sorted([1], key=get)", "NotImplementedError: 'get' cannot be called from within map, sorted or "
         "a method such as __repr__: use a loop (line 1: sorted([1], key=get))"),
        ("[0] * 10**10", "MemoryError: this code needs more memory than it may have (line 1: [0] * 10**10)"),
    ],
)  # fmt: skip
def test_an_error_says_type_message_and_line(code: str, error: str, sandbox: Sandbox) -> None:
    assert Node(sandbox).run(code).error == error


def test_variables_outlast_an_error(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("x = 5\n1 / 0")
    assert node.run("print(x)").output == "5\n"


def test_functions_that_are_not_offered_do_not_exist(sandbox: Sandbox) -> None:
    alone = sandbox.run(None, "await launch('a')", {"get": False}, echo, seed=1, clock=0)
    assert ended(alone).error == "NameError: name 'launch' is not defined (line 1: await launch('a'))"


def test_a_function_kept_in_a_variable_works_in_a_later_turn(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("ask = get")
    assert node.run("print(ask(4))").output == "4\n"


# Finish.


@pytest.mark.parametrize("call", ["finish(7)", "finish(message=7)", "[finish(7 + i) for i in range(3)]"])
def test_finish_ends_the_snippet_at_once(call: str, sandbox: Sandbox) -> None:
    calls = []

    def answer(name: str, args: Any, kwargs: Any) -> Any:
        calls.append(name)

    end = Node(sandbox, on_call=answer).run(f"print('before')\ntry: {call}\nfinally: get()\nprint('after')")
    assert (end.finished, end.value, end.output, calls) == (True, 7, "before\n", [])


VALUES = [
    None,
    True,
    -(2**80),
    1.5,
    math.inf,
    "text \x00 \u202e é",
    b"\x00\xff",
    [1, [2, [3]]],
    (1, (2,)),
    {1, "a"},
    frozenset({1.5}),
    {"a": {1: (2, None)}, (1, 2): [b"x"], None: True},
    [],
    "x" * 1_000_000,
    list(range(100_000)),
    {str(n): [n] for n in range(20_000)},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_returns_as_it_went_in(value: Any, sandbox: Sandbox) -> None:
    def give(name: str, args: Any, kwargs: Any) -> Any:
        return value

    end = Node(sandbox, on_call=give).run("finish(get())")
    assert end.value == value
    assert type(end.value) is type(value)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.tuples(st.integers()), inner, max_size=4)
        | st.sets(st.integers() | st.text(max_size=3), max_size=4)
        | st.frozensets(st.binary(max_size=3), max_size=4)
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(value=plain)
def test_any_plain_value_returns_as_it_went_in(value: Any, sandbox: Sandbox) -> None:
    def give(name: str, args: Any, kwargs: Any) -> Any:
        return value

    returned = Node(sandbox, on_call=give).run("finish(get())").value
    assert returned == value
    assert repr(ordered(returned)) == repr(ordered(value))


WORDS = (
    "x y f get launch finish await async def return for in while if else try except raise import asyncio "
    "lambda ( ) [ ] { } : , . = == + * ** - / % not and or None True 0 1 99 'a' print gather range len"
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(
    code=st.text() | st.lists(st.sampled_from([*WORDS.split(" "), "\n", "\n  "]), max_size=25).map(" ".join)
)
def test_any_text_is_answered(code: str, tight: Sandbox) -> None:
    assert not Node(tight).run(code).lost


def test_nan_returns_as_it_went_in(sandbox: Sandbox) -> None:
    assert math.isnan(Node(sandbox).run("finish(float('nan'))").value)


def test_a_value_that_cannot_cross_is_refused_in_words_and_the_code_may_go_on(sandbox: Sandbox) -> None:
    end = Node(sandbox).run("class A: pass\ntry: finish(A())\nexcept TypeError as error: print(error)")
    assert end.output == (
        "finish(...) holds a A: pass None, bool, int, float, str, bytes, list, tuple, set or dict\n"
    )
    assert not end.finished


def test_finishing_with_an_unawaited_launch_says_to_await(sandbox: Sandbox) -> None:
    end = Node(sandbox).run("finish([launch('a')])")
    assert end.error == (
        "TypeError: finish(...) holds a call that was not awaited: write `await` before it "
        "(line 1: finish([launch('a')]))"
    )


@pytest.mark.parametrize("depth", [63, 64])
def test_depth_is_bounded(depth: int) -> None:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    assert check_plain(value, "it") == 8 * (depth + 1)
    with pytest.raises(NotPlainError, match="nested too deep"):
        check_plain([[value]], "it")


# Awaiting.


def test_an_await_announces_the_launch_and_waits_without_a_worker(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("print('go')\nx = await launch('a', 2, k=[3])\nprint(x)"))
    assert step.launched == (Launched(0, "launch", ("a", 2), {"k": [3]}),)
    assert (step.pending, step.output) == ((0,), "go\n")
    assert Node(sandbox).run("print('another node')").output == "another node\n"
    assert ended(node.go_on(step, {0: {"failed": "no"}})).output == "go\n{'failed': 'no'}\n"


def test_gather_launches_all_and_keeps_their_order(sandbox: Sandbox) -> None:
    node = Node(sandbox, {"a": 1, "b": 2, "c": 3})
    end = node.run("import asyncio\nprint(await asyncio.gather(launch('a'), launch('b'), launch('c')))")
    assert end.output == "[1, 2, 3]\n"
    assert [[call.args for call in step.launched] for step in node.steps] == [
        [("a",), ("b",), ("c",)],
        [],
        [],
    ]
    assert [step.pending for step in node.steps] == [(0, 1, 2), (0, 1), (0,)]


def test_several_answers_may_come_together(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("import asyncio\nprint(await asyncio.gather(*[launch(i) for i in range(4)]))"))
    step = awaiting(node.go_on(step, {3: "d", 0: "a"}))
    assert step.pending == (1, 2)
    assert ended(node.go_on(step, {1: "b", 2: "c"})).output == "['a', 'b', 'c', 'd']\n"


def test_launches_in_turn_are_announced_in_turn(sandbox: Sandbox) -> None:
    node = Node(sandbox, {"a": 2, "b": 3})
    assert node.run("print(await launch('a') * await launch('b'))").output == "6\n"
    assert [[call.args for call in step.launched] for step in node.steps] == [[("a",)], [("b",)]]


def test_one_await_starts_every_pending_launch(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    end = node.run("hs = [launch(n) for n in range(3)]\nx = await hs[0]\nprint(x, [await h for h in hs[1:]])")
    assert end.output == "0 [1, 2]\n"
    assert [len(step.launched) for step in node.steps] == [3, 0, 0]


def test_helpers_may_launch(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    end = node.run(
        "import asyncio\n"
        "async def ask(n):\n"
        "  first = await launch(n)\n"
        "  return first + await launch(10 * n)\n"
        "print(await asyncio.gather(ask(1), ask(2)))"
    )
    assert end.output == "[11, 22]\n"
    assert [call.args for step in node.steps for call in step.launched] == [(1,), (2,), (20,), (10,)]


def test_a_helper_of_an_earlier_turn_may_launch(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("async def ask(n): return await launch(n)")
    assert node.run("print(await ask(5))").output == "5\n"


def test_calls_between_launches_count_in_the_ids(sandbox: Sandbox) -> None:
    step = awaiting(Node(sandbox).start("a = launch(1)\nget(2)\nb = launch(3)\nawait a"))
    assert [(call.call_id, call.args) for call in step.launched] == [(0, (1,)), (2, (3,))]


def test_asyncio_run_awaits_too(sandbox: Sandbox) -> None:
    assert Node(sandbox).run("import asyncio\nprint(asyncio.run(launch(4)))").output == "4\n"


def test_a_handle_may_be_awaited_twice(sandbox: Sandbox) -> None:
    assert Node(sandbox).run("h = launch(4)\nprint(await h, await h)").output == "4 4\n"


def test_launches_that_nobody_awaits_are_told(sandbox: Sandbox) -> None:
    end = ended(Node(sandbox).start("launch('a')\nlaunch('b')\nprint('done')"))
    assert [call.args for call in end.never_awaited] == [("a",), ("b",)]
    assert (end.unanswered, end.output, end.error) == ((), "done\n", None)


def test_launches_before_a_crash_are_told(sandbox: Sandbox) -> None:
    end = ended(Node(sandbox).start("h = launch('a')\n1 / 0\nawait h"))
    assert [call.args for call in end.never_awaited] == [("a",)]
    assert end.error == "ZeroDivisionError: division by zero (line 2: 1 / 0)"


def test_announced_launches_without_an_answer_are_told_at_the_end(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("hs = [launch(n) for n in 'abc']\nx = await hs[1]\nlaunch('late')\n1 / 0"))
    end = ended(node.go_on(step, {1: "B"}))
    assert end.unanswered == (0, 2)
    assert [call.args for call in end.never_awaited] == [("late",)]


def test_finishing_leaves_pending_launches_unanswered(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("hs = [launch(n) for n in 'ab']\nfinish(await hs[0])"))
    end = ended(node.go_on(step, {0: "A"}))
    assert (end.finished, end.value, end.unanswered) == (True, "A", (1,))


def test_an_error_as_answer_is_raised_at_the_await(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("try: await launch('a')\nexcept RuntimeError as error: print(error)"))
    assert ended(node.go_on(step, {0: CallError("refused: too deep")})).output == "refused: too deep\n"


def test_a_handle_does_not_outlive_its_turn(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("h = launch('a')")
    assert node.run("await h").error == (
        "RuntimeError: nothing answers this await: a handle does not outlive the turn that launched it"
    )
    assert node.run("print('goes on')").output == "goes on\n"


def test_an_old_handle_beside_a_new_launch_ends_in_an_error_too(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("get(1)\nh = launch('old')")
    end = node.run("new = launch('new')\nprint(await new)\nawait h")
    assert end.output == "new\n"
    assert end.error is not None
    assert "does not outlive" in end.error


def test_a_pause_can_be_resumed_twice_with_other_answers(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("x = 1\nx += await launch(0)\nprint(x)"))
    assert [ended(node.go_on(step, {0: n})).output for n in (1, 5)] == ["2\n", "6\n"]


def test_output_before_and_after_a_pause_is_one_and_cut_once() -> None:
    with Sandbox(output_chars=10) as sandbox:
        node = Node(sandbox)
        end = node.run("print('x' * 6)\nawait launch(1)\nprint('y' * 6)")
    assert (end.output, end.truncated) == ("xxxxxx\nyyy", True)


# Determinism.


def test_random_is_seeded_and_continues_over_turns_and_pauses(sandbox: Sandbox) -> None:
    draw = "import random\nprint(random.random())"

    def drawn() -> list[str]:
        node = Node(sandbox)
        return [node.run(code).output for code in (draw, draw, "await launch(1)\n" + draw)]

    first = drawn()
    assert len(set(first)) == 3
    assert drawn() == first
    other = ended(sandbox.run(None, draw, FUNCTIONS, echo, seed=8, clock=0.0)).output
    assert other not in first


def test_clocks_show_the_logical_time_only(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.clock = 12.5
    node.run("import time, datetime")
    code = "print(time.time(), time.monotonic(), time.perf_counter(), time.process_time())"
    assert node.run(code).output == "12.5 12.5 12.5 0.0\n"
    node.clock = 90_000.0
    assert node.run("print(datetime.datetime.now(), datetime.date.today())").output == (
        "1970-01-02 01:00:00 1970-01-02\n"
    )
    utc = "print(datetime.datetime.now(datetime.timezone.utc), time.strftime('%Y'), time.localtime().tm_hour)"
    assert node.run(utc).output == "1970-01-02 01:00:00+00:00 1970 1\n"


def test_the_clock_moves_over_a_pause(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("import time\na = time.time()\nawait launch(1)\nprint(a, time.time())"))
    node.clock = 3.0
    assert ended(node.go_on(step, {1: None})).output == "0.0 3.0\n"


@pytest.mark.parametrize("clock", [-5.0, 1e18])
@pytest.mark.parametrize("hours", [-23, 0, 23])
def test_a_clock_beyond_the_calendar_does_no_harm(clock: float, hours: int, sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.clock = clock
    zone = f"datetime.timezone(datetime.timedelta(hours={hours}))"
    year = node.run(f"import datetime\nprint(datetime.datetime.now({zone}).year)").output
    assert year in ("1969\n", "1970\n", "9999\n")


def test_sleep_takes_no_time(sandbox: Sandbox) -> None:
    end = Node(sandbox).run("import time, asyncio\ntime.sleep(1e6)\nawait asyncio.sleep(1e6)\nprint('awake')")
    assert end.output == "awake\n"


SETS = """
from rao_lab.execution.sandbox import Sandbox
def answer(name, args, kwargs): return {"b", "a", "c", ("x", frozenset("zyx"))}
with Sandbox() as sandbox:
    print(sandbox.run(None, "print(get())", {"get": False}, answer, seed=1, clock=0).output, end="")
"""


def test_sets_enter_in_one_order_whatever_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SETS],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert outputs == {"{'a', 'b', 'c', ('x', frozenset({'x', 'y', 'z'}))}\n"}


def test_hashes_and_set_order_do_not_depend_on_the_worker() -> None:
    code = "print(hash('a'), {'x', 'y', 'z', 'w'}, id([]), hash(get))"
    outputs = set()
    for _ in range(3):
        with Sandbox() as fresh:
            outputs.add(Node(fresh).run(code).output)
    assert len(outputs) == 1


# Limits.


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


# Workers.


def children(parent: int = os.getpid()) -> set[int]:
    """Processes started by one, those that only wait to be reaped left out."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, starter = entry.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # gone meanwhile
            continue
        if int(starter) == parent and state != "Z":
            found.add(int(entry.parent.name))
    return found


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@needs_proc
def test_no_process_is_left_after_close() -> None:
    before = children()
    with Sandbox(workers=3) as sandbox:
        threads = [threading.Thread(target=Node(sandbox).run, args=("await launch(1)",)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 <= len(children() - before) <= 3
    assert children() == before


@needs_proc
def test_a_worker_lost_while_idle_is_replaced_unseen() -> None:
    before = children()
    with Sandbox() as sandbox:
        node = Node(sandbox)
        node.run("x = 4")
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)
        assert node.run("print(x)").output == "4\n"


@needs_proc
def test_a_worker_lost_in_the_middle_is_told_and_replaced() -> None:
    before = children()

    def kill(name: str, args: Any, kwargs: Any) -> Any:
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)

    with Sandbox() as sandbox:
        end = Node(sandbox, on_call=kill).run("print('a')\nget()\nprint('b')")
        assert (end.lost, end.output) == (True, "a\n")
        assert end.error is not None
        assert end.error.startswith("the sandbox was lost: ")
        assert Node(sandbox).run("print(1)").output == "1\n"


@needs_proc
def test_a_worker_lost_at_a_pause_costs_nothing() -> None:
    before = children()
    with Sandbox() as sandbox:
        node = Node(sandbox)
        step = awaiting(node.start("x = await launch(1)\nprint(x)"))
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)
        assert ended(node.go_on(step, {0: "answer"})).output == "answer\n"


@pytest.mark.parametrize("workers", [1, 4])
def test_threads_share_the_workers_without_mixing_nodes(workers: int) -> None:
    outputs: dict[int, list[str]] = {}

    def work(sandbox: Sandbox, number: int) -> None:
        node = Node(sandbox)
        node.run(f"x = {number}")
        outputs[number] = [node.run(f"x += await launch({step})\nprint(x)").output for step in range(5)]

    with Sandbox(workers=workers) as sandbox:
        threads = [threading.Thread(target=work, args=(sandbox, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    sums = (0, 1, 3, 6, 10)
    assert outputs == {number: [f"{number + added}\n" for added in sums] for number in range(8)}


def test_a_closed_sandbox_opens_again() -> None:
    sandbox = Sandbox()
    sandbox.close()
    assert Node(sandbox).run("print(1)").output == "1\n"
    sandbox.close()
    sandbox.close()


SCRIPT = """
import sys
from rao_lab.execution.sandbox.values import ordered
from rao_lab.execution.sandbox import Awaiting, Sandbox
def answer(name, args, kwargs): return 1
sandbox = Sandbox(workers=2, seconds=0.2)
step = sandbox.run(None, "x = await launch(1)", {"launch": True}, answer, seed=1, clock=0)
print("ready", flush=True)
"""
ENDS = {
    "closed": "with sandbox: sandbox.resume(step.paused, {0: 1}, {'launch': True}, answer, clock=0)",
    "not closed": "pass",
    "raised": "raise SystemExit(0)",
}


def run_script(end: str, interrupt: bool = False) -> tuple[int, str]:
    """Exit status and stderr of a fresh Python; returns when its workers have let go of its pipes too."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + end],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    if interrupt:
        process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, errors


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_exits_are_clean(end: str) -> None:
    assert run_script(end) == (0, "")


@pytest.mark.slow
def test_a_hundred_exits_are_clean() -> None:
    ends = [end for _ in range(34) for end in ENDS.values()][:100]
    assert [run_script(end) for end in ends] == [(0, "")] * 100


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("code", ["while True: pass", "while True: print()", "while True: get()"])
def test_an_interrupt_leaves_nothing_behind(code: str) -> None:
    loop = f"while True: sandbox.run(None, {code!r}, {{'get': False}}, answer, seed=1, clock=0)"
    status, errors = run_script(loop, interrupt=True)
    assert status == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_while_the_pool_hands_over_a_print_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snippet, "_print", lambda *_: interrupt())
    with Sandbox() as sandbox, pytest.raises(KeyboardInterrupt):
        Node(sandbox).run("print(1)")


def test_an_interrupt_while_the_pool_imports_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        """Asked by the pool in each run for a module that is not there."""

        def find_spec(self, *_: object) -> None:
            interrupt()

    with Sandbox() as sandbox:
        node = Node(sandbox)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
        with pytest.raises(KeyboardInterrupt):
            node.run("1")


def test_a_function_of_the_host_is_interrupted_at_once() -> None:
    reached = []

    def on_call(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        interrupt()
        reached.append(name)

    with Sandbox() as sandbox, pytest.raises(KeyboardInterrupt):
        sandbox.run(None, "get()", {"get": False}, on_call, seed=1, clock=0)
    assert reached == []


@needs_proc
@pytest.mark.skipif(sys.platform != "linux", reason="workers are started by a script in memory on Linux only")
def test_workers_run_under_limits_and_know_nothing_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAO_SECRET", "of the host")
    before = children()
    with Sandbox(memory_mb=16):
        (worker,) = children() - before
        limits = Path(f"/proc/{worker}/limits").read_text()
        assert Path(f"/proc/{worker}/environ").read_bytes() == b""
        assert Path(f"/proc/{worker}/fd/2").readlink() == Path("/dev/null")
    rows = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()}
    assert (rows["Max file size"], rows["Max core file size"], rows["Max open files"]) == ("0", "0", "64")
    assert rows["Max address space"] == str((16 * 8 + 1024) * 2**20)


ORPHANED = """
import threading, time
from rao_lab.execution.sandbox import Sandbox, pool as workers
workers.ORPHAN_SECONDS = 0.5
pool = Sandbox(seconds=0.2)
def get(name, args, kwargs):
    print("ready", flush=True)
# Comparing what holds itself twice over never looks at the clock.
code = "x = []; y = []\\nfor _ in range(60): x = [x, x]; y = [y, y]\\nget()\\nx == y"
pool.run(None, code, {"get": False}, get, seed=1, clock=0)
"""


@needs_proc
@pytest.mark.skipif(
    sys.platform != "linux", reason="a worker's compute time is bounded from outside on Linux only"
)
def test_a_worker_whose_owner_was_killed_ends_even_where_it_never_looks_at_the_clock() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", ORPHANED],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    (worker,) = children(owner.pid)
    owner.kill()
    owner.communicate()
    for _ in range(600):
        if not runs(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("it computes on")


def test_a_missing_interpreter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONTY_BIN", "/nowhere/monty")
    with pytest.raises(UnavailableError, match="no sandbox worker can be started"):
        Sandbox().open()
