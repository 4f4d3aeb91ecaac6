"""Expressions in words, such as "(3 plus 4) times 2": how they are read, taken apart, drawn and worked out."""

from __future__ import annotations

import re
from operator import add, mul, sub
from random import Random
from typing import Any

from rao_lab.tree import Call

OPERATIONS = {"plus": add, "minus": sub, "times": mul}
SIGNS = {"plus": "+", "minus": "-", "times": "*"}
MAX_CHARS = 1000
"""Longest expression."""
LARGEST = 999
"""Of any value in an expression that is drawn."""
_STEP = re.compile(rf"\((-?[0-9]+) ({'|'.join(OPERATIONS)}) (-?[0-9]+)\)")
_MARK = re.compile(rf"[()]| ({'|'.join(OPERATIONS)}) ")


def read(text: Any) -> tuple[str, list[Call]]:
    """An expression as it is written here, and the calls that work it out, innermost first; none if it is none."""
    if isinstance(text, str) and len(text) <= MAX_CHARS:
        tidy = re.sub(r"(?<=\() | (?=\))", "", " ".join(text.split()))
        for whole in (tidy, f"({tidy})"):
            rest, calls = whole, []
            while found := _STEP.search(rest):
                first, second = int(found[1]), int(found[3])
                calls.append(Call(found[2], (first, second), result=OPERATIONS[found[2]](first, second)))
                rest = f"{rest[: found.start()]}{calls[-1].result}{rest[found.end() :]}"
            if calls and rest == str(calls[-1].result):
                return whole[1:-1], calls
    return "", []


def sides(expression: str) -> tuple[str, str, str]:
    """What stands left of the outermost operation, the operation, and what stands right of it."""
    depth = 0
    for mark in _MARK.finditer(expression):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if mark[1] and not depth:
            left, right = expression[: mark.start()], expression[mark.end() :]
            return (
                left.removeprefix("(").removesuffix(")"),
                mark[1],
                right.removeprefix("(").removesuffix(")"),
            )
    raise ValueError(f"{expression!r} has no operation")


def code_of(expression: str) -> str:
    """Calls within calls: "times(plus(3, 4), 2)"."""
    if " " not in expression:
        return expression
    left, word, right = sides(expression)
    return f"{word}({code_of(left)}, {code_of(right)})"


def in_signs(expression: str) -> str:
    """In as few tokens as can be: "(3+4)*2"."""
    for word, sign in SIGNS.items():
        expression = expression.replace(f" {word} ", sign)
    return expression


def drawn(rng: Random, operations: int) -> str:
    """An expression of so many operations."""
    text, _ = _drawn(rng, operations)
    return text[1:-1]


def _drawn(rng: Random, operations: int) -> tuple[str, int]:
    """An expression in its parentheses, and its value."""
    if not operations:
        number = rng.randint(1, 9)
        return str(number), number
    rest = operations - 1
    left = rng.randint(rest // 3, rest - rest // 3)
    (first, a), (second, b) = _drawn(rng, left), _drawn(rng, rest - left)
    word = rng.choice([word for word, apply in OPERATIONS.items() if abs(apply(a, b)) <= LARGEST])
    return f"({first} {word} {second})", OPERATIONS[word](a, b)
