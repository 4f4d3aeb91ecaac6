"""Marks on methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def marked(attr: str) -> Callable[..., Any]:
    def mark(func: Any = None, name: str | None = None, weight: float = 1.0, priority: int = 0) -> Any:
        def note(function: Any) -> Any:
            setattr(function, attr, True)
            function.tool_name, function._vf_weight = name, weight
            return function

        return note if func is None else note(func)

    return mark


def discover_decorated(obj: object, attr: str) -> list[Callable[..., Any]]:
    names = {
        n for kind in type(obj).__mro__ for n, f in vars(kind).items() if callable(f) and hasattr(f, attr)
    }
    return [getattr(obj, name) for name in sorted(names)]
