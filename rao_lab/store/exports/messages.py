"""Chat messages with tool calls: one line a node, as the reader `formats/chat.py` and chat tools take them.

A turn is a message of the assistant: what the model wrote, with the calls that its code made. A launch is a call, too:
its child names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rao_lab.store.exports.known import Known, arguments, line, sayable, score_of
from rao_lab.store.formats.fields import Messages as F
from rao_lab.tree import Call, Node, Tree, Turn


def lines(known: Known) -> Iterator[str]:
    """The nodes of a tree."""
    for node in known.tree.nodes:
        yield line(_entry(known, node))


def messages_of(tree: Tree, path: str) -> list[dict[str, Any]]:
    """See `Tree.to_messages`."""
    known, node = Known(tree, "tree"), tree.node(path)
    return [message for turn in node.turns for message in _said(known, node, turn)]


def _entry(known: Known, node: Node) -> dict[str, Any]:
    header = known.tree.header
    above = None if node.parent is None else known.tree.node(node.parent)
    about: dict[str, Any] = {F.ID: known.id(node.path), F.GOAL: node.goal, F.STATUS: node.status.value}
    if above is None:
        about |= {F.TASK: header.task.id, F.STEP: header.step, F.POLICY: header.policy}
        about |= {F.PROBE: True} if header.probe else {}
    else:
        about |= {F.PARENT: known.id(above.path)}
        call = _launch(known, above, node.path)
        about |= {F.CALL: call} if call else {F.TURN: node.parent_turn} if node.parent_turn else {}
    if node.reason:
        about[F.REASON] = node.reason
    if node.value is not None:
        about[F.VALUE] = sayable(node.value)
    score = score_of(node)
    if score is not None:
        about |= {F.REWARD: score, F.SOURCE: node.success_source or ""}
    said = [message for turn in node.turns for message in _said(known, node, turn)]
    return {**about, F.MESSAGES: said}


def _launch(known: Known, above: Node, path: str) -> str | None:
    """The id of the call that launched a node; None: no call says so."""
    for turn in above.turns:
        for place, call in enumerate(turn.calls):
            if call.child == path:
                return _call_id(known, above, turn, place)
    return None


def _call_id(known: Known, node: Node, turn: Turn, place: int) -> str:
    return f"call_{known.id(node.path)}_{turn.index}_{place}"


def _said(known: Known, node: Node, turn: Turn) -> Iterator[dict[str, Any]]:
    """What was new to the model, what it wrote, and what its calls gave."""
    for message in turn.messages:
        yield {"role": message.role or "user", "content": message.content}
    if not (turn.text or turn.calls or turn.ended is not None):
        return  # it never came
    wrote: dict[str, Any] = {"role": "assistant", "content": turn.text}
    if turn.thought and turn.thought not in turn.text:
        wrote["reasoning_content"] = turn.thought
    ids = [_call_id(known, node, turn, place) for place in range(len(turn.calls))]
    if ids:
        wrote["tool_calls"] = [_call(name, call) for name, call in zip(ids, turn.calls, strict=True)]
    yield wrote
    for name, call in zip(ids, turn.calls, strict=True):
        failed = {} if call.error is None else {"error": call.error}
        yield {"role": "tool", "tool_call_id": name, "content": call.error or _text(call.result), **failed}


def _call(name: str, call: Call) -> dict[str, Any]:
    given = json.dumps(arguments(call), ensure_ascii=False, allow_nan=False)
    return {"id": name, "type": "function", "function": {"name": call.name, "arguments": given}}


def _text(value: Any) -> str:
    return (
        value if isinstance(value, str) else json.dumps(sayable(value), ensure_ascii=False, allow_nan=False)
    )
