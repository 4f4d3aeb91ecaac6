"""Which annotations a tool's parameters may have, and how a model reads them.

What may cross the sandbox's border may be asked for: int, float, str, bool, bytes, None, Any, list, dict, tuple, set
and frozenset with or without what they hold, Literal, and unions of these. pydantic checks the values, strictly: a
bool is no int, "1" is no number, and only an int may stand for a float.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin

from rao_lab.base.safe_text import one_line
from rao_lab.environments.arguments import show

KNOWN = "int, float, str, bool, None, bytes, list, dict, tuple, set, Literal, Any and unions of these"

_ATOMS: dict[Any, str] = {kind: kind.__name__ for kind in (int, float, str, bool, bytes)}
_ATOMS |= {None: "None", type(None): "None", Any: "Any"}
_HOLDERS = (list, dict, tuple, set, frozenset)

Check = Callable[[Any], Any]
"""Returns the value that a tool is given, or raises `Misfit`."""


class Misfit(ValueError):
    """A value is not what an annotation asks for; the message says what is due and what came."""


def spelled(annotation: Any) -> str:
    """An annotation as a model reads it; "" if it is none that can be checked."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        plain = all(each is None or type(each) in (int, str, bool, bytes) for each in args)
        return f"Literal[{', '.join(map(repr, args))}]" if plain else ""
    if origin in (Union, types.UnionType):
        return _joined(" | ", args)
    if annotation in _HOLDERS or (origin in _HOLDERS and not args):
        return (origin or annotation).__name__
    if origin in _HOLDERS:
        inner = _joined(", ", [each for each in args if each is not ...])
        many = ", ..." if ... in args else ""
        return f"{origin.__name__}[{inner}{many}]" if inner else ""
    try:
        return _ATOMS.get(annotation, "")
    except TypeError:  # an annotation may be any value, also one without a hash
        return ""


def _joined(mark: str, parts: Any) -> str:
    found = [spelled(each) for each in parts]
    return mark.join(found) if all(found) else ""


def checker(annotation: Any) -> Check:
    """Checks values against an annotation that `spelled` knows."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    asked = spelled(annotation)
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=ConfigDict(strict=True))

    def check(value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_context=False)[0]
            raise Misfit(f"must be {asked}; got {_where(first, value)}") from None

    return check


def _where(found: Any, value: Any) -> str:
    """What came, and which part of it does not fit."""
    places = [each for each in found["loc"] if each != "[key]"]
    if not places or isinstance(value, str | int | float | None) or found["input"] is value:
        return show(value)
    at = "".join(f"[{each!r}]" for each in places[:1])
    return one_line(f"{show(value)} with {show(found['input'])} at {at}", 200)
