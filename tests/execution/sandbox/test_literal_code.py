"""Code that only calls functions with what is written in it runs without guards, and nobody can tell."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rao_lab.execution.sandbox import Awaiting, CallError, Sandbox
from rao_lab.execution.sandbox.guard import is_literal

FUNCTIONS = {"get": False, "finish": False, "launch": True}
LITERAL = [
    "", "\n\n", 'get(["a"])\n', 'get("no")\nget(1)', "get('a', 1.5, -2, True, None, [], (), {})",
    'get({"a": 2,\n     "b": 3}, ("c", 1), k=[True, [0]], )\n', 'get({"a": 1}, ("b", 2))\nfinish("done")\n',
    'await launch({"a": 1}, 3)\n', 'await launch({"a": 1}, 3)\nawait launch(2)\nget(1)\n',
    "launch(1)\nget(2)", "launch(1)\nawait launch(2)", "finish()", "finish(1, 2)", 'finish("x")\nget(1)',
    "await get(1)", "await finish(2)", "get(1, k=2, k=3)", "get(007)", "get(k=1, 2)",
]  # fmt: skip
OTHER = [
    "get(x)",
    'get(f"x")',
    "x = get(1)",
    "get({1: 2})",
    'get({"a", "b"})',
    'get({**{"a": 1}})',
    "get(*[1])",
    'get("a")get("b")',
    ' get("a")',
    'get("a"); x = 1',
    'get(get("a"))',
    "get(1)(2)",
    'get("a"',
    'get("\\x41")',
    "get([[[[1]]]])",
    "get(1,, 2)",
    "get(1 2)",
    "get(,)",
    "get(+1)",
    "get(1 ** 9)",
    'get("a" * 9)',
    "get(1j)",
    "get(1e9)",
    'get(b"a")',
    "get(9999999999999999999)",
    "get(1)  # one",
    "import asyncio",
    "print(1)",
    "getter(1)",
    "get = launch(1)",
    "get(1)\nprint(2)",
    'get("\n")',
    "get(1)\n" * 300,
]


@pytest.mark.parametrize("code", LITERAL)
def test_literal_code_is_known(code: str) -> None:
    assert is_literal(code, FUNCTIONS)


@pytest.mark.parametrize("code", OTHER)
def test_other_code_is_guarded(code: str) -> None:
    assert not is_literal(code, FUNCTIONS)


def run(sandbox: Sandbox, code: str) -> tuple[list[Any], bytes | None]:
    """Everything that is told of a snippet whose launches are answered one by one, and what it leaves."""

    def answer(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if args[:1] == ("no",):
            raise CallError("there is none", "ValueError")
        return [name, args, dict(kwargs)]

    told: list[Any] = []
    step = sandbox.run(None, code, FUNCTIONS, answer, seed=7, clock=0.0)
    while isinstance(step, Awaiting):
        told.append((step.launched, step.pending, step.output))
        step = sandbox.resume(step.paused, {step.pending[-1]: "v"}, FUNCTIONS, answer, clock=1.0)
    told.append((step.output, step.error, step.finished, step.value, step.stopped, step.lost))
    told.append((step.never_awaited, step.unanswered, step.suspensions))
    return told, step.state


@pytest.mark.parametrize("code", LITERAL)
def test_without_guards_nothing_is_told_otherwise(code: str) -> None:
    with Sandbox() as sandbox:
        told, left = run(sandbox, code)
        with patch("rao_lab.execution.sandbox.pool.is_literal", return_value=False):
            assert run(sandbox, code)[0] == told
    assert left is None


def test_a_session_with_variables_keeps_its_guards() -> None:
    with Sandbox() as sandbox:

        def after(state: bytes | None, code: str) -> Any:
            return sandbox.run(state, code, FUNCTIONS, lambda name, args, kwargs: 1, seed=7, clock=0.0)

        begun = after(None, "x = (0,)\nfor _ in range(60): x = (x, x)\n(get,) = (print,)")
        assert after(begun.state, "get(1)").output == "1\n"
        assert "launch(...) is too large" in after(begun.state, "launch({x: 1})").error


PIECES = ["get", "launch", "await ", "(", ")", "[", "]", "{", "}", ",", ":", "\n", " ", "=", '"a"', "'", '"']
PIECES += [
    "k",
    "1",
    "-",
    ".5",
    "True",
    "#",
    "*",
    "\\",
    "f",
    ";",
    "print",
    "\t",
    "\r",
    "\x0c",
    "\u0663",
    "lambda: ",
]


@st.composite
def nearly_literal(draw: st.DrawFn) -> str:
    """Literal code with a few pieces put in or taken out."""
    code = draw(st.sampled_from(LITERAL))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(code)))
        code = code[:place] + draw(st.sampled_from(PIECES)) + code[place + draw(st.integers(0, 2)) :]
    return code


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join) | nearly_literal())
def test_what_is_taken_for_literal_is(code: str) -> None:
    """Python's own parser finds in it nothing but calls of ours, with values written out."""
    if not is_literal(code, FUNCTIONS):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            lines = ast.parse(code).body
        except SyntaxError:
            return  # refused in the sandbox, too
    for line in lines:
        assert isinstance(line, ast.Expr)
        call = line.value.value if isinstance(line.value, ast.Await) else line.value
        assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in FUNCTIONS
        for value in (*call.args, *(word.value for word in call.keywords)):
            keys = [key for part in ast.walk(value) if isinstance(part, ast.Dict) for key in part.keys]
            assert all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys)
            ast.literal_eval(value)
