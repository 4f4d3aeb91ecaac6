"""Chrome's trace events, which ui.perfetto.dev opens: a track a node, slices for turns, arrows for launches.

Times are microseconds since the tree began, trees one below the other. A node whose times are not known has no slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rao_lab.base.safe_text import shorten, visible
from rao_lab.store.exports.known import Known
from rao_lab.tree import Node, Turn

GOAL = 80
"""Characters of a goal in the name of a track."""
Event = dict[str, Any]


def events(known: Known, process: int) -> Iterator[Event]:
    """The events of a tree, which is a process of this number."""
    header = known.tree.header
    named = f"{known.name} {visible(header.task.id)}"
    yield {"ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": {"name": named}}
    tracks = {node.path: place for place, node in enumerate(known.tree.nodes, 1)}
    for node in known.tree.nodes:
        track = tracks[node.path]
        at: Event = {"pid": process, "tid": track}
        words = f"{node.path} {shorten(visible(node.goal), GOAL)}"
        yield {"ph": "M", "name": "thread_name", **at, "args": {"name": words}}
        yield {"ph": "M", "name": "thread_sort_index", **at, "args": {"sort_index": track}}
        if node.started is None or node.ended is None:
            continue
        yield _slice(at, node.goal, "node", node.started, node.ended, _about(known, node))
        for turn in node.turns:
            yield from _turn(at, turn)
        if node.parent is not None:
            yield from _arrow(known, node, process, tracks)


def _about(known: Known, node: Node) -> Event:
    earned = known.credit.get(node.path)
    terms = {} if earned is None else {"R": earned.R, "b": earned.b, "A": earned.A, "w": earned.w}
    about = {"path": node.path, "status": node.status.value, "s": node.success, **terms}
    return {name: value for name, value in about.items() if value is not None}


def _turn(at: Event, turn: Turn) -> Iterator[Event]:
    if turn.started is None or turn.ended is None:
        return
    name = f"turn {turn.index}"
    sampled = turn.ended if turn.sampled is None else turn.sampled
    about = {"tokens_out": turn.tokens_out, "code": visible(turn.code)[:2000], "error": turn.error or ""}
    yield _slice(at, name, "generation", turn.started, sampled, {"text": visible(turn.text)[:2000], **about})
    if sampled < turn.ended:
        waited = {} if turn.waiting_seconds is None else {"waited": turn.waiting_seconds}
        yield _slice(at, f"{name}, code", "code", sampled, turn.ended, waited)


def _slice(at: Event, name: str, kind: str, begin: float, end: float, about: Event) -> Event:
    words = shorten(visible(name), GOAL) or kind
    times = {"ts": round(begin * 1e6, 3), "dur": round(max(0.0, end - begin) * 1e6, 3)}
    return {"ph": "X", "name": words, "cat": kind, **at, **times, "args": about}


def _arrow(known: Known, node: Node, process: int, tracks: dict[str, int]) -> Iterator[Event]:
    """From the turn that launched a node to its begin."""
    above = known.tree.node(node.parent or "")
    if above.started is None or node.started is None:
        return
    about: Event = {"name": "launch", "cat": "launch", "id": f"{process}-{tracks[node.path]}", "pid": process}
    when = round(node.started * 1e6, 3)
    yield {"ph": "s", **about, "tid": tracks[above.path], "ts": when}
    yield {"ph": "f", "bp": "e", **about, "tid": tracks[node.path], "ts": when}
