"""One demonstrated context: a game, and a player for each of its nodes.

A player reads its lines, slice by slice, and keeps in `n` what it has counted so far; or it hands parts of them on, at
random and cut at random, and finishes with their sum. What does not fit the window is read until the window is full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

from rao_lab.environments.aggregation.small import WORDS, count, kind_asked
from rao_lab.environments.aggregation.world import LinesWorld
from rao_lab.experiments.tiny.aggregation import tokens
from rao_lab.experiments.tiny.aggregation.behaviour import Habits
from rao_lab.experiments.tiny.language import write
from rao_lab.experiments.tiny.transcripts import Pen, Stuck, Transcript
from rao_lab.prompts import Terse
from rao_lab.protocols import Brief, Launch, Observation, Refusal
from rao_lab.tree import Call, child_path

Span = tuple[int, int]
READ = 0.002
"""Loss weight of a token that is read. Words come at random: with a weight of .1, as in TextCraft, what cannot be
foretold drowns what is to be learned, and no count was learned in 500 steps; with this one it takes 100."""
DRAWN = 0.2
"""Loss weight of what hands parts on: it is drawn, and teaches nothing of counting."""
LOST = ("ran out of turns", "its context window is full", "the budget of the tree is used up")
NO_ROOM = ("all agents of this task are used", "all turns of this task are used", "8 levels deep is the most")
MOST_TRIES = 6
"""Turns in which the parts are handed on before a demonstration is thrown away."""


@dataclass
class Game:
    """One context, played by one or more nodes."""

    world: LinesWorld
    agent: str
    habits: Habits
    rng: Random
    dialect: Terse
    encode: Callable[[str], Sequence[int]]
    window: int
    transcripts: list[Transcript] = field(default_factory=list)

    def node(self, path: str, launch: Launch) -> int | str:
        """Plays one node, and all nodes below it; what the node returns."""
        self.world.enter(path, launch)
        pen = Pen(self.dialect, self.encode, READ)
        self.transcripts.append(pen.transcript)
        return Player(self, path, launch, pen).work()


class Player:
    """Plays one node."""

    def __init__(self, game: Game, path: str, launch: Launch, pen: Pen) -> None:
        self._game = game
        self._world = game.world
        self._habits = game.habits
        self._rng = game.rng
        self._path = path
        self._launch_of = launch
        self._lines: int = launch.args["lines"]
        self._kind = kind_asked(launch.args["question"]) or ""
        self._pen = pen
        self._children = 0
        self._no_room = False

    def work(self) -> int | str:
        """Plays to the end; returns the number, or "" if the window is full."""
        opening = self._game.dialect.opening(Brief("", self._launch_of.args, self._game.agent))
        self._pen.read(opening[0].content)
        team = self._game.agent == "recursive"
        if team and self._chance(self._habits.own_question):
            self._hand_on([(0, self._lines)])
        habits = self._habits
        rate = habits.delegate if self._lines <= habits.readable else habits.delegate_long
        if team and self._lines > tokens.SLICE and self._chance(rate):
            parts = self._parts()
            for _ in range(MOST_TRIES):
                found = self._hand_on(parts)
                if found is not None:
                    return found
                if self._no_room:
                    return self._read_all()
                self._slip()
            raise Stuck
        return self._read_all()

    def _parts(self) -> list[Span]:
        """Parts of all lines, halves or cut anywhere; with care none is forgotten."""
        slices = self._lines // tokens.SLICE
        wanted = self._rng.choices(tuple(self._habits.parts), tuple(self._habits.parts.values()))[0]
        cuts = sorted(self._rng.sample(range(1, slices), min(wanted, slices) - 1))
        if len(cuts) == 1 and self._chance(self._habits.halves):
            cuts = [slices // 2]
        bounds = [tokens.SLICE * cut for cut in (0, *cuts, slices)]
        parts = list(pairwise(bounds))
        if self._chance(self._habits.careless):
            place = self._rng.randrange(len(parts))
            if self._chance(0.5):
                del parts[place]
            else:
                parts.insert(place, parts[place])
        return parts

    def _read_all(self) -> int | str:
        so_far, keep = 0, ""
        for start in range(0, self._lines, tokens.SLICE):
            found = count(self._read(start, start + tokens.SLICE, keep), self._kind)
            if len(self._pen.transcript.ids) > self._game.window:
                return ""
            if start + tokens.SLICE < self._lines:
                keep = write(tokens.MORE if start else tokens.SO_FAR, found)
            else:
                self._pen.write(
                    write(tokens.TOTAL, found) if start else tokens.FINISH + write(tokens.END, found)
                )
            so_far += found
        return so_far

    def _slip(self) -> None:
        """Now and then writes something that is refused or of no use. It is read but not imitated."""
        if not self._chance(self._habits.slip):
            return
        kind = self._rng.randrange(4)
        if kind == 0:  # how many lines there are, which the goal says
            self._pen.write(tokens.LENGTH, train=False)
            self._observe([self._call("length")])
        elif kind == 1:  # more than one call gives, or lines that are not there
            start, more = self._rng.choice(tokens.PLACES), self._rng.choice((2, 3, 4))
            self._misread(start, min(tokens.LONGEST, start + more * tokens.SLICE))
        elif kind == 2:  # nothing lies between
            start = self._rng.choice(tokens.PLACES)
            self._misread(start, start)
        else:  # pieces in no order
            pieces = [*self._rng.choices(WORDS, k=self._rng.randrange(3)), tokens.READ, tokens.READ]
            self._pen.write("".join(pieces) + write(tokens.END, self._rng.choice(tokens.PLACES)), train=False)
            self._pen.tell(Observation(error="SyntaxError: invalid syntax"))

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # Actions.

    def _read(self, start: int, end: int, before: str = "") -> list[str]:
        self._slip()
        self._pen.write(before + tokens.READ + write(tokens.START, start) + write(tokens.END, end))
        call = self._call("read", start, end)
        self._observe([call])
        return list(call.result)

    def _misread(self, start: int, end: int) -> None:
        self._pen.write(tokens.READ + write(tokens.START, start) + write(tokens.END, end), train=False)
        self._observe([self._call("read", start, end)])

    def _call(self, name: str, *args: Any) -> Call:
        try:
            return Call(name, args, result=self._world.call(self._path, name, args, {}))
        except Refusal as refusal:
            return Call(name, args, error=refusal.message)

    def _hand_on(self, parts: Sequence[Span]) -> int | None:
        """Launches a helper for each part and finishes with the sum of what they say; None if one says no number."""
        together = len(parts) > 1 and self._chance(self._habits.together)
        between, last = (tokens.AND, tokens.TOGETHER) if together else (tokens.THEN, tokens.ALONE)
        *firsts, (start, end) = parts
        self._pen.write(
            (tokens.GATHER if together else tokens.ONE_BY_ONE)
            + "".join(write(tokens.START, each[0]) + write(between, each[1]) for each in firsts)
            + write(tokens.START, start)
            + write(last, end),
            weight=DRAWN,
        )
        calls = []
        for part in parts:
            calls.append(self._child(part))
            if calls[-1].error is not None and not together:
                break  # the others are not launched
        said = [call.result for call in calls if type(call.result) is int]
        if len(said) == len(parts):
            return sum(said)
        self._observe(calls)
        return None

    def _child(self, part: Span) -> Call:
        try:
            launch = self._world.admit(self._path, part, {})
        except Refusal as refusal:
            return Call("launch_subagent", part, error=refusal.message)
        if self._chance(self._habits.no_room) or self._no_room:
            self._no_room = True
            return Call("launch_subagent", part, error=self._rng.choice(NO_ROOM))
        path = child_path(self._path, self._children)
        self._children += 1
        if self._chance(self._habits.lost):
            return Call("launch_subagent", part, error=self._rng.choice(LOST), child=path)
        if self._lines <= self._habits.played:
            return Call("launch_subagent", part, result=self._game.node(path, launch), child=path)
        return Call("launch_subagent", part, result=self._any_number(part[1] - part[0]), child=path)

    def _any_number(self, lines: int) -> int:
        """What a helper with so many lines may say."""
        share = self._rng.betavariate(1, 5) if self._chance(0.5) else self._rng.random()
        return min(tokens.SAID[-1], round(share * lines))

    def _observe(self, calls: Sequence[Call]) -> None:
        self._pen.tell(Observation(calls=tuple(calls)))
