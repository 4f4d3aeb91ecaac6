"""Settings are checked where they are made: each complaint names the field, shows the value, fits a line.

A value may come from a file or a command line, so showing it is bounded too: no setting is printed at
its own length, and none makes the complaint itself fail.
"""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from rao_lab.errors import ConfigError

MOST = 2**31 - 1
"""Largest count: what a 32-bit column holds, and far more than any run bears."""
MOST_SEED = 2**63 - 1
"""Largest seed: what a run file keeps."""
LARGEST = 1e9
"""Largest number that is no count."""
SHOWN = 100
"""Characters of a value in a complaint."""


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = SHOWN - 20


def quoted(value: Any) -> str:
    """The start of a value as Python writes it, on one line, whatever the value is."""
    try:
        text = value if type(value) is _Plain else _Short().repr(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too long to print"
    line = text.encode("utf-8", "replace").decode()
    line = line if line.isprintable() else ascii(line)[1:-1]
    return line if len(line) <= SHOWN else line[: SHOWN - 3] + "..."


class _Plain(str):
    """Text that is shown without quotation marks."""


def plainly(text: str) -> str:
    """The start of a text without quotation marks, on one line: for names of files."""
    return quoted(_Plain(text))


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


def choice(name: str, value: Any, known: Collection[str]) -> str:
    """The value, if it is one of the words.

    Raises:
        ConfigError: it is not; the message lists them.
    """
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{name}={quoted(value)} is unknown: choose one of {', '.join(known)}")
    return value


def arguments(kind: type, data: Any, what: str) -> dict[str, Any]:
    """Plain data as keyword arguments of a dataclass.

    Raises:
        ConfigError: they are no mapping, or hold a name that is no field; the message has the nearest.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{what} must be an object with fields, not {quoted(data)}")
    names = [item.name for item in fields(kind)]
    for name in data:
        if name not in names:
            near = get_close_matches(str(name), names, 1, 0.5) if isinstance(name, str) else []
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}"
            raise ConfigError(f"{what} has no field {quoted(name)}: {hint}")
    return dict(data)
