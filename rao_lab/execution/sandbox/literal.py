"""Literal code: nothing but calls of the task's functions, one after another, with values written out.

This is nearly all that the tiny model writes. Such code needs no interpreter: it computes nothing, binds no name and
can pass no more than its own length. So `evaluator` makes its calls. What is literal is decided by a pattern that is
stricter than it need be: one call a line, each value at most two containers deep, no escapes, no comments and no
numbers beyond 18 digits. Any other code goes into the interpreter, also code of which it is not certain that the
interpreter reads it as Python does.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
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
_CALL = r"(?:await )?+[A-Za-z0-9_]++\(" + _items(_ARGUMENT, ")")
_LITERAL = re.compile(rf"(?:\n*+{_CALL} *+(?=\n|\Z))*+\n*+")
_BUILT_IN = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """One call of literal code."""

    name: str
    node: ast.Call
    awaited: bool

    @property
    def line(self) -> int:
        """The line on which it begins, from 1."""
        return self.node.lineno

    def lines(self, code: str) -> str:
        """Those lines of the code on which it stands."""
        return "\n".join(code.split("\n")[self.node.lineno - 1 : self.node.end_lineno])

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What it passes, made anew each time: whoever is given it may change it."""
        return _values(self.node.args), {str(word.arg): _value(word.value) for word in self.node.keywords}


def literal_calls(code: str, functions: Container[str]) -> list[WrittenCall] | None:
    """The calls of literal code in order; None if the code is not literal.

    Args:
        functions: the names of all that it may call.
    """
    if len(code) > MAX_LITERAL_CHARS or _LITERAL.fullmatch(code) is None:
        return None
    try:
        calls = [_call(statement) for statement in ast.parse(code).body]
    except (SyntaxError, ValueError):  # the interpreter says what is wrong, in its own words
        return None
    return calls if all(call.name in functions and not _is_built_in(call.name) for call in calls) else None


def _is_built_in(name: str) -> bool:
    """Whether a session may have something of this name by itself."""
    return name in _BUILT_IN or name.startswith("__")


def _call(statement: ast.stmt) -> WrittenCall:
    """Reads a statement that the pattern has matched.

    Raises:
        SyntaxError: a keyword is repeated, which Python notes only when it compiles.
    """
    assert isinstance(statement, ast.Expr)
    value = statement.value
    node = value.value if isinstance(value, ast.Await) else value
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    if len(node.keywords) > len({word.arg for word in node.keywords}):
        raise SyntaxError("keyword argument repeated")
    return WrittenCall(node.func.id, node, awaited=node is not value)


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
