"""Literal code: nothing but calls of the task's functions with values written out, one after another or gathered.

This is nearly all that the tiny model writes. Such code needs no interpreter: it computes nothing, binds no name but
`asyncio` and can pass no more than its own length. So `evaluator` makes its calls. What is literal is decided by a
pattern that is stricter than it need be: one statement a line, each value at most two containers deep, no escapes, no
comments and no numbers beyond 18 digits. Any other code goes into the interpreter, also code of which it is not certain
that the interpreter reads it as Python does.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MAX_LITERAL_CHARS = 2000
"""Longer code is never treated as literal."""

_GAP = r"[ \n]*+"
_TEXT = r"(?:\"[^\"\\\n]*+\"|'[^'\\\n]*+')"
_ATOM = rf"(?:{_TEXT}|-?+[0-9]{{1,18}}+(?:\.[0-9]{{1,18}}+)?+|True|False|None)"


def _items(one: str, close: str) -> str:
    """Matches items up to the bracket that closes them. Every repetition is possessive, so any code is matched in one
    pass."""
    close = re.escape(close)
    return rf"{_GAP}(?:{one}{_GAP}(?:,{_GAP}|(?={close})))*+{close}"


def _nested(inner: str) -> str:
    """Matches what `inner` matches, or a list, a tuple or a dict (with texts as keys) of that."""
    a_list, a_tuple = r"\[" + _items(inner, "]"), r"\(" + _items(inner, ")")
    a_dict = r"\{" + _items(rf"{_TEXT}{_GAP}:{_GAP}{inner}", "}")
    return f"(?:{inner}|{a_list}|{a_tuple}|{a_dict})"


_ARGUMENT = rf"(?:[a-z_]++ ?+= ?+)?+{_nested(_nested(_ATOM))}"
_CALL = r"[A-Za-z0-9_]++\(" + _items(_ARGUMENT, ")")
_STATEMENT = rf"(?:await asyncio\.gather\({_items(_CALL, ')')}|(?:await )?+{_CALL})"
_END = r" *+(?=\n|\Z)"
_LITERAL = re.compile(rf"(?:\n*+import asyncio{_END})?+(?:\n*+{_STATEMENT}{_END})*+\n*+")
_TAKEN = frozenset({*dir(builtins), "asyncio"})
"""Names of what a session may have by itself."""
IMPORTED = b"import asyncio"
"""A session in which nothing but this has been done, put away."""


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """One call of literal code."""

    name: str
    node: ast.Call
    awaited: int
    """How many calls are awaited as soon as it is made: itself, and those gathered with it. 0 = none."""
    statement: ast.stmt

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What it passes, made anew each time: whoever is given it may change it."""
        return _values(self.node.args), {str(word.arg): _value(word.value) for word in self.node.keywords}


@dataclass(frozen=True, slots=True)
class Written:
    """Literal code."""

    calls: Sequence[WrittenCall]
    """In order; the id of a call is its place here."""
    leaves: bytes | None
    """The session that it leaves for the next code, unless it finishes."""


def read_literal(state: bytes | None, code: str, functions: Mapping[str, bool]) -> Written | None:
    """Literal code as it is read in a session; None if it is not literal.

    Args:
        state: the session, put away.
        functions: name -> whether it is asynchronous, for each function that the code may call.
    """
    if state not in (None, IMPORTED) or len(code) > MAX_LITERAL_CHARS:
        return None
    return _read(state, code, tuple(functions.items()))


@lru_cache(maxsize=1024)  # what is written once is often written again
def _read(state: bytes | None, code: str, known: tuple[tuple[str, bool], ...]) -> Written | None:
    if _LITERAL.fullmatch(code) is None:
        return None
    functions = dict(known)
    calls: list[WrittenCall] = []
    try:
        for statement in ast.parse(code).body:
            if isinstance(statement, ast.Import):
                state = IMPORTED
            else:
                calls += _calls(statement, state == IMPORTED, functions)
    except (SyntaxError, ValueError):  # the interpreter says what is wrong, in its own words
        return None
    allowed = all(call.name in functions and not _is_taken(call.name) for call in calls)
    return Written(calls, state) if allowed and "asyncio" not in functions else None


def _is_taken(name: str) -> bool:
    return name in _TAKEN or name.startswith("__")


def _calls(statement: ast.stmt, imported: bool, functions: Mapping[str, bool]) -> list[WrittenCall]:
    """Reads a statement that the pattern has matched.

    Raises:
        SyntaxError: a keyword is repeated, which Python notes only when it compiles.
        ValueError: it gathers what cannot be gathered.
    """
    assert isinstance(statement, ast.Expr)
    value = statement.value
    outer = value.value if isinstance(value, ast.Await) else value
    assert isinstance(outer, ast.Call)
    gathers = isinstance(outer.func, ast.Attribute)
    nodes = outer.args if gathers else [outer]
    calls = []
    for node in nodes:
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if len(node.keywords) > len({word.arg for word in node.keywords}):
            raise SyntaxError("keyword argument repeated")
        awaited = len(nodes) if outer is not value and node is nodes[-1] else 0
        calls.append(WrittenCall(node.func.id, node, awaited, statement))
    if gathers and not (imported and calls and all(functions.get(call.name) for call in calls)):
        raise ValueError("not imported, nothing, or something that is not awaitable")
    return calls


def _values(nodes: Sequence[ast.expr | None]) -> tuple[Any, ...]:
    return tuple([_value(node) for node in nodes])


def _value(node: ast.expr | None) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp):  # a minus
        return -_value(node.operand)
    if isinstance(node, ast.Dict):
        return dict(zip(_values(node.keys), _values(node.values)))
    if isinstance(node, ast.List):
        return list(_values(node.elts))
    assert isinstance(node, ast.Tuple)
    return _values(node.elts)
