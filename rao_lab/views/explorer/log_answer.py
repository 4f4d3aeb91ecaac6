"""What was refused, and what has no success: a row for each node and kind, for the log of the board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rao_lab.base.safe_text import one_line
from rao_lab.store import Trouble
from rao_lab.views.explorer.question import Argument, Asked, Given
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

NOT_SCORED = "not scored"
LISTED = 1000
"""Nodes of a step that are listed."""
KIND_LIMIT, WORD_LIMIT = 60, 240


def log_answer(asked: Asked) -> Given:
    """The log of a step: its groups, and rows of [group, tree of its task from 1, place of the tree, node, kind, count,
    reason]."""
    table = asked.table
    places = {each.id: place for place, each in enumerate(table.trees)}
    found = asked.source.troubles(table, LISTED + 1)
    known = [(places[each.tree_id], each) for each in found[:LISTED] if each.tree_id in places]
    answer = {
        "groups": [[group["task"], group["difficulty"], group["probe"]] for group in table.groups],
        "rows": [row for place, trouble in known for row in _rows(table, place, trouble)],
        "more": len(found) > LISTED,
    }
    return answer, ()


def log_saved(source: Source, table: StepTable | None) -> list[Sequence[Argument]]:
    """A page carries that of each of its steps."""
    return [] if table is None or not source.status() else [()]


def _rows(table: StepTable, place: int, trouble: Trouble) -> Iterator[list[Any]]:
    tree = table.trees[place]
    where = [tree.group, tree.rollout + 1, place, trouble.path]
    told = one_line("; ".join(trouble.told), WORD_LIMIT)
    for kind, count in trouble.refusals.items():
        yield [*where, one_line(kind, KIND_LIMIT), count, told]
    if not trouble.scored:
        yield [*where, NOT_SCORED, 1, one_line(trouble.why, WORD_LIMIT)]
