"""Inspect: logs as JSON, or as .eval, a zip archive with one JSON file a sample.

A sample is a tree. Its agents are the spans of type "agent", each under the nearest one above it; model events are
turns, tool events their calls. A sample without such spans is one agent. Long texts are attachments, and the messages
of events stand in a pool. Inspect promises its API and not its files; they are read as version 0.3.285 writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import InputError
from rao_lab.store.formats.archive import member, members
from rao_lab.store.formats.fields import Inspect as F
from rao_lab.store.formats.found import FoundNode, Root
from rao_lab.store.formats.inspect_events import agents_of
from rao_lab.store.formats.messages import conversation
from rao_lab.store.formats.reading import (
    Asked,
    At,
    Notes,
    a_list,
    an_object,
    count,
    key,
    moment,
    named,
    parse,
    text,
    whole,
)
from rao_lab.tree import Status

MAGIC = b"PK\x03\x04"
_VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Inspect's letters, by the numbers that it gives them itself."""
_LIMITS = {
    "token": Status.CONTEXT_LIMIT,
    "context": Status.CONTEXT_LIMIT,
    "message": Status.TURN_LIMIT,
    "time": Status.TIMEOUT,
    "working": Status.TIMEOUT,
}


def looks(first: Mapping[str, Any]) -> bool:
    return isinstance(first.get("eval"), dict) and ("samples" in first or "plan" in first)


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a log."""
    nodes: list[FoundNode] = []
    about: Mapping[str, Any] = {}
    for at, value in _parts(path):
        if "eval" in value:
            about = named(value["eval"])
            continue
        nodes += _sample(value, about, at, notes, asked)
    if not nodes:
        raise InputError(f"{unquoted(path.name)} is an Inspect log without samples: no trees are in it")
    return nodes


def _parts(path: Path) -> Iterator[tuple[At, dict[str, Any]]]:
    """The header, then the samples."""
    with path.open("rb") as file:
        zipped = file.read(4) == MAGIC
    if not zipped:
        at = At(path.name)
        log = an_object(whole(path, nan=True), at)
        yield at, {"eval": log.get("eval")}
        for number, each in enumerate(a_list(log.get("samples"), at, "samples"), 1):
            yield at.within(f"sample {number}"), an_object(each, at)
        return
    names = members(path)
    head = next((name for name in (F.HEADER, F.START) if name in names), None)
    if head is not None:
        at = At(path.name, None, head)
        yield at, {"eval": an_object(parse(member(path, head), at, nan=True), at).get("eval")}
    for name in names:
        if name.startswith(F.SAMPLES) and name.endswith(".json"):
            at = At(path.name, None, name)
            yield at, an_object(parse(member(path, name), at, nan=True), at)


def _sample(
    sample: Mapping[str, Any], about: Mapping[str, Any], at: At, notes: Notes, asked: Asked
) -> list[FoundNode]:
    """The agents of a sample, the root first."""
    if sample.get("id") is None:
        raise at.wrong("a sample needs an id", sample)
    task = key(sample["id"], at, "the id of a sample")
    epoch = count(sample.get(F.EPOCH), at, F.EPOCH)
    name = f"{task}, epoch {epoch}"
    at = at.within(f"sample {name[:60]}")
    agents = agents_of(sample, name, at, notes)
    if not agents:
        said = conversation(a_list(sample.get("messages"), at, "messages"), at, notes, _attached(sample))
        agents = [FoundNode(f"{name}/0", at, turns=said.turns, goal=said.goal, value=said.answer)]
        agents[0].started = moment(sample.get("started_at"), at, "started_at")
        agents[0].ended = moment(sample.get("completed_at"), at, "completed_at")
    root = agents[0]
    root.root = Root(
        task=task,
        policy=text(about.get("model"), at, "model")[:200],
        environment=text(about.get("task"), at, "task")[:200] or "inspect",
    )
    asked_for = sample.get("input")
    if isinstance(asked_for, str):
        root.goal = _attached(sample)(asked_for)
    root.reward, root.source = _score(named(sample.get(F.SCORES)), at, asked, notes)
    _ending(root, sample, at)
    return agents


def _attached(sample: Mapping[str, Any]) -> Any:
    """What a text stands for, if it names an attachment."""
    kept = named(sample.get(F.ATTACHMENTS))

    def resolve(words: str) -> str:
        found = kept.get(words.removeprefix(F.ATTACHED)) if words.startswith(F.ATTACHED) else None
        return found if isinstance(found, str) else words

    return resolve


def _score(scores: Mapping[str, Any], at: At, asked: Asked, notes: Notes) -> tuple[float | None, str]:
    """The score that was asked for, or the first; letters by their numbers, what is none is not scored."""
    if asked.reward is not None and scores and asked.reward not in scores:
        raise at.wrong(f"reward must name a scorer of {', '.join(scores)[:200]}", asked.reward)
    name = asked.reward or next(iter(scores), "")
    if len(scores) > 1 and asked.reward is None:
        notes.add(f"samples with several scorers: {name[:40]} is taken")
    value = named(scores.get(name)).get(F.VALUE)
    if isinstance(value, str):
        value = _VALUES.get(value, value)
    if isinstance(value, bool):
        value = float(value)
    if isinstance(value, int | float) and value == value:
        return float(value), name
    if value is not None:
        notes.add("scores that are no number: not scored")
    return None, name


def _ending(root: FoundNode, sample: Mapping[str, Any], at: At) -> None:
    limit, error = named(sample.get(F.LIMIT)), named(sample.get(F.ERROR))
    if error:
        root.status, root.reason = Status.ERROR, text(error.get("message"), at, "error")
    elif limit:
        kind = text(limit.get("type"), at, "limit")
        root.status = _LIMITS.get(kind, Status.TREE_LIMIT)
        root.reason = f"{kind} limit"
