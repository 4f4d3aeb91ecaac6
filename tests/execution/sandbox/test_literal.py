"""What is taken for literal code, and how it is read. That its evaluator tells the same: `test_evaluator`."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rao_lab.execution.sandbox import Sandbox
from rao_lab.execution.sandbox.literal import IMPORTED, read_literal

FUNCTIONS = {"get": False, "finish": False, "launch": True}
ODD = {"ﬁ": False, "fi": False, "open": False, "__file__": False}
"""Functions whose names can be read in two ways, or are names of something else as well."""
LITERAL = [
    "", "\n\n", 'get(["a"])\n', 'get("no")\nget(1)', "get('a', 1.5, -2, True, None, [], (), {})",
    'get({"a": 2,\n     "b": 3}, ("c", 1), k=[True, [0]], )\n', 'get({"a": 1}, ("b", 2))\nfinish("done")\n',
    'await launch({"a": 1}, 3)\n', 'await launch({"a": 1}, 3)\nawait launch(2)\nget(1)\n',
    "launch(1)\nget(2)", "launch(1)\nawait launch(2)", "finish()", "finish(1, 2)", 'finish("x")\nget(1)',
    "await get(1)", "await finish(2)", "import asyncio", "\nimport asyncio \n\nget(1)",
    "import asyncio\nawait asyncio.gather(launch(1), launch({'a': 2},\n 3),)\nget(1)",
]  # fmt: skip
OTHER = [
    "await asyncio.gather(launch(1))",
    "import asyncio\nasyncio.gather(launch(1))",
    "import asyncio\nawait asyncio.gather()",
    "import asyncio\nawait asyncio.gather(launch(1), get(2))",
    "import asyncio\nawait asyncio.gather(launch(1), 2)",
    "import asyncio\nawait asyncio.gather(launch(1), return_exceptions=True)",
    "import asyncio\nawait asyncio.gather(asyncio.gather(launch(1)))",
    "import asyncio\nawait asyncio.sleep(1)",
    "get(1)\nimport asyncio",
    "import asyncio, os",
    "import asyncio as a",
    "get(1, k=2, k=3)",
    "get(007)",
    "get(k=1, 2)",
    "get(if=1)",
    'get("\r")',
    'get("\x00")',
    "get(\u0661)",
    "ﬁ(1)",
    "open(1)",
    "__file__(1)",
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
    "print(1)",
    "getter(1)",
    "get = launch(1)",
    "get(1)\nprint(2)",
    'get("\n")',
    "get(1)\n" * 300,
]


@pytest.mark.parametrize("code", LITERAL)
def test_literal_code_is_known(code: str) -> None:
    assert read_literal(None, code, FUNCTIONS)


@pytest.mark.parametrize("code", OTHER)
def test_other_code_is_not(code: str) -> None:
    assert read_literal(None, code, FUNCTIONS | ODD) is None


def test_a_session_with_variables_keeps_its_guards() -> None:
    with Sandbox(seconds=30.0) as sandbox:

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


def calls_of(line: ast.stmt) -> list[ast.expr]:
    """The calls of a statement: one, or those that it gathers."""
    assert isinstance(line, ast.Expr)
    call = line.value.value if isinstance(line.value, ast.Await) else line.value
    gathers = isinstance(call, ast.Call) and ast.unparse(call.func) == "asyncio.gather"
    return call.args if gathers and isinstance(call, ast.Call) else [call]


codes = st.lists(st.sampled_from(PIECES), max_size=24).map("".join) | nearly_literal()


@settings(max_examples=500)
@given(codes)
def test_what_is_taken_for_literal_is(code: str) -> None:
    is_literal_if_taken(code)


@pytest.mark.slow
@settings(max_examples=5000)
@given(codes)
def test_of_5000_programs_what_is_taken_for_literal_is(code: str) -> None:
    is_literal_if_taken(code)


def is_literal_if_taken(code: str) -> None:
    """Python's own parser finds in it nothing but calls of ours, with values written out."""
    written = read_literal(None, code, FUNCTIONS)
    if written is None:
        return
    lines = [line for line in ast.parse(code).body if ast.unparse(line) != "import asyncio"]
    assert all(isinstance(line, ast.Expr) for line in lines)
    assert written.leaves == (IMPORTED if len(lines) < len(ast.parse(code).body) else None)
    made = [call for line in lines for call in calls_of(line)]
    assert len(made) == len(written.calls)
    for call, known in zip(made, written.calls):
        assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in FUNCTIONS
        args, kwargs = known.arguments()
        assert args == tuple(map(ast.literal_eval, call.args))
        assert kwargs == {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        assert (known.name, known.node.lineno) == (call.func.id, call.lineno)
        for value in (*call.args, *(word.value for word in call.keywords)):
            keys = [key for part in ast.walk(value) if isinstance(part, ast.Dict) for key in part.keys]
            assert all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys)


def test_what_a_call_passes_is_made_anew() -> None:
    """A world may keep and change what it is given; code that was put away goes on with what is written."""
    written = read_literal(None, "get([1], {'a': []})", FUNCTIONS)
    assert written is not None
    (call,) = written.calls
    call.arguments()[0][1]["a"].append(2)
    assert call.arguments() == (([1], {"a": []}), {})
