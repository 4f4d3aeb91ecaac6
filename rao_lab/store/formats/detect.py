"""Which program wrote a file, told from its content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, InputError
from rao_lab.store.files import begins_as_run
from rao_lab.store.foreign import first_object, looks_like
from rao_lab.store.formats import chat, inspect_log, otel, platoon, redel, rlm, trl, verifiers
from rao_lab.store.formats.found import FoundNode
from rao_lab.store.formats.reading import Asked, Notes, objects, size_of

_JSON = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file."""

    name: str
    says: str
    """What is looked for, in a few words."""
    looks: Callable[[Mapping[str, Any]], bool]
    """Whether the first object of a JSON file is of it."""
    read: Callable[[Path, Notes, Asked], list[FoundNode]]


FORMATS = {
    each.name: each
    for each in (
        Format("platoon", "trajectory_created or trajectories", platoon.looks, platoon.read),
        Format("rlm", "metadata with root_model, then iterations", rlm.looks, rlm.read),
        Format("redel", "kani_spawn, or state.json", redel.looks, redel.read),
        Format("inspect", "an .eval zip, or eval with samples", inspect_log.looks, inspect_log.read),
        Format("otel", "resourceSpans, or spans with traceId", otel.looks, otel.read),
        Format(
            "verifiers",
            "traces, nodes with rewards, or prompt, completion and reward",
            verifiers.looks,
            verifiers.read,
        ),
        Format("trl", "Parquet, or rows of prompt and completion", trl.looks, trl.read),
        Format("messages", "messages with role and content", chat.looks, chat.read),
    )
}
"""By name, in the order in which they are tried: the narrow ones first."""


def format_of(path: Path, asked: str | None = None) -> Format:
    """The format of a file.

    Args:
        asked: its name, if the caller knows.

    Raises:
        ConfigError: there is no such format.
        InputError: it is none of them; the message lists what was looked for.
    """
    if asked is not None:
        if not isinstance(asked, str) or asked not in FORMATS:
            raise ConfigError(f"format={quoted(asked)} is unknown: choose one of {', '.join(FORMATS)}")
        return FORMATS[asked]
    size_of(path)
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if begins_as_run(path):
        raise InputError(f"{unquoted(path.name)} is a run file: rl.open_run opens it")
    if head.startswith(inspect_log.MAGIC):
        return FORMATS["inspect"]
    if head.startswith(trl.MAGIC):
        return FORMATS["trl"]
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")) and (first_object(text) or path.suffix.lower() in _JSON):
        first = _first(path, text)
        for each in FORMATS.values():
            if each.looks(first):
                return each
    elif {"prompt", "completion"} <= set(text.partition("\n")[0].strip().replace('"', "").split(",")):
        return FORMATS["trl"]
    looked = "; ".join(f"{each.name} ({each.says})" for each in FORMATS.values())
    raise InputError(
        f"{unquoted(path.name)} is no trace that is known, it looks like {looks_like(path)}: looked for {looked}. "
        "format= names one"
    )


def _first(path: Path, begins: str) -> Mapping[str, Any]:
    """The first object of a JSON file, also if others follow it over several lines."""
    try:
        for _, value in objects(path, nan=True):
            return value
    except InputError:
        found = first_object(begins)
        if found is None or not any(each.looks(found) for each in FORMATS.values()):
            raise
        return found
    return {}
