"""platoon's events, a line each, as its `JsonlFileSink` writes them and its viewers read them.

Times are seconds since the tree began. A limit is an exhausted budget there, whatever the limit; messages, calls and
tokens have no place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rao_lab.store.exports.known import Known, line, sayable, score_of
from rao_lab.store.formats.fields import Platoon as F
from rao_lab.tree import LIMIT_STATUSES, Node, Status, Turn
from rao_lab.tree.values import dumps

Event = tuple[float | None, dict[str, Any]]


def lines(known: Known) -> Iterator[str]:
    """The events of a tree in the order of time; without times, a node's before its children's."""
    events = [event for node in known.tree.nodes for event in _events(known, node)]
    if all(when is not None for when, _ in events):
        events.sort(key=lambda event: event[0] or 0.0)
    for when, event in events:
        yield line(event if when is None else {**event, F.TIME: when})


def _events(known: Known, node: Node) -> Iterator[Event]:
    name = known.id(node.path)
    task = known.tree.header.task
    about: dict[str, Any] = {F.GOAL: node.goal, F.MAX_STEPS: _whole(node.args.get("num_steps")), F.MISC: {}}
    about |= {"id": task.id} if node.parent is None else {}
    made: dict[str, Any] = {"id": name, F.TASK: about, F.STEPS: [], F.REWARD: 0.0}
    if node.parent is not None:
        made[F.PARENT] = {"id": known.id(node.parent), F.FORK_STEP: max((node.parent_turn or 1) - 1, 0)}
    base = {F.COLLECTION: known.name}
    yield node.started, {F.TYPE: F.CREATED, **base, F.TRAJECTORY: made}
    for turn in node.turns:
        if turn.ended is not None or turn.text or turn.code:
            yield turn.ended, {F.TYPE: F.STEP_ADDED, **base, F.TRAJECTORY_ID: name, F.STEP: _step(turn)}
    if not node.status.ended:
        return
    end: dict[str, Any] = {F.TYPE: F.FINISHED, **base, F.TRAJECTORY_ID: name}
    score = score_of(node)
    end |= {} if score is None else {F.REWARD: score}
    if node.status is Status.FINISHED:
        value = node.value
        end[F.FINISH] = value if isinstance(value, str) else dumps(sayable(value))
    else:
        kind = node.status.value.replace("_", " ")
        words = f"exhausted budget: {kind}" if node.status in LIMIT_STATUSES else kind
        end[F.ERROR] = f"{words}: {node.reason}" if node.reason else words
    yield node.ended, end


def _step(turn: Turn) -> dict[str, Any]:
    usage = {"prompt_tokens": turn.tokens_in, "completion_tokens": turn.tokens_out}
    known = {"action_misc": {"usage": usage}} if turn.tokens_in or turn.tokens_out else {}
    failed = {} if turn.error is None else {F.FAILED: turn.error}
    return {F.THOUGHT: turn.thought, F.CODE: turn.code, F.OUTPUT: turn.output, **failed, F.MISC: known}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
