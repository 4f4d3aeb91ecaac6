"""Records into rows. Runs inside the writer's transaction and knows no thread, lock or file.

A file does not tell who made it or on which machine: a local path or an address in a policy's name or in
the configuration is cut to its last part.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from rao_lab.store.columns.bytes import pack
from rao_lab.store.columns.nodes import columns_to_bytes
from rao_lab.store.columns.tokens import join_tokens
from rao_lab.store.rows.texts import TextIds
from rao_lab.tree import Call, Event, Node, Tree, TreeHeader, Turn, codec
from rao_lab.tree.values import dumps

_ABSOLUTE = re.compile(r"(/|~|[A-Za-z]:[\\/]|\\\\)[^\n]*")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\n]*", re.IGNORECASE)


def portable(value: Any) -> Any:
    """A plain value without absolute paths and addresses. Of a path the last part stays, of an address what
    follows its "#". The files of prompts stay as they are."""
    if isinstance(value, str):
        if _ADDRESS.fullmatch(value):
            return "endpoint" + ("#" + value.partition("#")[2] if "#" in value else "")
        return re.split(r"[\\/]", value.rstrip("\\/"))[-1] if _ABSOLUTE.fullmatch(value) else value
    if isinstance(value, Mapping):
        return {key: item if key == "prompts" else portable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([portable(item) for item in value])
    return value


def _origin(origin: Mapping[str, Any]) -> dict[str, Any]:
    """Where a fork comes from; an edited goal or action may look like a path, and stays."""
    return {**origin, "weights": portable(origin["weights"])} if "weights" in origin else dict(origin)


def insert_header(connection: sqlite3.Connection, texts: TextIds, header: TreeHeader, revision: int) -> int:
    """The row of a tree that has begun; returns its id."""
    task = header.task
    row = (
        revision,
        header.step,
        header.probe,
        header.group,
        header.rollout,
        texts.id(task.id),
        texts.id(task.difficulty),
        texts.id(dumps(codec.task_to_json(task))),
        texts.id(header.environment),
        texts.id(header.agent),
        texts.id(str(header.seed)),
        texts.id(portable(header.policy)),
        header.policy_version,
        texts.json(dict(header.limits)),
        None if header.origin is None else texts.json(_origin(header.origin)),
    )
    cursor = connection.execute(
        "INSERT INTO trees (rev, done, step, probe, grp, rollout, task_id, difficulty, task, environment,"
        f" agent, seed, policy, policy_version, limits, origin) VALUES ({_marks(1)}, 0, {_marks(14)})",
        row,
    )
    connection.execute("INSERT OR IGNORE INTO steps (step, rev) VALUES (?, ?)", (header.step, revision))
    return int(cursor.lastrowid or 0)


def insert_events(
    connection: sqlite3.Connection, tree_id: int, events: Sequence[Event], revision: int
) -> None:
    rows = []
    for event in events:
        text = dumps(codec.event_to_json(event))
        rows.append((tree_id, event.seq, revision, *pack(text.encode())))
    connection.executemany(f"INSERT INTO events VALUES ({_marks(5)})", rows)


def finish_tree(
    connection: sqlite3.Connection, texts: TextIds, tree_id: int, tree: Tree, revision: int
) -> None:
    """The tree's rows replace its events."""
    connection.execute("DELETE FROM events WHERE tree = ?", (tree_id,))
    places = {node.path: place for place, node in enumerate(tree.nodes)}
    nodes, turns, tokens = [], [], []
    for place, node in enumerate(tree.nodes):
        nodes.append((tree_id, place, *_node_row(texts, node, places)))
        turns += [(tree_id, place, *_turn_row(texts, node, turn)) for turn in node.turns]
        arrays = [(t.prompt_ids, t.sampled_ids, t.logprobs, t.entropies) for t in node.turns]
        if any(chain.from_iterable(arrays)):
            tokens.append((tree_id, place, *pack(join_tokens(arrays))))
    connection.executemany(f"INSERT INTO nodes VALUES ({_marks(24)})", nodes)
    connection.executemany(f"INSERT INTO turns VALUES ({_marks(22)})", turns)
    connection.executemany(f"INSERT INTO tokens VALUES ({_marks(4)})", tokens)
    columns = columns_to_bytes(tree, places, texts.id)
    connection.execute(f"INSERT INTO columns VALUES ({_marks(3)})", (tree_id, *pack(columns)))
    root = tree.nodes[0] if tree.nodes else None
    connection.execute(
        "UPDATE trees SET rev = ?, done = 1, ended = ?, ended_tick = ?, not_reproducible = ?, status = ?,"
        " success = ?, nodes = ?, depth = ?, turns = ?, tokens_in = ?, tokens_out = ? WHERE id = ?",
        (
            revision,
            tree.ended,
            tree.ended_tick,
            texts.id(tree.not_reproducible),
            root.status.value if root else "running",
            tree.success,
            len(tree),
            tree.depth,
            len(turns),
            sum(node.tokens_in for node in tree.nodes),
            sum(node.tokens_out for node in tree.nodes),
            tree_id,
        ),
    )


def _node_row(texts: TextIds, node: Node, places: Mapping[str, int]) -> tuple[Any, ...]:
    return (
        node.path,
        None if node.parent is None else places[node.parent],
        node.spawn_index,
        node.parent_turn,
        node.launch_batch,
        node.together,
        node.depth,
        texts.id(node.goal),
        texts.json(dict(node.args)) if node.args else None,
        texts.id(node.template),
        None if node.value is None else texts.json(node.value),
        node.status.value,
        texts.id(node.reason),
        node.success,
        texts.maybe(_judged(node)),
        node.fraction,
        texts.json(dict(node.refusals)) if node.refusals else None,
        node.started,
        node.ended,
        node.started_tick,
        node.ended_tick,
        node.window,
    )


def _judged(node: Node) -> str | None:
    """Who scored it; the few nodes with a reward in a range of its own have that behind it: "verifier (reward 7.5)"."""
    return (
        node.success_source
        if node.reward is None
        else f"{node.success_source or ''} (reward {node.reward!r})"
    )


def _stop(turn: Turn) -> str:
    """Why it stopped; a turn whose tokens a server counted has that behind it: "stop (812 read, 35 wrote)"."""
    if not (turn.read or turn.wrote) and turn.logprob is None:
        return turn.stop
    logprob = "" if turn.logprob is None else f", logprob {turn.logprob!r}"
    return f"{turn.stop} ({turn.read} read, {turn.wrote} wrote{logprob})"


def _turn_row(texts: TextIds, node: Node, turn: Turn) -> tuple[Any, ...]:
    messages = [[message.role, texts.id(message.content)] for message in turn.messages]
    return (
        turn.index,
        turn.continues,
        turn.policy_version,
        texts.json(messages) if messages else None,
        texts.id(turn.text),
        texts.id(turn.thought),
        texts.id(turn.code),
        texts.id(_stop(turn)),
        texts.id(_calls_json(turn.calls)) if turn.calls else None,
        texts.id(turn.output),
        texts.maybe(turn.error),
        texts.json(list(turn.children)) if turn.children else None,
        turn.started,
        turn.sampled,
        turn.ended,
        turn.started_tick,
        turn.sampled_tick,
        turn.ended_tick,
        turn.waiting_seconds,
        turn.decode_steps,
    )


def _calls_json(calls: tuple[Call, ...]) -> str:
    """Through the codec, which knows how a turn's calls are written."""
    return dumps(codec.turn_to_json(Turn(0, calls=calls))["calls"])


def _marks(count: int) -> str:
    return ", ".join("?" * count)
