"""OpenTelemetry spans as OTLP JSON, a line a tree: agents, chats and tools of the GenAI conventions, and `rao.*`.

A node is an `invoke_agent` span, under the `execute_tool` span of the call that launched it; a turn is a `chat` span.
Spans need times: those of a tree without times begin and end at its begin, which `rao.untimed` says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rao_lab.store.exports.known import Known, arguments, line, sayable
from rao_lab.store.formats.fields import Otel as F
from rao_lab.store.formats.fields import Rao
from rao_lab.tree import Call, Node, Status, Turn

PROVIDER = "gen_ai.provider.name"
SPAN = {"internal": 1, "client": 3}
"""Kinds of spans, by their number."""
Json = dict[str, Any]


def lines(known: Known, begun: float = 1.0) -> Iterator[str]:
    """The spans of a tree.

    Args:
        begun: when the tree began, in seconds since 1970, if that is known.
    """
    spans = [span for node in known.tree.nodes for span in _Agent(known, node, begun).spans()]
    scope = {"scope": {"name": "rao_lab"}, "spans": spans}
    yield line(
        {
            "resourceSpans": [
                {"resource": {"attributes": _attributes({"service.name": "rao_lab"})}, "scopeSpans": [scope]}
            ]
        }
    )


def _digest(text: str, digits: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=digits // 2).hexdigest()


class _Agent:
    """The spans of one node."""

    def __init__(self, known: Known, node: Node, begun: float) -> None:
        self.known, self.node, self.begun = known, node, begun
        self.trace = _digest(f"{known.name} {known.tree.header.task.id}", 32)
        self.own = self._id("node", node.path)

    def _id(self, *parts: object) -> str:
        return _digest(f"{self.trace} {' '.join(map(str, parts))}", 16)

    def _span(
        self,
        own: str,
        above: str | None,
        name: str,
        kind: str,
        times: Sequence[float | None],
        said: Mapping[str, Any],
    ) -> Json:
        begin, end = times
        untimed = {} if begin is not None and end is not None else {Rao.UNTIMED: True}
        begin = begin or 0.0
        about: Json = {
            "traceId": self.trace,
            "spanId": own,
            **({} if above is None else {"parentSpanId": above}),
            "name": name,
            "kind": SPAN[kind],
            "startTimeUnixNano": str(round((self.begun + begin) * 1e9)),
            "endTimeUnixNano": str(round((self.begun + max(begin, begin if end is None else end)) * 1e9)),
            "attributes": _attributes({**said, **untimed}),
        }
        return about

    def spans(self) -> Iterator[Json]:
        node = self.node
        name = node.template or "agent"
        span = self._span(
            self.own,
            self._above(),
            f"{F.INVOKE} {name}",
            "internal",
            (node.started, node.ended),
            self._about(name),
        )
        if node.status is Status.ERROR:
            span["status"] = {"code": 2, "message": node.reason}
        if node.success is not None:
            scored = {F.EVALUATION_NAME: node.success_source or "success", F.EVALUATION_SCORE: node.success}
            when = span["endTimeUnixNano"]
            span["events"] = [{"timeUnixNano": when, "name": F.EVALUATION, "attributes": _attributes(scored)}]
        yield span
        heard: list[Json] = []
        for turn in node.turns:
            yield from self._turn(turn, heard)

    def _above(self) -> str | None:
        """The span that this agent stands under: of its launch, or of its parent."""
        path = self.node.parent
        if path is None:
            return None
        for turn in self.known.tree.node(path).turns:
            for place, call in enumerate(turn.calls):
                if call.child == self.node.path:
                    return self._id("tool", path, turn.index, place)
        return self._id("node", path)

    def _about(self, name: str) -> Json:
        node, header = self.node, self.known.tree.header
        said: Json = {
            F.OPERATION: F.INVOKE,
            F.AGENT: name,
            PROVIDER: "rao_lab",
            F.MODEL: header.policy or None,
            Rao.NODE: node.path,
            Rao.DEPTH: node.depth,
            Rao.GOAL: node.goal,
            Rao.TASK: header.task.id,
            Rao.STATUS: node.status.value if node.status.ended else None,
            Rao.REASON: node.reason or None,
            Rao.TURN: node.parent_turn,
            Rao.VALUE: None if node.value is None else json.dumps(sayable(node.value), allow_nan=False),
            Rao.S: node.success,
            Rao.SOURCE: node.success_source,
            Rao.REWARD: node.reward,
            Rao.STEP: header.step,
            Rao.GROUP: header.group,
            Rao.ROLLOUT: header.rollout,
            Rao.PROBE: header.probe,
            Rao.POLICY: header.policy or None,
            Rao.VERSION: header.policy_version if header.policy_version >= 0 else None,
            Rao.ENVIRONMENT: header.environment or None,
        }
        earned = self.known.credit.get(node.path)
        if earned is not None:
            said |= {Rao.R: earned.R, Rao.BASELINE: earned.b, Rao.ADVANTAGE: earned.A, Rao.WEIGHT: earned.w}
        return said

    def _turn(self, turn: Turn, heard: list[Json]) -> Iterator[Json]:
        """A chat span, and a tool span for each call."""
        if not turn.continues:
            heard.clear()
        heard += [{"role": each.role or "user", "parts": [_part(each.content)]} for each in turn.messages]
        calls = [self._call(turn, place, call) for place, call in enumerate(turn.calls)]
        wrote: Json = {"role": "assistant", "parts": [_part(turn.text), *(part for part, _ in calls)]}
        if turn.thought and turn.thought not in turn.text:
            wrote["parts"].insert(0, {"type": "reasoning", "content": turn.thought})
        said = {
            F.OPERATION: F.CHATS[0],
            PROVIDER: "rao_lab",
            F.MODEL: self.known.tree.header.policy or None,
            F.INPUT: json.dumps(heard, ensure_ascii=False),
            F.OUTPUT: json.dumps([wrote], ensure_ascii=False),
            F.READ: turn.tokens_in or None,
            F.WROTE: turn.tokens_out or None,
            F.STOPPED: [turn.stop] if turn.stop else None,
            Rao.CODE: turn.code or None,
            Rao.PRINTED: turn.output or None,
            Rao.TURN_ERROR: turn.error,
            Rao.VERSION: turn.policy_version,
        }
        own = self._id("turn", self.node.path, turn.index)
        sampled = turn.ended if turn.sampled is None else turn.sampled
        yield self._span(own, self.own, f"chat turn {turn.index}", "client", (turn.started, sampled), said)
        yield from (span for _, span in calls)
        heard.append(wrote)

    def _call(self, turn: Turn, place: int, call: Call) -> tuple[Json, Json]:
        """A call as a part of what the model wrote, and as a span."""
        own = self._id("tool", self.node.path, turn.index, place)
        name = f"call_{own}"
        given = arguments(call)
        said = {
            F.OPERATION: F.TOOL,
            F.TOOL_NAME: call.name,
            F.TOOL_CALL: name,
            F.ARGUMENTS: json.dumps(given, ensure_ascii=False, allow_nan=False),
        }
        times = (turn.sampled, turn.sampled)
        if call.child is not None:
            child = self.known.tree.node(call.child)
            times = (child.started, child.ended)
        elif call.error is None:
            said[F.RESULT] = json.dumps(sayable(call.result), ensure_ascii=False, allow_nan=False)
        if call.error is not None:
            said[F.ERROR] = "refused"
        span = self._span(own, self.own, f"{F.TOOL} {call.name}", "internal", times, said)
        if call.error is not None:
            span["status"] = {"code": 2, "message": call.error}
        return {"type": "tool_call", "id": name, "name": call.name, "arguments": given}, span


def _part(text: str) -> Json:
    return {"type": "text", "content": text}


def _attributes(said: Mapping[str, Any]) -> list[Json]:
    """OTLP's list of typed values; None is left out."""
    return [{"key": name, "value": _typed(value)} for name, value in said.items() if value is not None]


def _typed(value: Any) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_typed(each) for each in value]}}
    return {"stringValue": str(value)}
