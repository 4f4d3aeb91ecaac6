"""Plain snippets: calls, errors with their line, variables that last, and how `finish` ends a turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rao_lab.execution.sandbox import CallError, Sandbox
from tests.support.sandboxes import Node, echo, ended, raising


def test_output_and_state_last_over_turns(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    assert node.run("x = 3\ndef double(n): return 2 * n").output == ""
    assert node.run("x += 1\nprint(double(x))").output == "8\n"


def test_code_that_cannot_be_read_leaves_the_session_as_it_was(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    assert (node.run("x = (").error or "").startswith("SyntaxError")
    assert node.state is None
    node.run("x = 3")
    before = node.state
    assert (node.run("x = 4\nx = (").error or "").startswith("SyntaxError")
    assert node.state is before
    for number, failing in enumerate(["eval('(')", "raise SyntaxError('no')", "def f(): eval('(')\nf()"], 5):
        assert (node.run(f"x = {number}\n{failing}").error or "").startswith("SyntaxError")
        assert node.run("print(x)").output == f"{number}\n"


def test_a_call_is_answered_at_once_with_its_arguments(sandbox: Sandbox) -> None:
    calls = []

    def answer(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        calls.append((name, args, kwargs))
        return {"made": (1, None)}

    end = Node(sandbox, on_call=answer).run("print(get('a', [1, 2], k={3}))")
    assert end.output == "{'made': (1, None)}\n"
    assert calls == [("get", ("a", [1, 2]), {"k": {3}})]


@pytest.mark.parametrize("code", ["print(open('d1', 2))", "for n in [2]: print(open('d1', n))"])
def test_a_function_may_have_the_name_of_a_built_in(sandbox: Sandbox, code: str) -> None:
    node = Node(sandbox, functions={"open": False, "sum": False})
    assert node.run(code).output == "d1\n"
    assert node.run("x = sum('d2')\nprint(x)").output == "d2\n"


def test_a_call_error_is_raised_inside_and_can_be_caught(sandbox: Sandbox) -> None:
    node = Node(sandbox, on_call=raising(CallError("you have no m5_i3", "ValueError")))
    assert node.run("try: get()\nexcept ValueError as error: print(error)").output == "you have no m5_i3\n"
    assert node.run("x = 1\nget()").error == "ValueError: you have no m5_i3 (line 2: get())"


def test_a_bug_in_a_world_is_raised_and_the_sandbox_goes_on(sandbox: Sandbox) -> None:
    with pytest.raises(ZeroDivisionError):
        Node(sandbox, on_call=raising(ZeroDivisionError())).run("get()")
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
         "(line 2: yield 1): build a list and return it"),
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


@pytest.mark.parametrize("call", ["finish(7)", "finish(message=7)", "[finish(7 + i) for i in range(3)]"])
def test_finish_ends_the_snippet_at_once(call: str, sandbox: Sandbox) -> None:
    calls = []

    def answer(name: str, args: Any, kwargs: Any) -> Any:
        calls.append(name)

    end = Node(sandbox, on_call=answer).run(f"print('before')\ntry: {call}\nfinally: get()\nprint('after')")
    assert (end.finished, end.value, end.output, calls) == (True, 7, "before\n", [])


WORDS = (
    "x y f get launch finish await async def return for in while if else try except raise import asyncio "
    "lambda ( ) [ ] { } : , . = == + * ** - / % not and or None True 0 1 99 'a' print gather range len"
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    code=st.text() | st.lists(st.sampled_from([*WORDS.split(" "), "\n", "\n  "]), max_size=25).map(" ".join)
)
def test_any_text_is_answered(code: str, tight: Sandbox) -> None:
    assert not Node(tight).run(code).lost


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
