"""Worlds with tasks, one file each. Names load on first use, so that importing this is free."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {"TextCraft": "textcraft"}

__all__ = ["TextCraft"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_HOMES)}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
