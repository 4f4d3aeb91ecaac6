"""The times of one tree, as the Timeline, the time strip and the replay ask for them.

The other half is `widgets/src/timeline/lanes.js`. A time that is not known is NaN, a tick that is not known -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from rao_lab.tree import Node, Turn
from rao_lab.views.explorer.question import Argument, Asked, Given
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

SAVED_NODES = 20_000
"""Nodes whose times a page carries at most: 200 bytes each."""


def timeline_answer(asked: Asked) -> Given:
    """The times of the tree at a place: JSON of what is known, then four arrays.

    N nodes in path order, T turns in the order of their nodes:
    `[N, 6]` parent, launching turn, whether it runs, first and last tick, number of turns;
    `[N, 2]` start and end in seconds; `[T, 4]` ticks and decode steps; `[T, 3]` seconds.
    """
    tree = asked.tree()
    line = tree.timeline()
    places = {node.path: at for at, node in enumerate(tree.nodes)}
    turns = [turn for node in tree.nodes for turn in node.turns]
    pairs = [[places[pair.earlier], places[pair.later], pair.saved] for pair in line.serial]
    value = {"nodes": len(tree.nodes), "turns": len(turns), "clocks": list(line.clocks), "serial": pairs}
    heads = [_head(node, places) for node in tree.nodes]
    return value, [
        _bytes(heads, "<i4"),
        _bytes([_seconds(node.started, node.ended) for node in tree.nodes], "<f4"),
        _bytes([_ticks(turn) for turn in turns], "<i4"),
        _bytes([_seconds(turn.started, turn.sampled, turn.ended) for turn in turns], "<f4"),
    ]


def timelines_saved(source: Source, table: StepTable | None) -> Iterable[Sequence[Argument]]:
    """The trees whose times a page carries, the first ones first."""
    if table is None:
        return []
    sizes = np.cumsum(np.bincount(table.columns["tree"], minlength=len(table.trees)))
    return [[place] for place in range(len(table.trees)) if sizes[place] <= SAVED_NODES]


def _head(node: Node, places: dict[str, int]) -> list[int]:
    parent = -1 if node.parent is None else places[node.parent]
    ended = -1 if node.ended_tick is None else node.ended_tick
    live = int(not node.status.ended)
    return [parent, node.parent_turn or 0, live, node.started_tick, ended, len(node.turns)]


def _ticks(turn: Turn) -> list[int]:
    ends = (-1 if tick is None else tick for tick in (turn.sampled_tick, turn.ended_tick))
    return [turn.started_tick, *ends, turn.decode_steps]


def _seconds(*times: float | None) -> list[float]:
    return [np.nan if time is None else time for time in times]


def _bytes(rows: Sequence[Sequence[float]], kind: str) -> bytes:
    numbers = np.array(rows, np.float64)
    if kind == "<i4":  # a forged file may say any number
        numbers = np.clip(numbers, -1, np.iinfo(np.int32).max)
    return numbers.astype(kind).tobytes()
