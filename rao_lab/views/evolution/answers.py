"""What the Evolution view asks for: the list of columns, one column, and two trees of a task compared.

The other half is `widgets/src/evolution/data.js`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rao_lab.base.safe_text import one_line, quoted
from rao_lab.errors import MissingError
from rao_lab.tree.compare import WORDS, Row
from rao_lab.tree.diff import TreeDiff
from rao_lab.tree.diff_text import parted_lines, place_words, shared_preamble, shown_rows, sum_up
from rao_lab.tree.earned import Earned
from rao_lab.tree.node import Node
from rao_lab.tree.text import short_goal
from rao_lab.views.diff.style import shape_of
from rao_lab.views.evolution.columns import KINDS, Columns, column_of, columns_of
from rao_lab.views.evolution.evolution import Evolution
from rao_lab.views.evolution.figures import figures_of, trees_of
from rao_lab.views.explorer.node_text import clean
from rao_lab.views.explorer.question import Argument, Asked, Given
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

SENT = ("tree", "parent", "depth", "spawn", "turn", "batch", "together", "status", "goal", "s")
"""Columns of the nodes that travel: what a small tree is drawn from."""
SAVED_COLUMNS = 60
"""Columns in a saved page, the first and the newest among them."""
SAVED_PAIRS = 40
MOST_ROWS = 200
SAID_LINES = 6
LINE = 300


def index_answer(asked: Asked) -> Given:
    """Args: the kind; "" = the probes, or what came back if there are none. "page": the columns that a page carries."""
    columns = columns_of(asked.source, _text(asked.args, 0) or None)
    if len(asked.args) > 1:
        columns = replace(columns, steps=tuple(sorted(_most_told(columns, SAVED_COLUMNS))))
    return {
        "kind": columns.kind,
        "steps": list(columns.steps),
        "tasks": [dict(task) for task in columns.tasks],
        "of_steps": columns.of_steps,
        "of_tasks": columns.of_tasks,
        "every": columns.every,
    }, ()


def column_answer(asked: Asked) -> Given:
    """Args: the kind, the step, the ids of the tasks. A column as a small snapshot, with the figures of its trees."""
    source, args = asked.source, asked.args
    step = _number(args, 1)
    columns = _asked(_text(args, 0), (step,), [_text(args, place) for place in range(2, len(args))])
    column = column_of(source, columns, step)
    head, buffers = column.table.snapshot()
    kept = [place for place, each in enumerate(head["columns"]) if each["name"] in SENT]
    trees = trees_of(columns, column)
    return {
        "head": {**head, "columns": [head["columns"][place] for place in kept]},
        "task": list(column.task),
        "tree": list(column.tree),
        "nodes": list(column.nodes),
        "depth": [tree.depth for tree in trees],
        "figures": figures_of(step, trees)._asdict(),
    }, [buffers[place] for place in kept]


def pair_answer(asked: Asked) -> Given:
    """Args: the kind, the task, its tree from 1, both steps."""
    source, args = asked.source, asked.args
    first, second = _number(args, 3), _number(args, 4)
    columns = _asked(_text(args, 0), (first, second), [_text(args, 1)])
    found = Evolution(source, columns).diff(first, second, _text(args, 1), _number(args, 2))
    return _pair(found), ()


def saved_index(source: Source, table: StepTable | None) -> Iterator[Sequence[Argument]]:
    if table is None:
        yield ("", "page")


def saved_columns(source: Source, table: StepTable | None) -> Iterator[Sequence[Argument]]:
    if table is not None:
        return
    columns = columns_of(source)
    tasks = [task["task"] for task in columns.tasks]
    for step in _most_told(columns, SAVED_COLUMNS):
        yield (columns.kind, step, *tasks)


def saved_pairs(source: Source, table: StepTable | None) -> Iterator[Sequence[Argument]]:
    """The first step against the newest, then what is asked when the reader moves on, while there is room."""
    if table is not None:
        return
    columns = columns_of(source)
    if len(columns.steps) < 2:
        return
    first, *others = columns.steps
    for second in _most_told(columns, SAVED_PAIRS // max(1, len(columns.tasks)) + 1):
        if second in others:
            for task in columns.tasks:
                yield (columns.kind, task["task"], 1, first, second)


def _asked(kind: str, steps: tuple[int, ...], tasks: Sequence[str]) -> Columns:
    """Columns as the question names them: the list of all is not read again for each."""
    rows = tuple({"task": task, "goal": "", "difficulty": ""} for task in tasks)
    for each in KINDS:
        if each == kind:
            return Columns(each, steps, rows, len(steps), len(rows))
    raise MissingError(f"the kind of tasks is {quoted(kind)}: choose one of {', '.join(KINDS)}")


def _most_told(columns: Columns, most: int) -> list[int]:
    """Steps spread over the run: the newest, the first, then those between."""
    steps = columns.steps
    if len(steps) > most:
        gap = (len(steps) - 1) / max(1, most - 1)
        steps = tuple(steps[place] for place in sorted({round(each * gap) for each in range(most)}))
    return [*steps[-1:], *steps[:1], *steps[-2:0:-1]] if len(steps) > 1 else list(steps)


def _pair(found: TreeDiff) -> dict[str, Any]:
    parting = found.first_action or found.first
    left, right = ([], []) if parting is None else parted_lines(parting, SAID_LINES)
    rows, hidden = shown_rows(found.rows, MOST_ROWS)
    preamble = shared_preamble(found.a, found.b)
    words_first = (
        found.first is not None and found.first_action is not None and found.first is not found.first_action
    )
    return {
        "sum": sum_up(found.rows),
        "parting": None
        if parting is None
        else {
            "a": parting.a,
            "b": parting.b,
            "turn": parting.turn,
            "where": place_words(parting),
            "what": WORDS[parting.what],
            "action": found.first_action is not None,
            "words": place_words(found.first) if words_first and found.first else "",
            "left": [clean(one_line(line, LINE)) for line in left],
            "right": [clean(one_line(line, LINE)) for line in right],
        },
        "rows": [_row(row, preamble) for row in rows],
        "hidden": hidden,
    }


def _row(row: Row, preamble: str) -> dict[str, Any]:
    return {
        "depth": row.depth,
        "a": _side(row.a, row.earned[0], preamble),
        "b": _side(row.b, row.earned[1], preamble),
        "changed": row.changed,
        "moment": row.partings[0].moment if row.partings else "",
    }


def _side(node: Node | None, earned: Earned | None, preamble: str) -> dict[str, Any] | None:
    if node is None:
        return None
    return {
        "path": node.path,
        "goal": clean(one_line(short_goal(node, preamble), 80)),
        "shape": shape_of(node),
        "s": node.success,
        "R": None if earned is None else earned.R,
        "turns": len(node.turns),
    }


def _text(args: Sequence[Any], place: int) -> str:
    value = args[place] if len(args) > place else None
    if not isinstance(value, str):
        raise MissingError(f"argument {place} of the question is {quoted(value)}: a text is due")
    return value


def _number(args: Sequence[Any], place: int) -> int:
    value = args[place] if len(args) > place else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise MissingError(f"argument {place} of the question is {quoted(value)}: a whole number is due")
    return value
