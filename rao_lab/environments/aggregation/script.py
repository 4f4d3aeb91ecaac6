"""The script of aggregation: the next step of a node in words and code, from what its own calls returned.

It keeps no state. Each turn the node's history is read anew. What a line is about it knows as a person would, by
reading: `Skill` has that knowledge.

Styles:
    parts: a node that has more lines than it reads itself hands them to helpers, at most `FAN`, all together.
    halves: the same with two helpers.
    flat: no helpers, and many calls a turn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from rao_lab.protocols import TurnRequest
from rao_lab.tree import Call

STYLES = ("parts", "halves", "flat")
FAN = {"parts": 8, "halves": 2}
"""Style -> most helpers of one node."""
READS = 32
"""Calls of `read` in one turn of the flat style."""
ROUNDS = 2
"""Rounds of helpers before a node reads the rest itself."""
OUT_OF_BUDGET = "yourself"
"""A word that only refusals by a limit hold: there will be no more helpers."""

Span = tuple[int, int]


class Skill(Protocol):
    """What a reader of a preset can do. A `part` is a question whose answers over parts of the lines add up."""

    def hint(self, asked: str) -> str:
        """What an answer to a question looks like; "" = it needs no word."""
        ...

    def part_of(self, asked: str) -> str | None:
        """What to ask about parts of the lines, for this question; None if it is not understood."""
        ...

    def tally(self, part: str, lines: Sequence[str]) -> Any:
        """The answer to a `part` over these lines."""
        ...

    def fits(self, part: str, value: Any, size: int) -> bool:
        """Whether a value can be the answer to a `part` over so many lines."""
        ...

    def together(self, asked: str, parts: str) -> str:
        """Code that finishes with the answer to a question, from the list of the parts' answers in this variable."""
        ...


@dataclass
class Situation:
    """What a node knows, read from its history."""

    asked: str
    size: int
    style: str
    leaf: int
    """Lines that a node reads itself."""
    at_once: int
    """Lines that one call reads."""
    lines: dict[int, str] = field(default_factory=dict)
    values: dict[Span, Any] = field(default_factory=dict)
    """Span of a helper -> what it returned."""
    rounds: int = 0
    refused: bool = False

    @property
    def reads(self) -> bool:
        """It reads all of its lines itself."""
        return self.style == "flat" or self.size <= self.leaf or (self.refused and not self.values)

    @property
    def asks(self) -> bool:
        """It may still ask helpers."""
        return not self.refused and self.rounds < ROUNDS

    def spans(self) -> list[Span]:
        """The parts: one if it reads all itself, otherwise one for each helper, of whole leaves, as even as can be."""
        leaves = -(-self.size // self.leaf)
        many = 1 if self.reads else min(FAN[self.style], leaves)
        ends = [min(self.size, leaves * place // many * self.leaf) for place in range(many + 1)]
        return list(pairwise(ends))


def read(request: TurnRequest, style: str, leaf: int, at_once: int) -> Situation:
    """Reads a node's history in the order things happened."""
    style = "flat" if request.agent == "flat" else style
    now = Situation(request.args["question"], request.args["lines"], style, leaf, at_once)
    for turn in request.history:
        for call in turn.calls:
            if call.name == "read" and call.error is None:
                now.lines.update(enumerate(call.result, _span_of(call)[0]))
            elif call.name == "launch_subagent":
                now.refused |= call.child is None and OUT_OF_BUDGET in (call.error or "")
                if call.error is None:
                    now.values[_span_of(call)] = call.result
        now.rounds += any(call.name == "launch_subagent" for call in turn.calls)
    return now


def _span_of(call: Call) -> Span:
    """The lines that a call is about, as it named them."""
    given = dict(zip(("start", "end"), call.args, strict=False)) | dict(call.kwargs)
    return given["start"], given["end"]


def next_turn(now: Situation, skill: Skill) -> tuple[str, str]:
    """The thought and the code of a node's next turn."""
    part = skill.part_of(now.asked)
    if part is None:
        return "I do not know how to tell this.", 'finish("I do not know")'
    spans = now.spans()
    told = {(a, b): now.values[a, b] for a, b in spans if skill.fits(part, now.values.get((a, b)), b - a)}
    missing = [span for span in spans if span not in told]
    if missing and now.asks and not now.reads:
        return delegate(now, part, missing)
    unread = [number for span in missing for number in range(*span) if number not in now.lines]
    if unread:
        return read_on(now, unread)
    found = {span: skill.tally(part, [now.lines[number] for number in range(*span)]) for span in missing}
    if now.reads and part == now.asked:
        (answer,) = found.values()
        return f"I have read {_lines(now.size)} and know the answer.", f"finish({literal(answer)})"
    if now.rounds == 1 and not found:
        return "Every helper has answered, so I put it together.", skill.together(now.asked, "parts")
    parts = f"parts = {literal([told[span] if span in told else found[span] for span in spans])}"
    return "I have it all now.", f"{parts}\n{skill.together(now.asked, 'parts')}"


def delegate(now: Situation, part: str, spans: Sequence[Span]) -> tuple[str, str]:
    question = "" if part == now.asked else ", question"
    launches = [f"launch_subagent({start}, {end}{question})" for start, end in spans]
    code = f"question = {literal(part)}\n" if question else ""
    again = " again" if now.rounds else ""
    if len(launches) == 1:
        thought = f"I ask a helper{again} about lines {spans[0][0]} to {spans[0][1] - 1}."
        return thought, f"{code}parts = [await {launches[0]}]\nprint(parts)"
    listed = "".join(f"    {launch},\n" for launch in launches)
    thought = f"{_lines(now.size)} are too many for me: {len(launches)} helpers read them at the same time."
    code = f"import asyncio\n\n{code}parts = await asyncio.gather(\n{listed})\nprint(parts)"
    return f"I ask {len(launches)} helpers again." if again else thought, code


def read_on(now: Situation, unread: Sequence[int]) -> tuple[str, str]:
    """Reads the first of these lines: one call, or many if the style makes many calls a turn."""
    start, end, step = unread[0], unread[0] + 1, now.at_once
    most = step * (READS if now.style == "flat" else 1)
    while end - start < min(most, len(unread)) and unread[end - start] == end:
        end += 1
    if end - start <= step:
        return f"I read lines {start} to {end - 1}.", f"print(read({start}, {end}))"
    code = f"for n in range({start}, {end}, {step}):\n    print(read(n, min(n + {step}, {end})))"
    return f"I read lines {start} to {end - 1}, {step} at a time.", code


def _lines(count: int) -> str:
    return f"{count} {'line' if count == 1 else 'lines'}"


def literal(value: Any) -> str:
    """Python with double quotes."""
    return json.dumps(value, ensure_ascii=False)
