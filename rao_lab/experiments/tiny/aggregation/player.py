"""One demonstrated context: a game, and a player for each of its nodes.

A player reads its lines, slice by slice, or hands parts of them on, at random and cut at random. Then it adds up: one
number for each slice that it read, or the numbers that its helpers said. What does not fit the window is read until
the window is full.
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
READ = 0.02
"""Loss weight of a token that is read: words come at random, and what they are like is learned by counting them."""
LOST = ("ran out of turns", "its context window is full", "the budget of the tree is used up")
NO_ROOM = ("all agents of this task are used", "all turns of this task are used", "8 levels deep is the most")
AGAIN = 3
"""Times that a part is handed on before the demonstration is thrown away."""


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
        self._pen.read(
            self._game.dialect.opening(Brief("", self._launch_of.args, self._game.agent))[0].content
        )
        team = self._game.agent == "recursive"
        if team and self._chance(self._habits.own_question):
            self._launch([(0, self._lines)])
        if team and self._lines > tokens.SLICE and self._chance(self._habits.delegate):
            numbers = self._hand_on()
            if numbers is not None:
                return self._add_up(numbers)
        return self._read_all()

    def _hand_on(self) -> list[int] | None:
        """Hands parts on; the number for each. None if there is no room for helpers."""
        parts = self._parts()
        said: dict[int, int] = {}
        if self._chance(self._habits.together):
            said = self._hand_over(parts)
        for place, part in enumerate(parts):
            for _ in range(AGAIN):
                if place in said or self._no_room:
                    break
                self._slip()
                if 0 in (one := self._hand_over([part])):
                    said[place] = one[0]
        if self._no_room:
            return None
        if len(said) < len(parts):
            raise Stuck
        return [said[place] for place in range(len(parts))]

    def _hand_over(self, parts: Sequence[Span]) -> dict[int, int]:
        """Launches a helper for each part, several together; place of the part -> what its helper said."""
        calls = self._launch(parts)
        return {place: call.result for place, call in enumerate(calls) if type(call.result) is int}

    def _parts(self) -> list[Span]:
        """Parts of all lines, cut anywhere; with care none is forgotten."""
        slices = self._lines // tokens.SLICE
        wanted = self._rng.choices(tuple(self._habits.parts), tuple(self._habits.parts.values()))[0]
        cuts = sorted(self._rng.sample(range(1, slices), min(wanted, slices) - 1))
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
        numbers = []
        for start in range(0, self._lines, tokens.SLICE):
            self._slip()
            lines = self._read(start, start + tokens.SLICE)
            numbers.append(count(lines, self._kind))
            if len(self._pen.transcript.ids) > self._game.window:
                return ""
        return self._add_up(numbers)

    def _add_up(self, numbers: Sequence[int]) -> int:
        self._slip()
        *first, last = numbers
        self._pen.write(
            tokens.FINISH + "".join(write(tokens.ADDED, each) for each in first) + write(tokens.END, last)
        )
        return sum(numbers)

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
            self._read(start, min(tokens.LONGEST, start + more * tokens.SLICE), train=False)
        elif kind == 2:  # nothing lies between
            start = self._rng.choice(tokens.PLACES)
            self._read(start, start, train=False)
        else:  # pieces in no order
            pieces = [*self._rng.choices(WORDS, k=self._rng.randrange(3)), tokens.READ, tokens.READ]
            self._pen.write("".join(pieces) + write(tokens.END, self._rng.choice(tokens.PLACES)), train=False)
            self._pen.tell(Observation(error="SyntaxError: invalid syntax"))

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # Actions.

    def _read(self, start: int, end: int, train: bool = True) -> list[str]:
        self._pen.write(tokens.READ + write(tokens.START, start) + write(tokens.END, end), train)
        call = self._call("read", start, end)
        self._observe([call])
        return call.result if call.error is None else []

    def _call(self, name: str, *args: Any) -> Call:
        try:
            return Call(name, args, result=self._world.call(self._path, name, args, {}))
        except Refusal as refusal:
            return Call(name, args, error=refusal.message)

    def _launch(self, parts: Sequence[Span]) -> list[Call]:
        """Writes a launch of a helper for each part, and reads what came of it."""
        (start, end), *rest = parts
        if rest:
            *middle, (last, end_of_all) = rest
            text = tokens.GATHER + write(tokens.START, start) + write(tokens.END_MORE, end)
            text += "".join(write(tokens.START, each[0]) + write(tokens.END_MORE, each[1]) for each in middle)
            text += write(tokens.START, last) + write(tokens.END_LAST, end_of_all)
        else:
            text = tokens.LAUNCH + write(tokens.START, start) + write(tokens.END, end)
        self._pen.write(text)
        calls = [self._child(part) for part in parts]
        self._observe(calls)
        return calls

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
        return min(tokens.COUNTS[-1], round(share * lines))

    def _observe(self, calls: Sequence[Call]) -> None:
        self._pen.tell(Observation(calls=tuple(calls)))
