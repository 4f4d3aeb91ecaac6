"""OpenTelemetry spans of the GenAI conventions, and the `rao.*` attributes of RAO Lab's own.

A span `invoke_agent` or `invoke_workflow` is a node, under the nearest such span above it; a chat span is a turn of it,
a tool span a call of the turn before. A trace that has chats and no agent is one node. A span whose parent is not in
the file begins a tree, which is said. The conventions are in development: names are read as they were in August 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rao_lab.errors import InputError
from rao_lab.store.formats.fields import Otel as F
from rao_lab.store.formats.fields import Rao
from rao_lab.store.formats.found import UNSAID, FoundNode, FoundTurn, Root
from rao_lab.store.formats.messages import Conversation, add
from rao_lab.store.formats.otel_messages import SAID, call_of, chat_messages
from rao_lab.store.formats.reading import MOST_LEVELS, Asked, Notes, count, key, number, parse, text
from rao_lab.store.formats.spans import Span, is_spans, spans_of
from rao_lab.tree import Message, Status
from rao_lab.tree.values import decode

_AGENTS = (F.INVOKE, F.WORKFLOW)
looks = is_spans


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a file."""
    return _Spans(spans_of(path, notes), notes, asked).nodes()


class _Spans:
    """The spans of a file, and the agents that are made of them."""

    def __init__(self, spans: list[Span], notes: Notes, asked: Asked) -> None:
        self.notes, self.asked = notes, asked
        self.by_id: dict[tuple[str, str], Span] = {}
        for span in spans:
            if self.by_id.setdefault((span.trace, span.id), span) is not span:
                raise span.at.wrong("the ids of the spans of a trace must differ", span.id)
        self.spans = spans
        self.below: dict[tuple[str, str], list[Span]] = {}
        """Of each span: those right under it."""
        for span in spans:
            if span.parent is not None:
                self.below.setdefault((span.trace, span.parent), []).append(span)
        self.agents: dict[tuple[str, str], FoundNode] = {}
        self.said: dict[str, Conversation] = {}
        self.heard: dict[str, list[Message]] = {}
        """Of each agent: what its model has read and written so far."""
        self.order: dict[str, tuple[int, ...]] = {}
        """Step, group and rollout of each agent, if the file says them: trees stand in their order."""

    def nodes(self) -> list[FoundNode]:
        for span in self.spans:
            if _operation(span) in _AGENTS or Rao.NODE in span.attributes:
                self._agent(span)
        for place, node in self.agents.items():  # whichever of them stands first in the file
            above = self.above(self.by_id[place])
            node.parent = None if above is None else above.key
        for span in self.spans:
            if _operation(span) in F.CHATS:
                self._turn(span)
        for span in self.spans:
            operation = _operation(span)
            if operation == F.TOOL:
                self._tool(span)
            elif operation not in (*F.CHATS, *_AGENTS) and Rao.NODE not in span.attributes:
                self.notes.add(f"spans of another operation: {operation[:40] or 'none'}")
        found = sorted(self.agents.values(), key=lambda node: self.order.get(node.key, ()))
        if not found:
            raise InputError(
                f"{self.spans[0].at.file if self.spans else 'the file'} holds no span of an agent or of a chat "
                "(gen_ai.operation.name)"
            )
        for node in found:
            self._launched(node)
            said = self.said[node.key]
            node.goal = node.goal or said.goal
            if node.value is None and node.status is Status.FINISHED:
                node.value = said.answer
        return found

    def above(self, span: Span) -> FoundNode | None:
        """The nearest agent above a span."""
        levels = 0
        place = (span.trace, span.parent) if span.parent else None
        while place is not None and place not in self.agents:
            levels += 1
            if levels > MOST_LEVELS:
                raise span.at.wrong(
                    f"spans must not be within {MOST_LEVELS} others, or in themselves", span.id
                )
            higher = self.by_id.get(place)
            if higher is None:
                self.notes.add("spans whose parent is not in the file: they begin a tree")
                return None
            place = (higher.trace, higher.parent) if higher.parent else None
        return None if place is None else self.agents[place]

    def _agent(self, span: Span) -> None:
        node = FoundNode(f"{span.trace[:32]}/{span.id}", span.at, started=span.started, ended=span.ended)
        self.agents[span.trace, span.id] = node
        self.said[node.key] = Conversation(turns=node.turns)
        self.heard[node.key] = []
        _described(node, span)
        if Rao.ROLLOUT in span.attributes:
            places = (Rao.STEP, Rao.GROUP, Rao.ROLLOUT)
            self.order[node.key] = tuple(count(span.attributes.get(name), span.at, name) for name in places)
        node.reward, node.source = self._scored(span)
        _ended(node, span)

    def _turn(self, span: Span) -> None:
        node = self.above(span)
        if node is None:
            place = (span.trace, "trace")
            if place not in self.agents:
                node = FoundNode(f"{span.trace[:32]}/trace", span.at, started=span.started, reason=UNSAID)
                node.root = Root(policy=_model(span), environment="otel")
                self.agents[place], self.said[node.key], self.heard[node.key] = node, Conversation(), []
                self.said[node.key].turns = node.turns
            node = self.agents[place]
            node.ended = span.ended
        said, heard = self.said[node.key], self.heard[node.key]
        read, wrote = chat_messages(span, self.notes)
        before = (
            heard
            if not read or read[0].role == "system"
            else [each for each in heard if each.role != "system"]
        )
        goes_on = bool(before) and read[: len(before)] == before
        said.fresh = read[len(before) :] if goes_on else read
        turn = add(said, wrote, span.at, self.notes)
        assert turn is not None
        turn.read = count(span.attributes.get(F.READ), span.at, F.READ)
        turn.wrote = count(span.attributes.get(F.WROTE), span.at, F.WROTE)
        turn.continues = goes_on and not turn.read
        stopped = span.attributes.get(F.STOPPED)
        turn.stop = str(stopped[0])[:80] if isinstance(stopped, list) and stopped else ""
        turn.started, turn.sampled, turn.ended = span.started, span.ended, span.ended
        turn.waited = 0.0
        turn.version = count(span.attributes.get(Rao.VERSION), span.at, Rao.VERSION)
        _ran(turn, span)
        self.heard[node.key] = [*read, Message("assistant", text(wrote.get(SAID), span.at, SAID))]
        node.root.policy = node.root.policy or _model(span)

    def _tool(self, span: Span) -> None:
        node = self.above(span)
        said = None if node is None else self.said[node.key]
        if node is None or said is None or not node.turns:
            self.notes.add("calls of tools outside a turn: left out")
            return
        name, call = call_of(span, self.notes)
        number_, place = said.calls.get(name, (-1, -1))
        if number_ < 0:  # no turn says that it asked for it: the last before it did
            before = [
                i for i, turn in enumerate(node.turns) if (turn.started or 0.0) <= (span.started or 0.0)
            ]
            number_ = before[-1] if before else 0
            node.turns[number_].calls.append(call)
            place = len(node.turns[number_].calls) - 1
            said.calls[name or span.id] = number_, place
        else:
            node.turns[number_].calls[place] = call
        turn = node.turns[number_]
        if span.ended is not None:
            turn.ended = max(span.ended, turn.ended or span.ended)
        inner = self.below.get((span.trace, span.id), ())
        child = next((self.agents[s.trace, s.id] for s in inner if (s.trace, s.id) in self.agents), None)
        if child is not None:
            child.parent_turn = said.launches(name or span.id, child.key)
            if span.started is not None and span.ended is not None:
                turn.waited = max(turn.waited or 0.0, span.ended - span.started)

    def _launched(self, node: FoundNode) -> None:
        """The turn of the parent that was the last to begin before the node did, if nobody says more."""
        if node.parent is None or node.parent_turn is not None or node.started is None:
            return
        turns = self.said[node.parent].turns
        before = [
            i for i, turn in enumerate(turns, 1) if turn.started is not None and turn.started <= node.started
        ]
        if before:
            node.parent_turn = before[-1]
            turns[before[-1] - 1].waited = None

    def _scored(self, span: Span) -> tuple[float | None, str]:
        """s or the reward of RAO Lab's own span, otherwise the score of an evaluation."""
        own = span.attributes.get(Rao.REWARD, span.attributes.get(Rao.S))
        if own is not None:
            return number(own, span.at, Rao.S), text(span.attributes.get(Rao.SOURCE), span.at, Rao.SOURCE)
        scores = {}
        for name, data in span.events:
            if name == F.EVALUATION:
                called = text(data.get(F.EVALUATION_NAME), span.at, F.EVALUATION_NAME)
                scores[called] = number(data.get(F.EVALUATION_SCORE), span.at, F.EVALUATION_SCORE)
        chosen = self.asked.reward or next(iter(scores), "")
        if len(scores) > 1 and self.asked.reward is None:
            self.notes.add(f"agents with several evaluations: {chosen[:40]} is taken")
        return scores.get(chosen), chosen


