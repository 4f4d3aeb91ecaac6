"""rlm: the JSON lines of `RLMLogger`, and one trajectory as `get_trajectory()` gives it.

The first iteration begins a tree. A call of a code block is a child; one that ran as an RLM of its own brings its
iterations, to any depth, and a plain call of a model has one turn. The log says when a turn ended and how long it took;
of a plain call it says how long, and not when, so its times stay unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rao_lab.store.formats.fields import Rlm as F
from rao_lab.store.formats.found import FoundNode, FoundTurn, Root
from rao_lab.store.formats.messages import conversation
from rao_lab.store.formats.reading import (
    Asked,
    At,
    Notes,
    a_list,
    an_object,
    count,
    moment,
    named,
    number,
    objects,
    text,
)
from rao_lab.tree import MAX_DEPTH, Call, Message, Status

_ASKED = re.compile(r"Answer the following: (.{1,4000}?)\n\nYour context", re.DOTALL)
_FORCED = "it ran out of iterations and was asked for an answer"


def looks(first: Mapping[str, Any]) -> bool:
    if first.get(F.TYPE) == F.METADATA:
        return F.MODEL in first
    if first.get(F.TYPE) == F.ITERATION:
        return F.RESPONSE in first
    return first.get(F.TYPE) == F.CONTEXT or (F.RUN in first and F.ITERATIONS in first)


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a file: a tree for each completion."""
    del asked  # nothing is scored
    nodes: list[FoundNode] = []
    about: Mapping[str, Any] = {}
    asked_for = ""
    lot: list[tuple[At, dict[str, Any]]] = []
    for at, record in objects(path, nan=True):
        kind = record.get(F.TYPE)
        if kind == F.METADATA:
            about = record
        elif kind == F.CONTEXT:
            asked_for = text(record.get(F.ROOT_PROMPT), at, F.ROOT_PROMPT)
        elif kind == F.ITERATION:
            if record.get(F.ITERATION) == 1 and lot:
                _completion(lot, about, asked_for, nodes, notes)
                lot = []
            lot.append((at, record))
        elif F.ITERATIONS in record:
            inner = a_list(record[F.ITERATIONS], at, F.ITERATIONS)
            steps = [(at.within(f"iteration {i}"), an_object(each, at)) for i, each in enumerate(inner, 1)]
            _completion(steps, named(record.get(F.RUN)), "", nodes, notes)
        else:
            notes.add(f"lines of another type: {str(kind)[:40]}")
    if lot:
        _completion(lot, about, asked_for, nodes, notes)
    return nodes


def _completion(
    lot: list[tuple[At, dict[str, Any]]],
    about: Mapping[str, Any],
    goal: str,
    nodes: list[FoundNode],
    notes: Notes,
) -> None:
    if not lot:
        return
    root = FoundNode(f"completion {len(nodes)}", lot[0][0])
    nodes.append(root)
    _run(root, lot, about, nodes, notes, 0)
    root.goal = goal or root.goal
    model = about.get(F.MODEL)
    root.root = Root(policy=model[:200] if isinstance(model, str) else "", environment="rlm")


def _run(
    node: FoundNode,
    lot: list[tuple[At, dict[str, Any]]],
    about: Mapping[str, Any],
    nodes: list[FoundNode],
    notes: Notes,
    depth: int,
) -> None:
    """Gives a node its iterations as turns, and makes nodes of what they called."""
    if depth > MAX_DEPTH:
        raise lot[0][0].wrong(f"calls must not be nested deeper than {MAX_DEPTH}", depth)
    most = count(about.get(F.MOST_TURNS), lot[0][0], F.MOST_TURNS)
    node.args = {F.MOST_TURNS: most} if most else {}
    held: list[Message] = []
    for index, (at, record) in enumerate(lot, 1):
        turn = _turn(record, at, held, notes)
        node.turns.append(turn)
        for block in a_list(record.get(F.BLOCKS), at, F.BLOCKS):
            result = an_object(an_object(block, at).get(F.RESULT) or {}, at)
            for call in a_list(result.get(F.CALLS), at, F.CALLS):
                turn.calls.append(_child(an_object(call, at), at, node, index, nodes, notes, depth))
                turn.waited = None
        answer = record.get(F.ANSWER)
        if answer is not None:
            node.value = text(answer, at, F.ANSWER)
    node.goal = node.goal or _goal(held)
    node.started, node.ended = node.turns[0].started, node.turns[-1].ended
    last = lot[-1][1]
    if last.get(F.ANSWER) is None:
        node.status, node.reason = Status.ERROR, "its log ends before it gave an answer"
    elif last.get(F.TURN_SECONDS) is None and not last.get(F.BLOCKS):
        node.reason = _FORCED


