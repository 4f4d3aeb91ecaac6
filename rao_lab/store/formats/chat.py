"""Chat messages with tool calls, as OpenAI's clients write them: one conversation an agent.

A file is one conversation (a list of messages, one value or a line each), lines with `messages` each, or RAO Lab's
index `{"format": "rao-lab messages", "nodes": [...]}`. What a line or an entry of the index may say beside its messages
is written in `data/docs/traces.md`: `id`, `parent` and `call` make trees of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rao_lab.errors import InputError
from rao_lab.store.formats.fields import Messages as F
from rao_lab.store.formats.found import UNSAID, FoundNode, Root
from rao_lab.store.formats.messages import Conversation, conversation
from rao_lab.store.formats.reading import (
    Asked,
    At,
    Notes,
    a_list,
    an_object,
    count,
    key,
    number,
    objects,
    plain,
    text,
    whole,
)
from rao_lab.tree import Status
from rao_lab.tree.values import decode

_ENDED = [status.value for status in Status if status.ended]


def looks(first: Mapping[str, Any]) -> bool:
    if first.get("format") == F.FORMAT:
        return True
    return isinstance(first.get(F.MESSAGES), list) or (
        isinstance(first.get("role"), str) and "content" in first
    )


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a file."""
    del asked  # a conversation has one reward
    nodes: list[FoundNode] = []
    said: dict[str, Conversation] = {}
    calls: dict[str, tuple[At, str]] = {}
    for at, entry in _entries(path):
        node, words, call = _node(path, at, entry, len(nodes), notes)
        nodes.append(node)
        said[node.key] = words
        if call:
            calls[node.key] = at, call
    for node in nodes:
        if node.key not in calls or node.parent not in said:
            continue
        at, call = calls[node.key]
        turn = said[node.parent].launches(call, node.key)
        if turn is None:
            raise at.wrong(f"the call of node {node.key} must be a tool call of {node.parent}", call)
        node.parent_turn, node.batch = turn, 0  # the calls of one message are made together
    return nodes


def _entries(path: Path) -> Iterator[tuple[At, Mapping[str, Any]]]:
    """One entry a conversation."""
    loose: list[Any] = []
    where = At(path.name)
    for at, record in objects(path):
        if record.get("format") == F.FORMAT:
            for number_, each in enumerate(a_list(record.get(F.NODES), at, F.NODES), 1):
                yield at.within(f"node {number_}"), an_object(each, at)
        elif F.MESSAGES in record or F.FILE in record:
            yield at, record
        elif "role" in record:
            loose.append(record)
        else:
            raise at.wrong("a message, or an object with messages, is due", record)
    if loose:
        yield where, {F.MESSAGES: loose}


def _node(
    path: Path, at: At, entry: Mapping[str, Any], place: int, notes: Notes
) -> tuple[FoundNode, Conversation, str]:
    """One agent, what was said, and the call that launched it."""
    messages = entry.get(F.MESSAGES)
    if messages is None and F.FILE in entry:
        messages = _beside(path, text(entry[F.FILE], at, F.FILE), at)
    said = conversation(a_list(messages, at, F.MESSAGES), at, notes)
    name = key(entry[F.ID], at, F.ID) if entry.get(F.ID) is not None else f"conversation {place}"
    node = FoundNode(name, at, turns=said.turns)
    if entry.get(F.PARENT) is not None:
        node.parent = key(entry[F.PARENT], at, F.PARENT)
    if entry.get(F.TURN) is not None:
        node.parent_turn = count(entry[F.TURN], at, F.TURN) or None
    node.goal = text(entry.get(F.GOAL), at, F.GOAL) or said.goal
    unfinished = entry.get(F.STATUS) not in (None, Status.FINISHED.value)
    node.value = None if unfinished else said.answer
    if F.VALUE in entry:
        node.value = decode(plain(entry[F.VALUE], at, F.VALUE))
    node.reward = number(entry.get(F.REWARD), at, F.REWARD)
    node.source = text(entry.get(F.SOURCE), at, F.SOURCE)
    status = entry.get(F.STATUS)
    if status is None:
        node.reason = text(entry.get(F.REASON), at, F.REASON) or UNSAID
    elif status not in _ENDED:
        raise at.wrong(f"status must be one of {', '.join(_ENDED)}", status)
    else:
        node.status, node.reason = Status(status), text(entry.get(F.REASON), at, F.REASON)
    step = entry.get(F.STEP)
    node.root = Root(
        task=key(entry[F.TASK], at, F.TASK) if entry.get(F.TASK) is not None else None,
        step=count(step, at, F.STEP),
        policy=text(entry.get(F.POLICY), at, F.POLICY)[:200],
        environment="messages",
        probe=entry.get(F.PROBE) is True,
    )
    return node, said, text(entry.get(F.CALL), at, F.CALL)


def _beside(path: Path, name: str, at: At) -> list[Any]:
    """The messages of a file beside the index.

    Raises:
        InputError: it lies elsewhere.
    """
    other = path.parent / name
    if Path(name).name != name or name in ("", ".", "..") or other.is_symlink():
        raise at.wrong("file must be the name of a file beside the index", name)
    if not other.is_file():
        raise InputError(f"{at}: there is no file {name!r} beside the index")
    value = whole(other)
    if isinstance(value, dict):
        value = value.get(F.MESSAGES)
    return a_list(value, At(name), F.MESSAGES)
