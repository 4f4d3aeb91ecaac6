"""One demonstrated task: a game, and a player for each of its nodes.

A player looks an item up and makes what is short: by itself, depth first, or by delegating it, at random.
Then it crafts and finishes. If it has read that a base item has run out, it says so and stops at once,
instead of using up the turns of the whole tree. A player acts on what its transcript shows, not on what
the world knows. So a count that is out of date ends in a refusal and a recovery, as it does for the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from rao_lab.environments.textcraft.recipes import Recipe
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.experiments.tiny import tokens
from rao_lab.experiments.tiny.behaviour import Behaviour
from rao_lab.experiments.tiny.language import write
from rao_lab.experiments.tiny.transcripts import Pen, Stuck, Transcript
from rao_lab.protocols import Brief, Dialect, Launch, Observation, Refusal
from rao_lab.tree import Call, child_path


class RanOut(Exception):
    """The node cannot reach its goal, because a base item has run out."""


@dataclass
class Game:
    """One task, played by one or more nodes."""

    world: CraftWorld
    agent: str
    behaviour: Behaviour
    rng: Random
    dialect: Dialect
    encode: Callable[[str], Sequence[int]]
    transcripts: list[Transcript] = field(default_factory=list)

    def node(self, path: str, launch: Launch) -> str:
        """Plays one node, and all nodes below it; what the node returns."""
        self.world.enter(path, launch)
        pen = Pen(self.dialect, self.encode)
        self.transcripts.append(pen.transcript)
        return Player(self, path, launch.args["targets"], pen).work()


class Player:
    """Plays one node."""

    def __init__(self, game: Game, path: str, targets: Mapping[str, int], pen: Pen) -> None:
        self._game = game
        self._world = game.world
        self._behaviour = game.behaviour
        self._rng = game.rng
        self._path = path
        self._targets = targets
        self._pen = pen
        self._dialect = game.dialect
        self._children = 0
        self._ended = False

    def work(self) -> str:
        """Plays to the end; returns "done" or "failed"."""
        brief = Brief("", {"targets": self._targets}, self._game.agent)
        self._pen.read(self._dialect.opening(brief)[0].content)
        if self._chance(self._behaviour.own_goal):
            self._launch(dict(self._targets))
        last = list(self._targets)[-1]
        try:
            for item, count in self._targets.items():
                self._make(item, count, final=item == last)
        except RanOut:
            self._pen.write(tokens.GIVE_UP)
            return "failed"
        if not self._ended:
            self._pen.write(tokens.FINISH)
        return "done"

    # Decisions.

    def _make(self, item: str, count: int, final: bool = False, depth: int = 0) -> None:
        self._slips(item)
        recipe = self._look(item)
        times = recipe.executions(count)
        need = {name: each * times for name, each in recipe.ingredients.items()}
        total = times * recipe.result_count
        short = self._short(need)
        if short and self._chance(self._behaviour.slip):
            short = self._craft(item, total, need, train=False) or short
        for _ in range(4):
            self._obtain(short, depth)
            self._slips(item, total, need)
            finish = final and self._chance(self._behaviour.finish_with_craft)
            short = self._craft(item, total, need, finish=finish)
            if not short:
                return
        raise Stuck

    def _obtain(self, short: Mapping[str, int], depth: int) -> None:
        """Makes what is short; each item is delegated with a fixed probability."""
        if depth > 6:
            raise Stuck
        rate = 1.0 if self._chance(self._behaviour.delegate_all) else self._behaviour.delegate
        sent = {name: count for name, count in short.items() if self._chance(rate)}
        first = self._chance(0.5)
        if first:
            self._delegate(sent)
        for name, count in short.items():
            if name not in sent:
                self._make(name, count, depth=depth + 1)
        if not first:
            self._delegate(sent)

    def _delegate(self, wanted: Mapping[str, int]) -> None:
        if not wanted:
            return
        if self._chance(self._behaviour.base_item):
            base = [item for item in self._world.stock.counts if item not in self._world.recipes]
            self._launch({self._rng.choice(base): 1})
        failed = {}
        if len(wanted) > 1 and self._chance(self._behaviour.together):
            failed = self._launch(wanted)
        else:
            for name, count in wanted.items():
                wrong = self._chance(self._behaviour.slip)
                ordered = max(1, count + self._rng.choice((-1, 1))) if wrong else count
                failed.update(self._launch({name: ordered}, train=not wrong))
        if failed.keys() - self._world.recipes.keys():  # refused: a base item
            raise RanOut
        for name in failed:
            self._make(name, wanted[name], depth=1)

    def _slips(self, item: str, total: int = 1, need: Mapping[str, int] | None = None) -> None:
        """Now and then makes some slips in a row. After half of them the item is looked up again."""
        chance = self._behaviour.slip
        slipped = False
        while self._chance(chance):
            self._slip(item, total, need or {self._rng.choice(tokens.ITEMS): 1})
            chance, slipped = self._behaviour.slip_again, True
        if slipped and need and self._chance(0.5):
            self._look(item)

    def _slip(self, item: str, total: int, need: Mapping[str, int]) -> None:
        """Writes something that is refused or of no use. It is read but not imitated."""
        kind, other = self._rng.randrange(6), self._rng.choice(tokens.ITEMS)
        name = self._rng.choice(list(need))
        if kind == 0:  # a wrong amount
            amount = max(1, need[name] + self._rng.choice((-1, 1, 2)))
            self._craft(item, total, {**need, name: amount}, train=False)
        elif kind == 1:  # a wrong total
            self._craft(item, total + self._rng.choice((1, 2)), need, train=False)
        elif kind == 2:  # a wrong ingredient
            wrong = {(other if each == name else each): count for each, count in need.items()}
            self._craft(item, total, wrong, train=False)
        elif kind == 3:  # a wrong item
            self._craft(other, total, need, train=False)
        elif kind == 4:  # a look at something else
            self._look_astray(other)
        else:  # pieces in no order, none of them a launch
            pieces = self._rng.choices((tokens.CRAFT, tokens.ALSO, *tokens.ITEMS), k=self._rng.randint(1, 3))
            self._pen.write("".join(pieces) + tokens.LOOKED, train=False)
            self._pen.tell(Observation(error="SyntaxError: invalid syntax"))

    def _short(self, need: Mapping[str, int]) -> dict[str, int]:
        have = self._world.stock.have
        return {name: each - have(name) for name, each in need.items() if each > have(name)}

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # Actions.

    def _look(self, item: str) -> Recipe:
        self._pen.write(f"{tokens.LOOK}{item}{tokens.LOOKED}")
        self._call("get_info", [item])
        if item not in self._world.recipes:  # looked up because there is too little of it
            raise RanOut
        return self._world.recipes[item]

    def _look_astray(self, item: str) -> None:
        self._pen.write(f"{tokens.LOOK}{item}{tokens.LOOKED}", train=False)
        self._call("get_info", [item])

    def _call(self, name: str, *args: Any) -> Refusal | None:
        """Calls the world and reads what comes back. Returns the refusal, if there is one."""
        try:
            result = self._world.call(self._path, name, args, {})
        except Refusal as refusal:
            self._observe([Call(name, args, error=refusal.message)])
            return refusal
        if not self._ended:
            self._observe([Call(name, args, result=result)])
        return None

    def _craft(
        self, item: str, total: int, need: Mapping[str, int], train: bool = True, finish: bool = False
    ) -> dict[str, int]:
        """Crafts. Returns what was short: nothing if it worked or was refused for another reason."""
        *entries, (last, amount) = need.items()
        self._pen.write(
            tokens.CRAFT
            + "".join(name + write(tokens.ENTRY, each) for name, each in entries)
            + last + write(tokens.OF, amount)
            + item + write(tokens.MADE_FINISH if finish else tokens.MADE, total),
            train,
        )  # fmt: skip
        self._ended = finish
        refusal = self._call("craft", dict(need), (item, total))
        self._ended = finish and refusal is None
        return self._short(need) if refusal is not None and refusal.kind == "missing" else {}

    def _launch(self, wanted: Mapping[str, int], train: bool = True) -> dict[str, int]:
        """Launches a child for each item, several together. Returns the items at which a child failed."""
        names = list(wanted)
        if len(names) == 1:
            text = tokens.LAUNCH + names[0] + write(tokens.SENT, wanted[names[0]])
        else:
            middle = "".join(name + write(tokens.SENT_MORE, wanted[name]) for name in names[:-1])
            text = tokens.GATHER + middle + names[-1] + write(tokens.SENT_LAST, wanted[names[-1]])
        self._pen.write(text, train)
        calls = [self._child({name: count}) for name, count in wanted.items()]
        self._observe(calls)
        return {
            name: count
            for (name, count), call in zip(wanted.items(), calls, strict=True)
            if call.error is not None or call.result == "failed"
        }

    def _child(self, targets: Mapping[str, int]) -> Call:
        args = (dict(targets), tokens.STEPS)
        try:
            launch = self._world.admit(self._path, args, {})
        except Refusal as refusal:
            return Call("launch_subagent", args, result={"failed": refusal.message}, error=refusal.message)
        if self._chance(self._behaviour.no_room):
            message = f"all {self._rng.choice(('agents', 'turns'))} of this task are used"
            return Call("launch_subagent", args, result={"failed": message}, error=message)
        path = child_path(self._path, self._children)
        self._children += 1
        if self._chance(self._behaviour.lazy_child):
            error = self._rng.choice((None, "ran out of turns", "its context window is full"))
            return Call("launch_subagent", args, result="done", error=error, child=path)
        result = self._game.node(path, launch)
        return Call("launch_subagent", args, result=result, child=path)

    def _observe(self, calls: Sequence[Call]) -> None:
        self._pen.tell(Observation(calls=tuple(calls)))
