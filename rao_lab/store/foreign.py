"""What a file that is no run file looks like, in words: it tells whoever gave it where it came from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import one_line

_HEAD = 2**16
"""Bytes that are looked at."""
_FIELDS = 5
_STARTS = (
    (b"PK\x03\x04", "a zip archive, as Inspect writes its logs (.eval)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PAR1", "a Parquet file, as TRL and verifiers write completions"),
    (b"\x80", "a Python pickle, which is never opened"),
    (b"<", "a page (HTML or XML), such as an exported run"),
)
_KINDS = (
    ({"format"}, "JSON exported from a run"),
    ({"eval", "status"}, "an Inspect log"),
    ({"eval", "samples"}, "an Inspect log"),
    ({"prompt", "completion", "reward"}, "rollouts of verifiers, or completions that TRL logged"),
    ({"prompt", "completion"}, "completions that TRL logged"),
    ({"messages"}, "OpenAI chat messages"),
    ({"role", "content"}, "OpenAI chat messages"),
    ({"choices"}, "answers of an OpenAI server"),
    ({"iteration", "response"}, "a log of rlm"),
    ({"iteration", "prompt"}, "a log of rlm"),
    ({"trajectory_id"}, "events of platoon"),
    ({"misc", "goal"}, "tasks of a world, one a line: give them with --tasks"),
)
"""Fields that an object must have, and what it then is."""


def looks_like(path: Path) -> str:
    """A few words. Only the beginning is read, and nothing is unpacked."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return "something that cannot be read"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if b"\0" in head:
        return "a binary file of another program"
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not text.startswith(("{", "[")):
        return "plain text"
    return _json(text)


def _json(text: str) -> str:
    first = first_object(text)
    if first is None:
        return "JSON"
    kind = str(first.get("type", first.get("event", "")))
    if kind.startswith(("kani_", "root_message", "stream_delta", "session_")):
        return "events of ReDel"
    if (
        kind.startswith("trajectory_")
        or "event_type" in first
        or ("task_id" in first and "trajectory" in " ".join(first))
    ):
        return "events of platoon"
    for fields, what in _KINDS:
        if fields <= first.keys():
            return what
    names = ", ".join(one_line(str(name), 30) for name in [*first][:_FIELDS])
    return f"JSON with the fields {names}" if names else "JSON"


def first_object(text: str) -> dict[str, Any] | None:
    """The first object of a JSON text or of JSON lines, as far as it is there; of a list, its first element."""
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return _names_only(text)
    while isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, dict) else None


def _names_only(text: str) -> dict[str, Any] | None:
    """Of an object that is longer than what was read: the names of its first fields, whose values are whole."""
    found: dict[Any, None] = {}
    place, decoder = text.find("{") + 1, json.JSONDecoder()
    try:
        while place and len(found) < 50:
            name, place = decoder.raw_decode(text, _skip(text, place))
            found[name] = None
            _, place = decoder.raw_decode(text, _skip(text, place))
    except (ValueError, RecursionError, TypeError):
        pass
    return {name: None for name in found if isinstance(name, str)} or None


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n,:":
        place += 1
    return place
