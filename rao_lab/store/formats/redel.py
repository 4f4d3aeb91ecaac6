"""ReDel: events.jsonl of a session, and the state.json that is written at its end.

A kani is a node. Its messages are its turns; a helper's first message of a user is the instruction that it was given,
by which it is joined to the call of its parent. state.json has no times, no counts of tokens and no order of launches.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rao_lab.store.formats.fields import Redel as F
from rao_lab.store.formats.found import UNSAID, FoundNode, FoundTurn, Root
from rao_lab.store.formats.messages import Conversation, add
from rao_lab.store.formats.reading import (
    Asked,
    At,
    Notes,
    a_list,
    an_object,
    count,
    key,
    moment,
    objects,
    text,
)
from rao_lab.tree import Status

_KNOWN = (F.SPAWN, F.CHANGE, F.MESSAGE, F.ROOT, F.TOKENS, F.ROUND)


def looks(first: Mapping[str, Any]) -> bool:
    if first.get(F.TYPE) in (*_KNOWN, "stream_delta"):
        return True
    state = first.get(F.STATE)
    return isinstance(state, list) and "n_events" in first


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a file."""
    del asked  # nothing is scored
    kanis: dict[str, _Kani] = {}
    for at, record in objects(path):
        if isinstance(record.get(F.STATE), list):
            for each in record[F.STATE]:
                _spawn(an_object(each, at), None, at, kanis, notes)
        else:
            _event(record, at, kanis, notes)
    return [kani.done() for kani in _joined(kanis)]


class _Kani:
    """One kani as far as its events have come."""

    def __init__(self, data: Mapping[str, Any], name: str, when: float | None, at: At) -> None:
        self.node = FoundNode(name, at, started=when)
        if data.get(F.PARENT) is not None:
            self.node.parent = key(data[F.PARENT], at, F.PARENT)
        engine = text(data.get("engine_repr"), at, "engine_repr")
        model = engine.partition("model='")[2].partition("'")[0] or text(
            data.get("engine_type"), at, "engine_type"
        )
        self.node.root = Root(policy=model[:200], environment="ReDel")
        self.said = Conversation()
        self.state = text(data.get(F.STATE), at, F.STATE)
        self.begun = self.since = when
        self.waited = 0.0
        self.last = when
        self.counted: list[tuple[int, int]] = []

    def message(self, message: Mapping[str, Any], when: float | None, at: At, notes: Notes) -> None:
        turn = add(self.said, message, at, notes)
        if turn is not None:
            turn.started, turn.sampled, turn.ended = self.begun, when, when
            turn.waited = 0.0 if when is not None else None
            if self.counted:
                self._counted(turn)
        elif message.get("role") in ("function", "tool") and self.said.turns and when is not None:
            self.said.turns[-1].ended = when
        self.begun = self.last = when

    def tokens(self, read: int, wrote: int) -> None:
        """Counts come before or after the message that they are of: the next turn without some takes them."""
        self.counted.append((read, wrote))
        if self.said.turns and not self.said.turns[-1].wrote:
            self._counted(self.said.turns[-1])

    def _counted(self, turn: FoundTurn) -> None:
        turn.read, turn.wrote = self.counted.pop(0)
        turn.continues = False  # a server counts the whole context

    def change(self, state: str, when: float | None) -> None:
        if self.state == F.WAITING and when is not None and self.since is not None and self.said.turns:
            turn = self.said.turns[-1]
            turn.waited = (turn.waited or 0.0) + when - self.since
        self.state, self.since, self.last = state, when, when

    def done(self) -> FoundNode:
        node = self.node
        node.turns = self.said.turns
        node.goal = node.goal or self.said.goal
        node.value = self.said.answer
        if self.state == F.ERRORED:
            node.status, node.reason = Status.ERROR, "ReDel says that it errored"
        elif node.value is None:
            node.status, node.reason = Status.ERROR, "its file ends before it gave an answer"
        elif self.state not in ("stopped", ""):
            node.reason = UNSAID
        node.ended = self.last if node.status is Status.FINISHED else None
        return node


def _event(record: Mapping[str, Any], at: At, kanis: dict[str, _Kani], notes: Notes) -> None:
    kind = record.get(F.TYPE)
    when = moment(record.get(F.TIME), at, F.TIME)
    if kind == F.SPAWN:
        _spawn(record, when, at, kanis, notes)
        return
    if kind in (F.ROOT, F.ROUND):
        return  # said by other events, too
    if kind not in _KNOWN:
        notes.add(f"events of another type: {str(kind)[:40]}")
        return
    name = key(record.get(F.ID), at, F.ID)
    if name not in kanis:
        raise at.wrong("an event must be of a kani that was spawned", name)
    kani = kanis[name]
    if kind == F.MESSAGE:
        kani.message(an_object(record.get(F.MSG), at), when, at, notes)
    elif kind == F.TOKENS:
        kani.tokens(count(record.get(F.READ), at, F.READ), count(record.get(F.WROTE), at, F.WROTE))
    else:
        kani.change(text(record.get(F.STATE), at, F.STATE), when)


def _spawn(
    data: Mapping[str, Any], when: float | None, at: At, kanis: dict[str, _Kani], notes: Notes
) -> None:
    """A kani is spawned; if it was before, its state is replaced, as ReDel does."""
    name = key(data.get(F.ID), at, F.ID)
    made = _Kani(data, name, when, at)
    for where in (F.ALWAYS, F.HISTORY):
        for number, message in enumerate(a_list(data.get(where), at, where), 1):
            made.message(an_object(message, at), None, at.within(f"{where} {number}"), notes)
    if name in kanis:
        notes.add("kanis that were spawned again, which replaces what they said before")
        made.node.started = kanis[name].node.started
    made.begun = when
    kanis[name] = made


def _joined(kanis: Mapping[str, _Kani]) -> list[_Kani]:
    """All kanis, each joined to the call of its parent that gave it its instruction."""
    asked: dict[str, dict[str, list[str]] | None] = {}
    for kani in kanis.values():
        above = kanis.get(kani.node.parent or "")
        if above is None:
            continue
        waiting = asked.setdefault(above.node.key, None) or _asked(above)
        asked[above.node.key] = waiting
        calls = waiting.get(kani.said.goal.strip())
        if calls:
            kani.node.parent_turn = above.said.launches(calls.pop(0), kani.node.key)
            if kani.node.started is None:  # ReDel runs the calls of one message together
                kani.node.batch = 0
    return list(kanis.values())


def _asked(kani: _Kani) -> dict[str, list[str]]:
    """The calls of a kani that no helper serves yet, by each text among their arguments."""
    found: dict[str, list[str]] = {}
    for call_id, (turn, place) in kani.said.calls.items():
        for said in kani.said.turns[turn].calls[place].kwargs.values():
            if isinstance(said, str) and said.strip():
                found.setdefault(said.strip(), []).append(call_id)
    return found
