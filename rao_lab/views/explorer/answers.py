"""What the front end asks for beside columns and texts: a table of questions, each with who answers it.

The other half is `widgets/src/step/asked.js`. A view that needs such data adds a line to `ANSWERS`. The arguments
of a question are words and whole numbers, so that both sides name it alike; its answer is JSON without NaN, and
buffers for arrays. A saved page carries the answers that a question names as worth saving.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rao_lab.errors import RaoLabError
from rao_lab.tree import Node, Tree
from rao_lab.views.evolution.answers import (
    column_answer,
    index_answer,
    pair_answer,
    saved_columns,
    saved_index,
    saved_pairs,
)
from rao_lab.views.explorer.badges_answer import (
    badge_counts_answer,
    badges_answer,
    badges_saved,
    counts_saved,
)
from rao_lab.views.explorer.beside import beside_answer, beside_saved
from rao_lab.views.explorer.log_answer import log_answer, log_saved
from rao_lab.views.explorer.own_rules import rule_answer, rules_saved
from rao_lab.views.explorer.question import Argument, Asked, Growing, Question
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import Records, StepTable
from rao_lab.views.explorer.timeline_answer import timeline_answer, timelines_saved
from rao_lab.views.per_token.answer import answer_launches, answer_tokens, saved_launches, saved_tokens

ANSWERS: Mapping[str, Question] = {
    "badges": Question(badges_answer, saved=badges_saved),
    "badge_counts": Question(badge_counts_answer, saved=counts_saved),
    "beside": Question(beside_answer, saved=beside_saved),
    "evolution": Question(index_answer, saved=saved_index),
    "evolution_column": Question(column_answer, saved=saved_columns),
    "evolution_pair": Question(pair_answer, saved=saved_pairs),
    "log": Question(log_answer, saved=log_saved, late=True),
    "rule": Question(rule_answer, saved=rules_saved),
    "timeline": Question(timeline_answer, saved=timelines_saved, late=True),
    "tokens": Question(answer_tokens, saved=saved_tokens, late=True),
    "launches": Question(answer_launches, saved=saved_launches, late=True),
}

KEPT_BYTES = 1 << 26
"""Of the trees of a step that are kept in memory while a page is made."""


def answer(
    source: Source,
    read: Callable[[int], StepTable],
    message: Mapping[str, Any],
    find: Callable[[int], Growing] | None = None,
) -> tuple[dict[str, Any], Sequence[bytes]]:
    """What is sent back for a message of type "ask"."""
    found: dict[str, Any] = {"type": "answer", "key": message.get("key"), "mark": message.get("mark")}
    step, args, question = message.get("step"), message.get("args"), ANSWERS.get(str(message.get("what")))
    if question is None or not isinstance(args, list) or not (step is None or isinstance(step, int)):
        return {**found, "why": "this kernel does not know the question: restart it after an update"}, ()
    try:
        value, buffers = question.answer(Asked(source, read, step, args, find))
    except RaoLabError as error:
        return {**found, "why": str(error)}, ()
    return {**found, "value": value}, buffers


def key_of(what: str, args: Sequence[Argument]) -> str:
    """The name of a question, as `keyOf` of the front end makes it."""
    return f"{what} {json.dumps(list(args), ensure_ascii=False, separators=(',', ':'))}"


def saved_answers(
    source: Source,
    read: Callable[[int], StepTable],
    table: StepTable | None,
    room: int,
    late: bool,
) -> dict[str, Any]:
    """The answers of a step, or (None) of the run, that a page carries, while they fit into `room` bytes."""
    found: dict[str, Any] = {}
    reads = read if table is None else _at_hand(table, read)
    for what, question in ANSWERS.items():
        for args in question.saved(source, table) if question.late == late else ():
            try:
                step = None if table is None else table.step
                value, buffers = question.answer(Asked(source, reads, step, args))
            except RaoLabError:
                continue  # the page says that it lacks it
            held = {"value": value, "buffers": [base64.b64encode(each).decode() for each in buffers]}
            cost = len(json.dumps(held, ensure_ascii=False)) + len(what) + 64
            if cost <= room:
                found[key_of(what, args)] = held
                room -= cost
    return found


def _at_hand(table: StepTable, read: Callable[[int], StepTable]) -> Callable[[int], StepTable]:
    """Reads steps, but for the one at hand."""
    kept = at_hand(table)
    return lambda step: kept if step == kept.step else read(step)


def at_hand(table: StepTable) -> StepTable:
    """The table with its trees kept: a page asks hundreds of questions about them, node by node."""
    if table.records is None or isinstance(table.records, _Kept):
        return table
    return replace(table, records=_Kept(table.records))


class _Kept:
    """Records of a step that keep the trees read last, up to `KEPT_BYTES`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._kept: dict[int, tuple[Tree, int]] = {}
        self._size = 0

    def tree(self, tree_id: int, /) -> Tree:
        found = self._kept.pop(tree_id, None)
        if found is None:
            tree = self._records.tree(tree_id)
            found = tree, _bytes(tree)
            self._size += found[1]
        self._kept[tree_id] = found  # the last one now
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            self._size -= self._kept.pop(next(iter(self._kept)))[1]
        return found[0]

    def node(self, tree_id: int, path: str, /) -> Node:
        return self.tree(tree_id).node(path)


def _bytes(tree: Tree) -> int:
    """What a tree takes in memory, roughly."""
    return sum(
        2000
        + 4 * len(turn.prompt_ids)
        + 12 * len(turn.sampled_ids)
        + len(turn.text)
        + len(turn.output)
        + sum(len(message.content) for message in turn.messages)
        for node in tree.nodes
        for turn in node.turns
    )