def _operation(span: Span) -> str:
    found = span.attributes.get(F.OPERATION)
    return found if isinstance(found, str) else ""


def _model(span: Span) -> str:
    found = span.attributes.get(F.MODEL)
    return found[:200] if isinstance(found, str) else ""


def _described(node: FoundNode, span: Span) -> None:
    """What a span says of its agent: its goal, and of a root its task and step."""
    said: Mapping[str, Any] = span.attributes
    node.goal = text(said.get(Rao.GOAL), span.at, Rao.GOAL)
    name = said.get(F.AGENT)
    node.template = name[:200] if isinstance(name, str) else ""
    if said.get(Rao.TURN) is not None:
        node.parent_turn = count(said[Rao.TURN], span.at, Rao.TURN) or None
    task = said.get(Rao.TASK)
    node.root = Root(
        task=None if task is None else key(task, span.at, Rao.TASK),
        step=count(said.get(Rao.STEP), span.at, Rao.STEP),
        policy=text(said.get(Rao.POLICY), span.at, Rao.POLICY)[:200] or _model(span),
        policy_version=-1
        if said.get(Rao.VERSION) is None
        else count(said[Rao.VERSION], span.at, Rao.VERSION),
        environment=text(said.get(Rao.ENVIRONMENT), span.at, Rao.ENVIRONMENT)[:200] or "otel",
        probe=said.get(Rao.PROBE) is True,
    )
    if not node.goal:
        read, _ = chat_messages(span, Notes())
        node.goal = next((message.content for message in read if message.role == "user"), "")
    if isinstance(said.get(Rao.VALUE), str):
        node.value = decode(parse(said[Rao.VALUE], span.at))


def _ended(node: FoundNode, span: Span) -> None:
    status = span.attributes.get(Rao.STATUS)
    node.reason = text(span.attributes.get(Rao.REASON), span.at, Rao.REASON)
    if isinstance(status, str):
        known = {each.value: each for each in Status if each.ended}
        if status not in known:
            raise span.at.wrong(f"{Rao.STATUS} must be one of {', '.join(known)}", status)
        node.status = known[status]
    elif span.failed or F.ERROR in span.attributes:
        node.status = Status.ERROR
        node.reason = span.message or str(span.attributes.get(F.ERROR, "the span failed"))[:400]
    elif span.ended is None:
        node.status, node.reason = Status.ERROR, "its span has no end"


def _ran(turn: FoundTurn, span: Span) -> None:
    """What RAO Lab's own turns say of the code that ran."""
    turn.code = text(span.attributes.get(Rao.CODE), span.at, Rao.CODE)
    turn.output = text(span.attributes.get(Rao.PRINTED), span.at, Rao.PRINTED)
    failed = span.attributes.get(Rao.TURN_ERROR)
    turn.error = None if failed is None else text(failed, span.at, Rao.TURN_ERROR)
