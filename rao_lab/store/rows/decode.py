"""Rows into records: whole trees, and one node without its tree.

Everything read is distrusted, and `store/cells.py` says what each column may hold: a value of the wrong kind and a
node that stands elsewhere than its path says are a `RunFileError`.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import RaoLabError, RunFileError
from rao_lab.store.cells import cells, check_counts, names
from rao_lab.store.columns.bytes import Allowance, unpack
from rao_lab.store.columns.nodes import tree_rows
from rao_lab.store.columns.tokens import TURN_HEAD, split_tokens, token_counts
from rao_lab.store.rows.texts import Texts, named, plain
from rao_lab.tree import Call, Message, Node, Status, Task, Tree, TreeHeader, Turn, codec, validate
from rao_lab.tree.ranges import COUNT, REAL
from rao_lab.tree.values import loads

HEADER_COLUMNS = (
    "id, task, environment, agent, seed, step, grp, rollout, probe, policy, policy_version, limits, origin"
)

_SEED = re.compile(r"-?[0-9]{1,100}")


def header_from_row(texts: Texts, row: Sequence[Any]) -> TreeHeader:
    """A header from `HEADER_COLUMNS`.

    Raises:
        RunFileError: the row is not what was written.
    """
    _, task, environment, agent, seed, step, group, rollout, probe, policy, version, limits, origin = row
    cells("trees", names(HEADER_COLUMNS), [row])
    seed_text = texts.text(seed)
    if not _SEED.fullmatch(seed_text):
        raise RunFileError(
            f"the seed of a tree is {quoted(seed_text)}: a whole number of up to 100 digits is due"
        )
    return TreeHeader(
        task=task_from_text(texts, task),
        environment=texts.text(environment),
        agent=texts.text(agent),
        seed=int(seed_text),
        step=step,
        group=group,
        rollout=rollout,
        probe=bool(probe),
        policy=texts.text(policy),
        policy_version=version,
        limits=named(texts.plain(limits), "the limits of a tree"),
        origin=None if origin is None else named(texts.plain(origin), "the origin of a fork"),
    )


def task_from_text(texts: Texts, text_id: object) -> Task:
    task: Task = _record(codec.task_from_json, texts.source(text_id), "a task")
    return task


def _record(read: Callable[[Any], Any], text: str, what: str) -> Any:
    try:
        return read(loads(text))
    except RaoLabError as error:
        raise RunFileError(f"{what} cannot be read ({error!s:.100})") from None


def load_trees(
    connection: sqlite3.Connection, ids: Sequence[int], allowance: Allowance, light: bool = False
) -> list[Tree]:
    """Finished trees, whole, in the order of `ids`.

    Args:
        light: without thoughts, templates, and the messages of nodes that launched nothing; token ids are counted
            alone (`Turn.read`, `wrote`). Equal values are one object, which nobody may change.

    Raises:
        RunFileError: one is not there, or not as it was written.
    """
    texts = Texts(connection, allowance)
    rows = {i: _named(i, _Rows, connection, i, None, light) for i in ids}
    texts.want(text_id for row in rows.values() for text_id in row.text_ids())
    return [_named(i, rows[i].tree, texts, allowance) for i in ids]


def _named(tree_id: int, read: Callable[..., Any], *args: Any) -> Any:
    """What `read` gives; if it cannot, the error names the tree."""
    try:
        return read(*args)
    except RunFileError as error:
        if re.search(rf"tree {tree_id}\b", str(error)):
            raise
        raise RunFileError(f"tree {tree_id}: {error}") from None


def load_node(connection: sqlite3.Connection, tree_id: int, path: str, allowance: Allowance) -> Node | None:
    """One node of a finished tree with its turns; None if the tree has no such node."""
    found = connection.execute(
        "SELECT place FROM nodes WHERE tree = ? AND path = ?", (tree_id, path)
    ).fetchone()
    if found is None:
        return None
    rows = _named(tree_id, _Rows, connection, tree_id, found[0])
    texts = Texts(connection, allowance)
    texts.want(rows.text_ids())
    children = connection.execute(
        "SELECT path FROM nodes WHERE tree = ? AND parent = ? ORDER BY place", (tree_id, found[0])
    ).fetchall()
    (parent,) = connection.execute(
        "SELECT (SELECT path FROM nodes WHERE tree = n.tree AND place = n.parent)"
        " FROM nodes n WHERE tree = ? AND place = ?",
        (tree_id, found[0]),
    ).fetchone()
    for name in ("nodes", "turns"):
        (count,) = connection.execute(f"SELECT count(*) FROM {name} WHERE tree = ?", (tree_id,)).fetchone()
        check_counts(tree_id, rows.counts, {name: count})
    below = tuple(child for (child,) in children)
    node: Node = _named(tree_id, rows.node, rows.nodes[0], parent, below, texts, allowance)
    recorded = tree_rows(connection, tree_id, allowance)[rows.nodes[0][0]]
    for name, count in (("tokens_in", node.tokens_in), ("tokens_out", node.tokens_out)):
        check_counts(tree_id, {name: int(recorded[name])}, {name: count})
    return node


_NODE = (
    "place, path, parent, spawn_index, parent_turn, launch_batch, together, depth, goal, args, template,"
    " value, status, reason, success, source, fraction, refusals, started, ended, started_tick, ended_tick,"
    " window"
)
_TURN = (
    "place, turn, continues, policy_version, messages, text, thought, code, stop, calls, output, error,"
    " children, started, sampled, ended, started_tick, sampled_tick, ended_tick, waiting, decode_steps"
)
_NODE_TEXTS = (8, 9, 10, 11, 13, 15, 17)
_TURN_TEXTS = (4, 5, 6, 7, 8, 9, 10, 11, 12)
_NODE_LIGHT = (8, 9, 11, 13, 15, 17)
_TURN_LIGHT = (5, 7, 8, 9, 10, 11, 12)


class _Rows:
    """The rows of one tree, or of one node of it, before their texts are known."""

    def __init__(
        self, connection: sqlite3.Connection, tree_id: int, place: int | None = None, light: bool = False
    ) -> None:
        self.light = light
        where, key = "tree = ?", [tree_id]
        if place is not None:
            where, key = "tree = ? AND place = ?", [tree_id, place]
        self.head = connection.execute(
            f"SELECT {HEADER_COLUMNS}, ended, ended_tick, not_reproducible,"
            " nodes, turns, tokens_in, tokens_out FROM trees WHERE id = ? AND done = 1",
            [tree_id],
        ).fetchone()
        if self.head is None:
            raise RunFileError(f"there is no finished tree {tree_id}")
        *self.head, nodes, turns, tokens_in, tokens_out = self.head
        self.counts = {"nodes": nodes, "turns": turns, "tokens_in": tokens_in, "tokens_out": tokens_out}
        cells("trees", (*names(HEADER_COLUMNS), "ended", "ended_tick", "not_reproducible"), [self.head])
        found = connection.execute(f"SELECT {_NODE} FROM nodes WHERE {where} ORDER BY place", key)
        self.nodes = cells("nodes", names(_NODE), found)
        self.turns: dict[int, list[Any]] = defaultdict(list)
        found = connection.execute(f"SELECT {_TURN} FROM turns WHERE {where} ORDER BY place, turn", key)
        for row in cells("turns", names(_TURN), found):
            self.turns[row[0]].append(row)
        query = f"SELECT place, size, body FROM tokens WHERE {where}"
        self.tokens = {row[0]: row[1:] for row in connection.execute(query, key)}

    def text_ids(self) -> Iterable[object]:
        yield from self.head[1:5]
        yield from (self.head[9], self.head[11], self.head[12], self.head[15])
        of_node, of_turn = (_NODE_LIGHT, _TURN_LIGHT) if self.light else (_NODE_TEXTS, _TURN_TEXTS)
        yield from (node[column] for node in self.nodes for column in of_node)
        yield from (turn[column] for turns in self.turns.values() for turn in turns for column in of_turn)
        # Messages name further texts: `tree` reads these together once their lists are known.

    def tree(self, texts: Texts, allowance: Allowance) -> Tree:
        turns = sum(len(each) for each in self.turns.values())
        check_counts(self.head[0], self.counts, {"nodes": len(self.nodes), "turns": turns})
        paths = [row[1] for row in self.nodes]
        children: list[list[str]] = [[] for _ in paths]
        for place, row in enumerate(self.nodes):
            parent = row[2]
            if row[0] != place or not (parent is None or (isinstance(parent, int) and 0 <= parent < place)):
                raise RunFileError(f"the nodes of tree {self.head[0]} do not stand in order")
            if parent is not None:
                children[parent].append(row[1])
        self._want_messages(texts, children)
        nodes = []
        for row, below in zip(self.nodes, children, strict=True):
            above = None if row[2] is None else paths[row[2]]
            nodes.append(self.node(row, above, tuple(below), texts, allowance))
        ended, ended_tick, why = self.head[-3:]
        tree = Tree(
            header_from_row(texts, self.head[:-3]),
            tuple(nodes),
            ended=ended,
            ended_tick=ended_tick,
            not_reproducible=texts.text(why),
        )
        tokens = {name: sum(getattr(node, name) for node in nodes) for name in ("tokens_in", "tokens_out")}
        check_counts(self.head[0], self.counts, tokens)
        try:
            validate(tree)
        except (RaoLabError, TypeError, ValueError) as error:
            raise RunFileError(f"tree {self.head[0]} contradicts itself: {error}") from None
        return tree

    def _want_messages(self, texts: Texts, children: Sequence[Sequence[str]]) -> None:
        if self.light:  # the others say nothing to a child
            self.turns = {
                place: turns if children[place] else [(*turn[:4], None, *turn[5:]) for turn in turns]
                for place, turns in self.turns.items()
            }
            texts.want(turn[4] for turns in self.turns.values() for turn in turns)
        lists = (texts.plain(turn[4], []) for turns in self.turns.values() for turn in turns)
        texts.want(text_id for _, text_id in (pair for each in lists for pair in _pairs(each)))

    def node(
        self,
        row: Sequence[Any],
        parent: str | None,
        children: tuple[str, ...],
        texts: Texts,
        allowance: Allowance,
    ) -> Node:
        try:
            status = Status(row[12])
        except ValueError:
            raise RunFileError(f"a node has the unknown status {quoted(row[12])}") from None
        turns = self.turns.get(row[0], [])
        arrays = self._arrays(row[0], len(turns), allowance)
        source, reward = _judged(texts.maybe(row[15]))
        read = texts.shared if self.light else texts.built
        return Node(
            path=row[1],
            parent=parent,
            spawn_index=row[3],
            parent_turn=row[4],
            launch_batch=row[5],
            together=bool(row[6]),
            depth=row[7],
            goal=texts.text(row[8]),
            args=read(row[9], _arguments, {}),
            template="" if self.light else texts.text(row[10]),
            turns=tuple(
                _turn(turn, part, texts, self.light) for turn, part in zip(turns, arrays, strict=True)
            ),
            value=read(row[11], plain),
            status=status,
            reason=texts.text(row[13]),
            success=row[14],
            success_source=source,
            fraction=row[16],
            reward=reward,
            refusals=read(row[17], _refusals, {}),
            children=children,
            started=row[18],
            ended=row[19],
            started_tick=row[20],
            ended_tick=row[21],
            window=row[22],
        )

    def _arrays(self, place: int, turns: int, allowance: Allowance) -> Sequence[dict[str, Any]]:
        """What the token arrays of a node say of each turn, as fields of it."""
        if place not in self.tokens:
            return [{}] * turns
        size, body = self.tokens[place]
        what = f"the tokens of tree {self.head[0]}"
        if self.light:
            counts = token_counts(unpack(size, body, allowance, what, TURN_HEAD * turns), turns)
            return [{"read": read, "wrote": wrote} if read or wrote else {} for read, wrote in counts]
        arrays = split_tokens(unpack(size, body, allowance, what), turns)
        return [dict(zip(_ARRAYS, each, strict=True)) for each in arrays]


_REWARD = re.compile(r"([^(]*) \(reward ([-+.e0-9]{1,30})\)")
"""Who scored a node, and the reward behind it; see `encode`."""


def _judged(source: str | None) -> tuple[str | None, float | None]:
    found = None if source is None else _REWARD.fullmatch(source)
    if found is None:
        return source, None
    return found[1], _real(found[2], "reward")


_COUNTED = re.compile(r"([^(]*) \(([0-9]{1,15}) read, ([0-9]{1,15}) wrote(?:, logprob ([-+.e0-9]{1,30}))?\)")
"""Why a turn stopped, and the tokens that a server counted; see `encode`."""


def _stopped(text: str) -> dict[str, Any]:
    """The fields of a turn that stand in this text."""
    found = _COUNTED.fullmatch(text)
    if found is None:
        return {"stop": text}
    read, wrote = int(found[2]), int(found[3])
    logprob = None if found[4] is None else _real(found[4], "log-prob")
    if not (COUNT.holds(read) and COUNT.holds(wrote)):
        raise RunFileError(f"{quoted(text)} holds no counts of tokens: {COUNT} is due")
    return {"stop": found[1], "read": read, "wrote": wrote, "logprob": logprob}


def _real(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = inf
    if not REAL.holds(number):
        raise RunFileError(f"{quoted(text)} is no {what}: {REAL} is due")
    return number


def _turn(row: Sequence[Any], arrays: dict[str, Any], texts: Texts, light: bool) -> Turn:
    read = texts.shared if light else texts.built
    return Turn(
        index=row[1],
        continues=bool(row[2]),
        policy_version=row[3],
        messages=tuple(Message(role, texts.text(i)) for role, i in _pairs(texts.plain(row[4], []))),
        text=texts.text(row[5]),
        thought="" if light else texts.text(row[6]),
        code=texts.text(row[7]),
        calls=read(row[9], calls_of, ()),
        output=texts.text(row[10]),
        error=texts.maybe(row[11]),
        children=read(row[12], _words, ()),
        started=row[13],
        sampled=row[14],
        ended=row[15],
        started_tick=row[16],
        sampled_tick=row[17],
        ended_tick=row[18],
        waiting_seconds=row[19],
        decode_steps=row[20],
        **{**_stopped(texts.text(row[8])), **arrays},
    )


_ARRAYS = ("prompt_ids", "sampled_ids", "logprobs", "entropies")


def calls_of(text: str) -> tuple[Call, ...]:
    turn: Turn = _record(
        lambda data: codec.turn_from_json({"index": 0, "calls": data}), text, "the calls of a turn"
    )
    return turn.calls


def _pairs(value: Any) -> list[tuple[str, int]]:
    pairs = _list(value)
    if not all(isinstance(p, list) and len(p) == 2 and isinstance(p[0], str) for p in pairs):
        raise RunFileError("the messages of a turn are of another kind")
    return [(role, text_id) for role, text_id in pairs]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise RunFileError(f"a list was due, not {quoted(value)}")
    return value


def _words(text: str) -> tuple[str, ...]:
    words = _list(plain(text))
    if not all(isinstance(word, str) for word in words):
        raise RunFileError("the children of a turn are named by other things than paths")
    return tuple(words)


def _arguments(text: str) -> dict[str, Any]:
    return named(plain(text), "the arguments of a node")


def _refusals(text: str) -> dict[str, int]:
    return counts_of(plain(text), "the refusals of a node")


def counts_of(value: Any, what: str) -> dict[str, int]:
    counts: dict[str, int] = named(value, what)
    for kind, count in counts.items():
        if not COUNT.holds(count):
            raise RunFileError(f"{what}, {quoted(kind)}, are {quoted(count)}: {COUNT} is due")
    return counts
