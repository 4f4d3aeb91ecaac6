"""Demonstrations for the tiny model: played in the real world, worded by the real dialect.

A demonstrator looks an item up, makes what is short (by itself, depth first, or by delegating it, at
random), crafts and finishes. Where it has read that a base item has run out, it says so and stops at
once, instead of using up the turns of all. It acts on what its transcript shows, not on what the world knows, so a
stale count ends in a refusal and a recovery, as it does for the model. Some slips are played on
purpose, each followed by the right next action; slips of arithmetic and grammar are read but not
imitated, while needless launches are imitated: reinforcement learning should have them to unlearn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from transformers import PreTrainedTokenizerBase

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.environments.textcraft.recipes import Recipe, heights
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.experiments.tiny import tokens
from rao_lab.prompts import Terse
from rao_lab.protocols import Brief, Launch, Observation, Refusal
from rao_lab.tree import ROOT, Call, child_path

BOOKS = range(1000, 1016)
"""Seeds of the recipe books that are demonstrated: none is a book that is trained or evaluated on."""
READ = 0.1
"""Loss weight of tokens that are read; tokens that are written have 1, slips 0."""


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How demonstrators behave: probabilities per decision."""

    delegate_all: float = 0.15
    """Everything that is short, team only."""
    delegate: float = 0.2
    """Else each short ingredient: three in ten are delegated in all."""
    together: float = 0.7
    """Several delegated ingredients in one gather."""
    team_tiers: Mapping[int, float] = field(default_factory=lambda: {1: 0.3, 2: 0.7})
    solo_tiers: Mapping[int, float] = field(default_factory=lambda: {1: 0.15, 2: 0.35, 3: 0.5})
    finish_with_craft: float = 0.95
    own_goal: float = 0.01
    """Launching one's whole goal: refused."""
    base_item: float = 0.01
    """Launching a base item: refused."""
    lazy_child: float = 0.06
    """A child that fails or says done without having made anything."""
    scarce: float = 0.2
    """A task with too few of one base item."""
    several: float = 0.6
    """A task whose target needs fewer than two items that must be made is passed over."""
    no_room: float = 0.03
    """A launch that is refused because the agents or the turns of all are used up."""
    slip: float = 0.05
    """Before each look-up and craft: one of `_Player._slip`'s. Also a premature craft, and a wrong order."""
    slip_again: float = 0.3
    """Another slip after a slip."""


