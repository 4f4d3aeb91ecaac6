"""Plain values of bounded size and depth: those that may cross the border of the sandbox, either way."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rao_lab.tree.ranges import MAX_INT_BITS
from rao_lab.tree.values import crowded

MAX_VALUE_DEPTH = 64
"""Nested containers: far more than an answer needs, far fewer than a recursive reader can take."""
MAX_VALUE_ITEMS = 200_000
"""Elements; a shared part counts each time it would be written out."""
MAX_VALUE_SIZE = 8_000_000
"""Size of a value written out: the characters and bytes of its texts, and 8 for each other element."""

PLAIN = "None, bool, int, float, str, bytes, list, tuple, set or dict"
UNAWAITED = "holds a call that was not awaited: write `await` before it"
_HANDLE = "<coroutine external_future("
"""How the handle of a launch begins as text."""

_ATOMS = frozenset({type(None), bool, float})
CONTAINERS = frozenset({list, tuple, set, frozenset, dict})
_HASHED = frozenset({set, frozenset, dict})


class NotPlainError(ValueError):
    """A value may not cross; the message says what was found, where, and what is allowed."""


def check_plain(value: Any, what: str, size: int = MAX_VALUE_SIZE) -> int:
    """Walks a value without recursion and returns its size, counted as for `MAX_VALUE_SIZE`.

    A shared part counts each time it is met. So a small value that would become exponentially large when written
    out is refused early.

    Args:
        value: anything that came out of the sandbox or is about to go in.
        what: names it in the message, such as "finish(value)".
        size: the largest size allowed here.

    Raises:
        NotPlainError: the value holds another type, is too large or too deep, holds itself, or has many keys that
            share a hash.
    """
    total = items = 0
    stack: list[tuple[Collection[Any], int]] = [((value,), 0)]
    while stack:
        parts, depth = stack.pop()
        items += len(parts)
        for part in parts:
            kind = type(part)
            if kind in CONTAINERS:
                _check_container(part, depth, what)
                total += 8
                stack.append((part, depth + 1))
                if kind is dict:
                    stack.append((part.values(), depth + 1))
            else:
                total += _size(part, kind, what)
        if items > MAX_VALUE_ITEMS or total > size:
            raise NotPlainError(
                f"{what} is too large: a turn passes {MAX_VALUE_ITEMS} elements and {size} characters at most"
            )
    return total


def _check_container(part: Any, depth: int, what: str) -> None:
    if depth >= MAX_VALUE_DEPTH:
        raise NotPlainError(f"{what} is nested too deep: at most {MAX_VALUE_DEPTH} levels")
    if len(part) > MAX_VALUE_ITEMS:
        raise NotPlainError(f"{what} is too large: {MAX_VALUE_ITEMS} elements at most")
    if type(part) in _HASHED and crowded(part):
        raise NotPlainError(f"{what} holds a {type(part).__name__} of keys that share a hash: use others")


def _size(part: Any, kind: type, what: str) -> int:
    if kind in _ATOMS:
        return 8
    if kind is str or kind is bytes:
        if kind is str and part.startswith(_HANDLE):
            raise NotPlainError(f"{what} {UNAWAITED}")
        return len(part)
    if kind is int:
        if part.bit_length() > MAX_INT_BITS:
            raise NotPlainError(f"{what} holds an int of {part.bit_length()} bits: at most {MAX_INT_BITS}")
        return 8
    raise NotPlainError(f"{what} holds a {kind.__name__[:80]}: pass {PLAIN}")