def _turn(record: Mapping[str, Any], at: At, held: list[Message], notes: Notes) -> FoundTurn:
    """One iteration. `held` is what the model had read before, and takes what was new."""
    read = _prompt(record.get(F.PROMPT), at, notes)
    goes_on = read[: len(held)] == held
    turn = FoundTurn(messages=read[len(held) :] if goes_on else read, continues=goes_on and bool(held))
    turn.text = text(record.get(F.RESPONSE), at, F.RESPONSE)
    held[:] = [*read, Message("assistant", turn.text)]
    blocks = [an_object(each, at) for each in a_list(record.get(F.BLOCKS), at, F.BLOCKS)]
    results = [named(block.get(F.RESULT)) for block in blocks]
    turn.code = "\n\n".join(text(block.get(F.CODE), at, F.CODE) for block in blocks)
    turn.thought = turn.text.split("```", 1)[0].strip() if turn.code else ""
    turn.output = "".join(text(result.get(F.STDOUT), at, F.STDOUT) for result in results)
    turn.error = "".join(text(result.get(F.STDERR), at, F.STDERR) for result in results) or None
    turn.ended = moment(record.get(F.TIME), at, F.TIME)
    seconds = number(record.get(F.TURN_SECONDS), at, F.TURN_SECONDS)
    if turn.ended is not None and seconds is not None:
        turn.started = turn.ended - seconds
        ran = [number(result.get(F.SECONDS), at, F.SECONDS) for result in results]
        turn.sampled = turn.ended - sum(each or 0.0 for each in ran) if None not in ran else None
        turn.waited = 0.0
    return turn


def _prompt(prompt: Any, at: At, notes: Notes) -> list[Message]:
    if isinstance(prompt, list):
        return conversation(prompt, at, notes, sampled=False).fresh
    if isinstance(prompt, dict):
        return conversation([prompt], at, notes, sampled=False).fresh
    return [Message("user", text(prompt, at, F.PROMPT))] if prompt is not None else []


def _goal(read: list[Message]) -> str:
    """The question, as rlm writes it into its prompts; otherwise the first message of a user."""
    first = next((message.content for message in read if message.role == "user"), "")
    found = _ASKED.match(first)
    return found[1] if found else first


def _child(
    call: Mapping[str, Any],
    at: At,
    parent: FoundNode,
    turn: int,
    nodes: list[FoundNode],
    notes: Notes,
    depth: int,
) -> Call:
    """A call of a block as a node; returns it as the call of its parent's turn."""
    asked = _prompt(call.get(F.PROMPT), at, notes)
    answer = text(call.get(F.RESPONSE), at, F.RESPONSE)
    child = FoundNode(f"{parent.key}/{len(nodes)}", at, parent=parent.key, parent_turn=turn)
    child.goal = next((message.content for message in reversed(asked) if message.role == "user"), "")
    child.value = answer
    nodes.append(child)
    inner = named(call.get("metadata"))
    steps = a_list(inner.get(F.ITERATIONS), at, F.ITERATIONS)
    if steps:
        lot = [(at, an_object(each, at)) for each in steps]
        goal = child.goal
        _run(child, lot, named(inner.get(F.RUN)), nodes, notes, depth + 1)
        child.goal, child.value = goal, answer
    else:
        _plain(child, call, asked, answer, at, notes)
    failed = text(call.get(F.ERROR), at, F.ERROR)
    if failed or (answer.startswith("Error: ") and not named(call.get(F.USAGE)).get(F.MODELS)):
        child.status, child.reason = Status.ERROR, failed or answer
    error = child.reason if child.status is Status.ERROR else None
    return Call("rlm_query" if steps else "llm_query", (child.goal,), {}, answer or None, error, child.key)


def _plain(
    child: FoundNode, call: Mapping[str, Any], asked: list[Message], answer: str, at: At, notes: Notes
) -> None:
    """A plain call of a model: one turn, which is counted, and whose seconds say no place in time."""
    usage = [named(each) for each in named(named(call.get(F.USAGE)).get(F.MODELS)).values()]
    turn = FoundTurn(messages=asked, text=answer)
    if len(usage) == 1 and usage[0].get("total_calls") == 1:
        turn.read = count(usage[0].get(F.READ), at, F.READ)
        turn.wrote = count(usage[0].get(F.WROTE), at, F.WROTE)
    if call.get(F.SECONDS) is not None:
        notes.add("calls of a model whose seconds are known, and not when they ran: left out")
    child.turns.append(turn)