@dataclass(slots=True)
class Transcript:
    """One node as token ids, with a loss weight each."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class _Stuck(Exception):
    """This demonstration got stuck: it is thrown away."""


class _RanOut(Exception):
    """The node cannot reach its goal: a base item has run out."""


class Demonstrator:
    """Plays tasks and writes transcripts.

    Args:
        rng: decides everything that is left to chance.
        window: longest transcript that is kept, in tokens.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, rng: Random, window: int, config: DemoConfig | None = None
    ) -> None:
        self._tokenizer = tokenizer
        self._rng = rng
        self._window = window
        self._config = config or DemoConfig()
        self._environments = [TextCraft("easy,medium", seed=seed) for seed in BOOKS]
        self.dialect = Terse().worded(self._environments[0])
        self._encoded: dict[str, list[int]] = {}

    def stream(self) -> Iterator[Transcript]:
        """Transcripts without end, team and solo half and half."""
        owed = 0
        while True:
            solo = owed > 0
            found = self._play(solo)
            owed += -len(found) if solo else len(found)
            yield from found

    def encode(self, text: str) -> list[int]:
        ids = self._encoded.get(text)
        if ids is None:
            ids = self._encoded[text] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    def _play(self, solo: bool) -> list[Transcript]:
        config = self._config
        if solo:
            config = replace(config, delegate_all=0.0, delegate=0.0, own_goal=0.0, base_item=0.0)
        world = self._world(config.solo_tiers if solo else config.team_tiers)
        if self._rng.random() < config.scarce:
            world = _scarce(world, self._rng)
        team = _Game(self, world, "flat" if solo else "recursive", config, self._rng)
        try:
            team.node(ROOT, world.root())
        except (_Stuck, RecursionError):
            return []
        return [found for found in team.transcripts if len(found.ids) <= self._window]

    def _world(self, tiers: Mapping[int, float]) -> CraftWorld:
        """A world of the train split whose target is of a tier drawn by weight."""
        tier = self._rng.choices(tuple(tiers), tuple(tiers.values()))[0]
        environment = self._rng.choice(self._environments)
        tasks = environment.tasks("train")
        passed_over = tier > 1 and self._rng.random() < self._config.several
        while True:
            # Tasks alternate between the two bands.
            task = tasks[2 * self._rng.randrange(len(tasks) // 2) + (tier > 2)]
            world = environment.open(task)
            if max(heights(world.recipes, world.targets).values()) != tier:
                continue
            if not passed_over or _parts(world) > 1:
                return world


def _parts(world: CraftWorld) -> int:
    """Ingredients of the targets that must be made."""
    needed = {name for item in world.targets for name in world.recipes[item].ingredients}
    return len(needed & world.recipes.keys())


def _scarce(world: CraftWorld, rng: Random) -> CraftWorld:
    """The same world with too few of one base item."""
    stock = dict(world.ledger.stock)
    short = rng.choice([item for item in stock if item not in world.recipes])
    return CraftWorld(world.recipes, {**stock, short: rng.randrange(2)}, world.targets)


class _Game:
    """One task played by one or more nodes."""

    def __init__(
        self, demonstrator: Demonstrator, world: CraftWorld, agent: str, config: DemoConfig, rng: Random
    ) -> None:
        self.transcripts: list[Transcript] = []
        self._demonstrator = demonstrator
        self._world = world
        self._agent = agent
        self._config = config
        self._rng = rng

    def node(self, path: str, launch: Launch) -> str:
        """Plays one node; what it returns."""
        self._world.enter(path, launch)
        transcript = Transcript()
        self.transcripts.append(transcript)
        return _Player(self, path, launch.args["targets"], transcript).work()


class _Player:
    """One node."""

    def __init__(self, game: _Game, path: str, targets: Mapping[str, int], transcript: Transcript) -> None:
        self._game = game
        self._world = game._world
        self._config = game._config
        self._rng = game._rng
        self._path = path
        self._targets = targets
        self._transcript = transcript
        self._dialect = game._demonstrator.dialect
        self._children = 0
        self._ended = False

    def work(self) -> str:
        """Works to the end; "done" or "failed"."""
        brief = Brief("", {"targets": self._targets}, self._game._agent)
        self._read(self._dialect.opening(brief)[0].content)
        if self._chance(self._config.own_goal):
            self._launch(dict(self._targets))
        last = list(self._targets)[-1]
        try:
            for item, count in self._targets.items():
                self._make(item, count, final=item == last)
        except _RanOut:
            self._write(tokens.GIVE_UP)
            return "failed"
        if not self._ended:
            self._write(tokens.FINISH)
        return "done"

    # Decisions.

    def _make(self, item: str, count: int, final: bool = False, depth: int = 0) -> None:
        self._slips(item)
        recipe = self._look(item)
        times = recipe.executions(count)
        need = {name: each * times for name, each in recipe.ingredients.items()}
        total = times * recipe.result_count
        short = self._short(need)
        if short and self._chance(self._config.slip):
            short = self._craft(item, total, need, train=False) or short
        for _ in range(4):
            self._obtain(short, depth)
            self._slips(item, total, need)
            finish = final and self._chance(self._config.finish_with_craft)
            short = self._craft(item, total, need, finish=finish)
            if not short:
                return
        raise _Stuck

    def _obtain(self, short: Mapping[str, int], depth: int) -> None:
        """Makes what is short, delegating each with a fixed probability."""
        if depth > 6:
            raise _Stuck
        rate = 1.0 if self._chance(self._config.delegate_all) else self._config.delegate
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
        if self._chance(self._config.base_item):
            base = [item for item in self._world.ledger.stock if item not in self._world.recipes]
            self._launch({self._rng.choice(base): 1})
        failed = {}
        if len(wanted) > 1 and self._chance(self._config.together):
            failed = self._launch(wanted)
        else:
            for name, count in wanted.items():
                wrong = self._chance(self._config.slip)
                ordered = max(1, count + self._rng.choice((-1, 1))) if wrong else count
                failed.update(self._launch({name: ordered}, train=not wrong))
        if failed.keys() - self._world.recipes.keys():  # refused: a base item
            raise _RanOut
        for name in failed:
            self._make(name, wanted[name], depth=1)

    def _slips(self, item: str, total: int = 1, need: Mapping[str, int] | None = None) -> None:
        """Now and then some slips in a row; half of the time the item is looked up again after them."""
        chance = self._config.slip
        slipped = False
        while self._chance(chance):
            self._slip(item, total, need or {self._rng.choice(tokens.ITEMS): 1})
            chance, slipped = self._config.slip_again, True
        if slipped and need and self._chance(0.5):
            self._look(item)

    def _slip(self, item: str, total: int, need: Mapping[str, int]) -> None:
        """Refused, or of no use: read, but not imitated."""
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
            self._write("".join(pieces) + tokens.LOOKED, train=False)
            self._tell(Observation(error="SyntaxError: invalid syntax"))

    def _short(self, need: Mapping[str, int]) -> dict[str, int]:
        have = self._world.ledger.have
        return {name: each - have(name) for name, each in need.items() if each > have(name)}

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # Actions.

    def _look(self, item: str) -> Recipe:
        self._write(f"{tokens.LOOK}{item}{tokens.LOOKED}")
        self._call("get_info", [item])
        if item not in self._world.recipes:  # looked up because there is too little of it
            raise _RanOut
        return self._world.recipes[item]

    def _look_astray(self, item: str) -> None:
        self._write(f"{tokens.LOOK}{item}{tokens.LOOKED}", train=False)
        self._call("get_info", [item])

    def _call(self, name: str, *args: Any) -> Refusal | None:
        """Calls the world and reads what comes back; the refusal, if it is one."""
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
        """Crafts; what was short, empty where it worked or was refused for another reason."""
        *entries, (last, amount) = need.items()
        self._write(
            tokens.CRAFT
            + "".join(name + tokens.write(tokens.ENTRY, each) for name, each in entries)
            + last + tokens.write(tokens.OF, amount)
            + item + tokens.write(tokens.MADE_FINISH if finish else tokens.MADE, total),
            train,
        )  # fmt: skip
        self._ended = finish
        refusal = self._call("craft", dict(need), (item, total))
        self._ended = finish and refusal is None
        return self._short(need) if refusal is not None and refusal.kind == "missing" else {}

    def _launch(self, wanted: Mapping[str, int], train: bool = True) -> dict[str, int]:
        """Launches one child for each item, several together; what children said they failed at."""
        names = list(wanted)
        if len(names) == 1:
            text = tokens.LAUNCH + names[0] + tokens.write(tokens.SENT, wanted[names[0]])
        else:
            middle = "".join(name + tokens.write(tokens.SENT_MORE, wanted[name]) for name in names[:-1])
            text = tokens.GATHER + middle + names[-1] + tokens.write(tokens.SENT_LAST, wanted[names[-1]])
        self._write(text, train)
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
        if self._chance(self._config.no_room):
            message = f"all {self._rng.choice(('agents', 'turns'))} of this task are used"
            return Call("launch_subagent", args, result={"failed": message}, error=message)
        path = child_path(self._path, self._children)
        self._children += 1
        if self._chance(self._config.lazy_child):
            error = self._rng.choice((None, "ran out of turns", "its context window is full"))
            return Call("launch_subagent", args, result="done", error=error, child=path)
        result = self._game.node(path, launch)
        return Call("launch_subagent", args, result=result, child=path)

    # The transcript.

    def _write(self, code: str, train: bool = True) -> None:
        self._add(code, 1.0 if train else 0.0)

    def _read(self, text: str) -> None:
        self._add(text, READ)

    def _observe(self, calls: Sequence[Call]) -> None:
        self._tell(Observation(calls=tuple(calls)))

    def _tell(self, observation: Observation) -> None:
        self._read(self._dialect.observe(observation)[0].content)

    def _add(self, text: str, weight: float) -> None:
        ids = self._game._demonstrator.encode(text)
        self._transcript.ids.extend(ids)
        self._transcript.weights.extend([weight] * len(ids))
