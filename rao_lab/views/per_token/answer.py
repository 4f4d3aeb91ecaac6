"""The tokens of a node, and the launches of a step, as the front end asks for them: JSON, and a buffer a column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rao_lab.errors import MissingError
from rao_lab.views.explorer.question import Argument, Asked, Given
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.per_token.columns import Columns
from rao_lab.views.per_token.launches import launches_of
from rao_lab.views.per_token.node import tokens_of

SAVED = 400
"""Nodes whose tokens a page carries at most; it is said which it lacks."""
COUNTED = 3_000
"""Nodes of a step whose launches a page counts: all are read for it."""

_BUFFERS = {"word": "<u4", "kind": "<u1", "role": "<u1", "logprob": "<f4", "entropy": "<f4", "drift": "<f4"}


def answer_tokens(asked: Asked) -> Given:
    """The tokens of a node, by the place of its tree and its path.

    Raises:
        MissingError: there are none, said in a sentence.
    """
    place, path = _two(asked.args)
    table, node = asked.node(place, path)
    found = tokens_of(asked.source, table, place, node)
    columns = found.columns
    about = {
        "turns": [_turn(columns, at) for at in range(len(columns.turns))],
        "words": columns.words,
        "decoded": columns.decoded,
        "sequences": columns.sequences,
        "left_out": columns.left_out,
        "problem": columns.problem,
        "lacks": {name: why for name, why in found.lacks.items() if name in ("logprob", "entropy")},
        "ratio": found.lacks.get("ratio", "") if np.isnan(columns.drift).all() else "",
        "loss": found.loss.name,
        "bounds": _finite(found.loss.bounds),
        "epochs": found.loss.epochs,
    }
    return about, [getattr(columns, name).astype(kind).tobytes() for name, kind in _BUFFERS.items()]


def _two(args: Sequence[Argument]) -> tuple[int, str]:
    if len(args) == 2 and isinstance(args[0], int) and isinstance(args[1], str):
        return args[0], args[1]
    raise MissingError("tokens are asked for by the place of a tree and the path of a node")


def _turn(columns: Columns, at: int) -> dict[str, Any]:
    turn = columns.turns[at]
    return {name: getattr(turn, name) for name in turn.__slots__}


def _finite(bounds: tuple[float, float] | None) -> list[float] | None:
    return None if bounds is None else list(bounds)


def saved_tokens(source: Source, table: StepTable | None) -> Iterable[Sequence[Argument]]:
    """The first nodes of a step, in its order."""
    del source
    if table is None:
        return
    trees = table.columns["tree"].tolist()
    rows = [row for row in range(len(table)) if table.columns["wrote"][row] or table.columns["read"][row]]
    yield from ((trees[row], table.path[row]) for row in rows[:SAVED])


def answer_launches(asked: Asked) -> Given:
    """What the nodes of a step wrote, launches apart.

    Raises:
        MissingError: launches cannot be told apart.
    """
    table = asked.table
    found = launches_of(asked.source, table)
    parts = (found.tokens.astype("<i4"), found.logprob.astype("<f4"), found.entropy.astype("<f4"))
    return {"nodes": len(table), "unread": found.unread}, [part.tobytes() for part in parts]


def saved_launches(source: Source, table: StepTable | None) -> Iterable[Sequence[Argument]]:
    """Those of a step that is not too large."""
    return [()] if table is not None and source.decode is not None and len(table) <= COUNTED else ()
