"""The order in which the sandbox is given a value's parts. Which values may cross: `rao_lab.tree.plain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rao_lab.tree.plain import CONTAINERS


class _OrderedSet(set[Any]):
    """A set that is walked in the same order, whatever the hash seed of this process."""

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__(), key=_place))


class _OrderedFrozenset(frozenset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__(), key=_place))


def _place(part: Any) -> tuple[str, str]:
    return type(part).__name__, repr(part)


def ordered(value: Any) -> Any:
    """The same plain value, with its sets in a fixed order: the sandbox keeps the order in which it is given their
    elements, and code can see it. A value without sets is returned as it is."""
    kind = type(value)
    if kind is set:
        return _OrderedSet(map(ordered, value))
    if kind is frozenset:
        return _OrderedFrozenset(map(ordered, value))
    if kind is dict and (_nests(value) or _nests(value.values())):
        return {ordered(key): ordered(inner) for key, inner in value.items()}
    if (kind is list or kind is tuple) and _nests(value):
        return kind(map(ordered, value))
    return value


def _nests(parts: Iterable[Any]) -> bool:
    return any(type(part) in CONTAINERS for part in parts)
