"""Reads the arguments that code in the sandbox passes.

A model wrote that code, so a value may have any type, size and nesting. Nothing here hangs, recurses or gives a
traceback. A wrong value is refused with a message that names it and says what to write instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.protocols import Refusal

MAX_COUNT = 1_000_000
"""Largest count of anything in a call."""
MAX_NAMES = 500
"""Most names in one call."""


def show(value: Any, width: int = 40) -> str:
    """A short printable form, whatever the value is. It does not look inside the value."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**18 else f"a whole number of {value.bit_length()} bits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (str, bytes)):
        return ascii(value) if len(value) <= width else f"{value[:width]!a}..."
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def bind(
    call: str,
    parameters: Sequence[str],
    required: int,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    kind: str = "bad_call",
) -> dict[str, Any]:
    """Pairs arguments with parameter names. An optional argument that was not passed is left out.

    Raises:
        Refusal: of this kind, for too many, unknown, repeated or missing arguments.
    """
    usage = f"{call}({', '.join(parameters)})"
    if len(args) > len(parameters):
        raise Refusal(kind, f"{call} got {len(args)} arguments; write {usage}")
    bound = dict(zip(parameters, args, strict=False))
    for name, value in kwargs.items():
        if name not in parameters:
            raise Refusal(kind, f"{call} has no argument {show(name)}; write {usage}")
        if name in bound:
            raise Refusal(kind, f"{call} got {name!r} twice; write {usage}")
        bound[name] = value
    for name in parameters[:required]:
        if name not in bound:
            raise Refusal(kind, f"{call} needs {name!r}; write {usage}")
    return bound


def whole(value: Any, what: str, kind: str = "bad_call") -> int:
    """The value, if it is a whole number from 1 to `MAX_COUNT`.

    Raises:
        Refusal: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refusal(kind, f"{what} must be a whole number, at least 1; got {show(value)}")
    if not 1 <= value <= MAX_COUNT:
        raise Refusal(kind, f"{what} must be from 1 to {MAX_COUNT}; got {show(value)}")
    return value


def counts(value: Any, what: str, example: str, kind: str = "bad_call") -> dict[str, int]:
    """The value, if it is a dict from names to counts, as in {"a0": 2}.

    Raises:
        Refusal: it is not, or it has more than `MAX_NAMES` names.
    """
    if not isinstance(value, Mapping):
        raise Refusal(kind, f"{what} must be a dict such as {example}; got {show(value)}")
    if not value:
        raise Refusal(kind, f"{what} is empty; write a dict such as {example}")
    if len(value) > MAX_NAMES:
        raise Refusal(kind, f"{what} names {len(value)} items; at most {MAX_NAMES} in one call")
    for name in value:
        if not isinstance(name, str):
            raise Refusal(kind, f"{what} must have item names as keys, such as {example}; got {show(name)}")
    return {name: whole(count, f"{what}: the count of {show(name)}", kind) for name, count in value.items()}


def names(value: Any, call: str, example: str) -> list[str]:
    """The value as a list, if it holds names.

    Raises:
        Refusal: of kind "bad_call": it is no list, is empty or too long, or holds something else.
    """
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise Refusal("bad_call", f"{call} takes a list of names: write {call}({example}); got {show(value)}")
    if not value:
        raise Refusal("bad_call", f"{call} got an empty list: write {call}({example})")
    if len(value) > MAX_NAMES:
        raise Refusal("bad_call", f"{call} got {len(value)} names; at most {MAX_NAMES} in one call")
    found = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
    for name in found:
        if not isinstance(name, str):
            raise Refusal("bad_call", f"{call} takes names as text, such as {example}; got {show(name)}")
    return found
