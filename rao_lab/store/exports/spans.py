"""A tree as plain spans, as agent viewers take them: an agent, a turn and a call each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rao_lab.store.exports.known import arguments, sayable
from rao_lab.tree import Call, Node, Tree, Turn
from rao_lab.tree.earned import Credit, earned_by

Span = dict[str, Any]


def spans_of(tree: Tree, credit: Credit = None, begun: float = 0.0) -> list[Span]:
    """See `Tree.to_spans`."""
    known = earned_by(tree, credit) or {}
    return [span for node in tree.nodes for span in _spans(tree, node, known.get(node.path), begun)]


def _spans(tree: Tree, node: Node, earned: Any, begun: float) -> Iterator[Span]:
    terms = {} if earned is None else {name: getattr(earned, name) for name in ("R", "b", "A", "w", "c")}
    about = {"path": node.path, "depth": node.depth, "end": node.status.value, "s": node.success, **terms}
    yield {
        "id": node.path,
        "name": node.goal,
        "kind": "span",
        **({} if node.parent is None else {"parent_id": node.parent}),
        **_times(node.started, node.ended, begun),
        "status": "error" if node.status.value == "error" else "ok",
        "input": node.goal,
        "output": sayable(node.value),
        "metadata": {name: value for name, value in about.items() if value is not None},
    }
    for turn in node.turns:
        own = f"{node.path} turn {turn.index}"
        yield {
            "id": own,
            "name": f"turn {turn.index}",
            "kind": "generation",
            "parent_id": node.path,
            **_times(turn.started, turn.sampled, begun),
            "model": tree.header.policy,
            "usage": {"input_tokens": turn.tokens_in, "output_tokens": turn.tokens_out},
            "input": [{"role": each.role or "user", "content": each.content} for each in turn.messages],
            "output": turn.text,
        }
        yield from (
            _call(own, turn, place, call) for place, call in enumerate(turn.calls) if call.child is None
        )


def _call(above: str, turn: Turn, place: int, call: Call) -> Span:
    ended = {"status": "ok"} if call.error is None else {"status": "error", "error": call.error}
    return {
        "id": f"{above} call {place}",
        "name": call.name,
        "kind": "tool",
        "parent_id": above,
        "input": arguments(call),
        "output": sayable(call.result),
        **ended,
    }


def _times(begin: float | None, end: float | None, begun: float) -> dict[str, str]:
    """As ISO 8601; what is not known is left out."""
    known = [(name, value) for name, value in (("start_time", begin), ("end_time", end)) if value is not None]
    return {name: datetime.fromtimestamp(begun + value, UTC).isoformat() for name, value in known}
