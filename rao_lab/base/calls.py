"""The public face, called: what does not fit a signature is said in one line, with the nearest right name.

    @checked_call      a function, or a class: its `__init__`

Python's own words for this are a TypeError, which names neither the nearest name nor the setting one level down.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar, cast

from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError

RENAMED = {"dialect": "prompt", "env": "environment"}
"""Names that some know from elsewhere, and ours."""

NEAR = 0.65
"""How alike two names are at least, of which one is meant: 0.6 would take "colour" for "lora"."""

Called = TypeVar("Called", bound=Callable[..., Any])


def checked_call(called: Called) -> Called:
    """The same function or class; a call that does not fit its signature raises `ConfigError`."""
    if isinstance(called, type):
        made: Any = called
        made.__init__ = _checked(made.__init__, called.__name__, called)
        return cast(Called, called)
    return cast(Called, _checked(called, called.__name__))


def _checked(function: Callable[..., Any], name: str, owner: type | None = None) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return function(*args, **named)
        except TypeError:  # of the call, or of what it did: asked only now, since binding takes its time
            try:
                signature.bind(*args, **named)
            except TypeError as problem:
                misfit = _misfit(name, signature, len(args), named, owner) or f"{name}: {problem}"
            else:
                raise
        raise ConfigError(misfit)

    return call


def _misfit(
    name: str, signature: inspect.Signature, given: int, named: Mapping[str, Any], owner: type | None
) -> str:
    """What is wrong with a call; "" if Python's own words say it best."""
    taken = [each for each in signature.parameters.values() if each.name not in ("self", "cls")]
    known = [each.name for each in taken]
    for word in named:
        if word not in known:
            return unknown_field(name, word, known, owner, "field" if is_dataclass(owner) else "argument")
    places = [each.name for each in taken if each.kind is each.POSITIONAL_OR_KEYWORD]
    given -= len(taken) < len(signature.parameters)
    if given > len(places):
        rest = f"; give the rest by name, as in {known[-1]}=..." if known != places else ""
        return f"{name} takes {', '.join(places) or 'nothing'} in this order{rest}"
    missing = [
        each.name
        for each in taken
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD and each.name not in named
    ]
    missing = [each for each in missing if each not in places[:given]]
    return f"{name} needs {' and '.join(missing)}: it takes {', '.join(places)}" if missing else ""


def unknown_field(
    name: str, word: Any, known: Collection[str], owner: type | None = None, noun: str = "field"
) -> str:
    """Says that something has no such field, and which one is meant.

    Args:
        known: the fields it has.
        owner: the dataclass, if it is one: a field of one of its parts is looked for too.
    """
    said = f"{name} has no {noun} {quoted(word)}"
    if not isinstance(word, str):
        return f"{said}: it has {', '.join(known)}"
    for place, part in parts_of(owner).items():
        if word in {item.name for item in fields(part)}:
            return f"{said}: it is one of {place}, so give {place}={part.__name__}({word}=...)"
    near = nearest(word, known)
    if near is None:
        for place, part in parts_of(owner).items():
            below = nearest(word, [item.name for item in fields(part)])
            if below is not None:
                return f"{said}: did you mean {place}={part.__name__}({below}=...)?"
    return f"{said}: did you mean {near!r}?" if near else f"{said}: it has {', '.join(known)}"


def nearest(word: str, known: Collection[str]) -> str | None:
    """The name that was meant, if one is near: another name for it, the same parts in another order, initials, its
    beginning, or nearly the same letters.

    >>> nearest("lr", ["lr_decay", "learning_rate"]), nearest("clip_grad", ["grad_clip"])
    ('learning_rate', 'grad_clip')
    >>> nearest("tasks", ["probe_tasks", "tasks_per_step"])
    'tasks_per_step'
    """
    if RENAMED.get(word) in known:
        return RENAMED[word]
    parts = sorted(word.lower().split("_"))
    for name in known:
        if parts == sorted(name.split("_")) or word.lower() == "".join(
            part[0] for part in name.split("_") if part
        ):
            return name
    begun = [name for name in known if name.startswith(f"{word.lower()}_")]
    if len(begun) == 1:
        return begun[0]
    near = get_close_matches(word.lower(), known, 1, NEAR)
    if near or len(word) < 4:
        return near[0] if near else None
    held = [name for name in known if word.lower() in name or (len(name) > 3 and name in word.lower())]
    return held[0] if len(held) == 1 else None


def parts_of(owner: type | None) -> dict[str, Any]:
    """The fields of a dataclass that are dataclasses of settings themselves."""
    if owner is None or not is_dataclass(owner):
        return {}
    made = {item.name: item.default_factory for item in fields(owner) if item.default_factory is not MISSING}
    return {name: kind for name, kind in made.items() if isinstance(kind, type) and is_dataclass(kind)}
