"""The events of an Inspect sample as agents with turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rao_lab.store.formats.fields import Inspect as F
from rao_lab.store.formats.found import FoundNode, FoundTurn
from rao_lab.store.formats.messages import Conversation, add
from rao_lab.store.formats.reading import (
    MOST_LEVELS,
    MOST_REPEATED,
    At,
    Notes,
    a_list,
    an_object,
    count,
    moment,
    named,
    text,
)
from rao_lab.tree import Message

MOST_EVENTS = 1_000_000
_ANSWERS = ("submit", "finish", "final_answer")
"""Tools whose argument is what an agent returns."""
_UNUSED = ("sample_init", "state", "store", "score", "sandbox", "info", "logger", "input", "subtask", "error")


class _Sample:
    """One sample: its spans, its pool of messages, its agents so far."""

    def __init__(self, sample: Mapping[str, Any], name: str, at: At, notes: Notes) -> None:
        self.name, self.at, self.notes = name, at, notes
        self.pool = a_list(named(sample.get(F.DATA)).get(F.POOL), at, F.POOL)
        self.kept = named(sample.get(F.ATTACHMENTS))
        self.above: dict[str, str | None] = {}
        self.agents: dict[str, FoundNode] = {}
        self.said: dict[str, Conversation] = {}
        self.read: dict[str, list[Message]] = {}
        """Of each agent: what its model has read so far."""
        self.repeated = 0

    def resolve(self, words: str) -> str:
        found = self.kept.get(words.removeprefix(F.ATTACHED)) if words.startswith(F.ATTACHED) else None
        return found if isinstance(found, str) else words

    def agent_of(self, span: Any) -> str | None:
        """The nearest agent at or above a span."""
        seen = 0
        while isinstance(span, str) and span not in self.agents:
            span, seen = self.above.get(span), seen + 1
            if seen > MOST_LEVELS:
                raise self.at.wrong(f"spans must not be within {MOST_LEVELS} others, or in themselves", span)
        return span if isinstance(span, str) else None

    def begin(self, event: Mapping[str, Any], at: At) -> None:
        span = text(event.get("id"), at, "the id of a span")
        if span in self.above:
            raise at.wrong("the ids of spans must differ", span)
        above = event.get(F.PARENT)
        self.above[span] = above if isinstance(above, str) else None
        kind, name = text(event.get("type"), at, "type"), text(event.get("name"), at, "name")
        if kind == "agent":
            self.agent(span, name, self.agent_of(self.above[span]), moment(event.get(F.TIME), at, F.TIME), at)

    def agent(self, span: str, name: str, parent: str | None, when: float | None, at: At) -> FoundNode:
        node = FoundNode(f"{self.name}/{span}", at, started=when)
        node.template = name[:200]
        if parent is None and self.agents:  # agents that follow one another: the first is the root
            parent = next(iter(self.agents))
            self.notes.add("agents beside the first of a sample: shown under it")
        if parent is not None:
            node.parent = self.agents[parent].key
            node.parent_turn = len(self.said[parent].turns) or None
        self.agents[span], self.said[span], self.read[span] = node, Conversation(turns=node.turns), []
        return node

    def turn(self, event: Mapping[str, Any], at: At) -> None:
        span = self.agent_of(event.get(F.SPAN))
        if span is None:
            span = "sample"
            if span not in self.agents:
                self.agent(span, "", None, moment(event.get(F.TIME), at, F.TIME), at)
        output = named(event.get("output"))
        choice = named(next(iter(a_list(output.get("choices"), at, "choices")), None))
        message = choice.get("message")
        if not isinstance(message, dict):
            self.notes.add("calls of a model that failed: left out")
            return
        said, read = self.said[span], self._input(event, at)
        held = self.read[span]
        goes_on = bool(held) and read[: len(held)] == held
        said.fresh = read[len(held) :] if goes_on else read
        turn = add(said, message, at, self.notes, self.resolve)
        if turn is None:
            raise at.wrong("the output of a model must be a message of the assistant", message)
        self._about(turn, event, output, choice, goes_on, at)
        self.read[span] = [*read, Message("assistant", turn.text)]
        self.agents[span].ended = turn.sampled

    def _about(
        self,
        turn: FoundTurn,
        event: Mapping[str, Any],
        output: Mapping[str, Any],
        choice: Mapping[str, Any],
        goes_on: bool,
        at: At,
    ) -> None:
        usage = named(output.get("usage"))
        cached = count(usage.get("input_tokens_cache_read"), at, "input_tokens_cache_read")
        turn.read = count(usage.get("input_tokens"), at, "input_tokens") + cached
        turn.wrote = count(usage.get("output_tokens"), at, "output_tokens")
        turn.continues = goes_on and not turn.read
        turn.stop = text(choice.get("stop_reason"), at, "stop_reason")[:80]
        turn.started = moment(event.get(F.TIME), at, F.TIME)
        turn.sampled = turn.ended = moment(event.get(F.COMPLETED), at, F.COMPLETED)
        turn.waited = 0.0
        tokens = named(choice.get("logprobs")).get("content")
        if isinstance(tokens, list) and tokens:
            known: list[Any] = [named(token).get("logprob") for token in tokens]
            turn.logprob = float(sum(known)) if all(map(_is_small, known)) else None

    def _input(self, event: Mapping[str, Any], at: At) -> list[Message]:
        """What the model read: the messages themselves, or ranges of the pool."""
        given = a_list(event.get("input"), at, "input")
        for ends in a_list(event.get(F.REFS), at, F.REFS):
            if not (
                isinstance(ends, list)
                and len(ends) == 2
                and all(isinstance(end, int) and 0 <= end <= len(self.pool) for end in ends)
            ):
                raise at.wrong(f"{F.REFS} must be places among {len(self.pool)} messages", ends)
            given = [*given, *self.pool[ends[0] : ends[1]]]
            self.repeated += max(0, ends[1] - ends[0])
            if self.repeated > MOST_REPEATED:
                raise at.wrong(
                    f"all turns must read at most {MOST_REPEATED:,} messages together", self.repeated
                )
        said = Conversation()
        notes = Notes()
        for each in given:
            add(said, an_object(each, at), at, notes, self.resolve, sampled=False)
        return said.fresh

    def tool(self, event: Mapping[str, Any], at: At) -> None:
        span = self.agent_of(event.get(F.SPAN))
        if span is None or not self.said[span].turns:
            self.notes.add("calls of tools outside a turn: left out")
            return
        said = self.said[span]
        call_id = event.get("id")
        if not isinstance(call_id, str) or call_id not in said.calls:
            self.notes.add("calls of tools that no turn asked for: left out")
            return
        turn, place = said.calls[call_id]
        calls = said.turns[turn].calls
        error = named(event.get("error")).get("message")
        result = event.get("result")
        answer = self.resolve(result) if isinstance(result, str) else result
        failed = text(error, at, "error") if error else None
        calls[place] = replace(calls[place], result=None if failed else answer, error=failed)
        ended = moment(event.get(F.COMPLETED), at, F.COMPLETED)
        if ended is not None:
            said.turns[turn].ended = max(ended, said.turns[turn].ended or ended)
        if calls[place].name in _ANSWERS and calls[place].kwargs and not failed:
            self.agents[span].value = next(iter(calls[place].kwargs.values()))
        inner = event.get("agent_span_id")
        child = self.agents.get(inner) if isinstance(inner, str) else None
        if child is not None and child.parent == self.agents[span].key:
            child.parent_turn = said.launches(call_id, child.key)
            begun = moment(event.get(F.TIME), at, F.TIME)
            if ended is not None and begun is not None:
                said.turns[turn].waited = max(said.turns[turn].waited or 0.0, ended - begun)

    def end(self, event: Mapping[str, Any], at: At) -> None:
        node = self.agents.get(text(event.get("id"), at, "the id of a span"))
        if node is not None:
            node.ended = moment(event.get(F.TIME), at, F.TIME)


def _is_small(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e6


def agents_of(sample: Mapping[str, Any], name: str, at: At, notes: Notes) -> list[FoundNode]:
    """The agents of a sample, the root first; none if no model was called in it.

    A tool event stands before the agent that it ran, with that agent's span: it is read when all spans are known.
    """
    found = _Sample(sample, name, at, notes)
    events: Sequence[Any] = a_list(sample.get(F.EVENTS), at, F.EVENTS)
    if len(events) > MOST_EVENTS:
        raise at.wrong(f"a sample must have at most {MOST_EVENTS:,} events", len(events))
    later = []
    for number, each in enumerate(events, 1):
        inner = at.within(f"{at.inner}, event {number}")
        event = an_object(each, inner)
        kind = event.get(F.EVENT)
        if kind == F.BEGIN:
            found.begin(event, inner)
        elif kind == F.MODEL:
            found.turn(event, inner)
        elif kind == F.TOOL:
            later.append((inner, event))
        elif kind == F.END:
            found.end(event, inner)
        elif kind not in _UNUSED:
            notes.add(f"events of another type: {str(kind)[:40]}")
    for inner, event in later:
        found.tool(event, inner)
    agents = [*found.agents.values()]
    if not any(node.turns for node in agents):
        return []
    for span, node in found.agents.items():
        node.goal = node.goal or found.said[span].goal
        if node.value is None:
            node.value = found.said[span].answer
    return agents
