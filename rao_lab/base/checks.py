"""Settings are checked as soon as they are made: each error names the field, shows the value, fits a line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

from rao_lab.base.calls import unknown_field
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError

MOST = 2**31 - 1
"""Largest count: what a 32-bit column holds, and far more than any run can reach."""
MOST_SEED = 2**63 - 1
"""Largest seed: what a run file keeps."""
LARGEST = 1e9
"""Largest number that is not a count."""


def whole(name: str, value: Any, least: int, most: int = MOST) -> int:
    """The value, if it is a whole number from `least` to `most`.

    Raises:
        ConfigError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} must be a whole number, not {quoted(value)}")
    if not least <= value <= most:
        raise ConfigError(f"{name}={quoted(value)} means nothing: give {least} to {most}")
    return value


def number(name: str, value: Any, least: float = 0.0, most: float = LARGEST, above: bool = False) -> float:
    """The value, if it is a finite number from `least` to `most`, or `above` least.

    Raises:
        ConfigError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name} must be a number, not {quoted(value)}")
    fine = least < value <= most if above else least <= value <= most
    if not fine:  # NaN too
        bound = f"above {least:g}" if above else f"of at least {least:g}"
        raise ConfigError(
            f"{name}={quoted(value)} means nothing: give a finite number {bound} and at most {most:g}"
        )
    return value


def temperature(value: Any, name: str = "temperature") -> float:
    """The value, if softmax can divide by it in single precision.

    Raises:
        ConfigError: it is not.
    """
    return number(name, value, least=1e-4, most=1e4)


def flag(name: str, value: Any) -> bool:
    """The value, if it is True or False.

    Raises:
        ConfigError: it is not.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be True or False, not {quoted(value)}")
    return value


Word = TypeVar("Word", bound=str)


def choice(name: str, value: Any, known: Collection[Word]) -> Word:
    """The value, if it is one of the words.

    Raises:
        ConfigError: it is not; the message lists them.
    """
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{name}={quoted(value)} is unknown: choose one of {', '.join(known)}")
    return cast(Word, value)


def arguments(kind: type, data: Any, what: str) -> dict[str, Any]:
    """Plain data as keyword arguments of a dataclass.

    Raises:
        ConfigError: the data are not a mapping, or name an unknown field; the message offers the nearest one.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{what} must be an object with fields, not {quoted(data)}")
    names = [item.name for item in fields(kind)]
    for name in data:
        if name not in names:
            raise ConfigError(unknown_field(what, name, names, kind))
    return dict(data)
