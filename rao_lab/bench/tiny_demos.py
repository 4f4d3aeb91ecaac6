"""Demonstrations for the tiny model: played in the real world, worded by the real dialect.

A demonstrator looks an item up, makes what is short (by itself, depth first, or by delegating it, at
random), crafts and finishes. It acts on what its transcript shows, not on what the world knows, so a
stale count ends in a refusal and a recovery, as it does for the model. Some slips are played on
purpose, each followed by the right next action; slips of arithmetic and grammar are read but not
imitated, while needless launches are imitated: reinforcement learning should have them to unlearn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from transformers import PreTrainedTokenizerBase

from rao_lab.bench import tiny_tokens as tokens
from rao_lab.environments.textcraft import TextCraft
from rao_lab.environments.textcraft_world import CraftWorld
from rao_lab.prompts import Brief, Observation
from rao_lab.prompts.terse import Terse
from rao_lab.protocols import Launch, Refusal
from rao_lab.recipes import Recipe, heights
from rao_lab.tree import ROOT, Call, child_path

BOOKS = range(1000, 1016)
"""Seeds of the recipe books that are demonstrated: none is a book that is trained or evaluated on."""
READ = 0.1
"""Loss weight of tokens that are read; tokens that are written have 1, slips 0."""


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How demonstrators behave: probabilities per decision."""

    delegate: float = 0.3
    """Each short ingredient, team only."""
    together: float = 0.6
    """Several delegated ingredients in one gather."""
    team_tiers: Mapping[int, float] = field(default_factory=lambda: {1: 0.3, 2: 0.7})
    solo_tiers: Mapping[int, float] = field(default_factory=lambda: {1: 0.15, 2: 0.35, 3: 0.5})
    finish_with_craft: float = 0.8
    own_goal: float = 0.02
    """Launching one's whole goal: refused."""
    base_item: float = 0.02
    """Launching a base item: refused."""
    lazy_child: float = 0.06
    """A child that fails or says done without having made anything."""
    slip: float = 0.03
    """Each of: wrong amount, wrong order, premature craft, broken code."""
    look_again: float = 0.02


@dataclass(slots=True)
class Transcript:
    """One node as token ids, with a loss weight each."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class _GiveUp(Exception):
    """This demonstration got stuck: it is thrown away."""


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
        config = replace(self._config, delegate=0.0, own_goal=0.0, base_item=0.0) if solo else self._config
        world = self._world(config.solo_tiers if solo else config.team_tiers)
        team = _Game(self, world, "flat" if solo else "recursive", config, self._rng)
        try:
            team.node(ROOT, world.root())
        except (_GiveUp, RecursionError):
            return []
        return [found for found in team.transcripts if len(found.ids) <= self._window]

    def _world(self, tiers: Mapping[int, float]) -> CraftWorld:
        """A world of the train split whose target is of a tier drawn by weight."""
        tier = self._rng.choices(tuple(tiers), tuple(tiers.values()))[0]
        environment = self._rng.choice(self._environments)
        tasks = environment.tasks("train")
        while True:
            # Tasks alternate between the two bands.
            task = tasks[2 * self._rng.randrange(len(tasks) // 2) + (tier > 2)]
            world = environment.open(task)
            if max(heights(world.recipes, world.targets).values()) == tier:
                return world


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

    def node(self, path: str, launch: Launch) -> None:
        self._world.enter(path, launch)
        transcript = Transcript()
        self.transcripts.append(transcript)
        _Player(self, path, launch.args["targets"], transcript).work()

    def chance(self, probability: float) -> bool:
        return self._rng.random() < probability


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
        self._dialect = Terse()
        self._children = 0
        self._ended = False

    def work(self) -> None:
        brief = Brief("", {"targets": self._targets}, self._game._agent)
        self._read(self._dialect.opening(brief)[0].content)
        if self._game.chance(self._config.own_goal):
            self._launch(dict(self._targets))
        last = list(self._targets)[-1]
        for item, count in self._targets.items():
            self._make(item, count, final=item == last)
        if not self._ended:
            self._write(tokens.FINISH)

    # Decisions.

    def _make(self, item: str, count: int, final: bool = False, depth: int = 0) -> None:
        recipe = self._look(item)
        times = recipe.executions(count)
        need = {name: each * times for name, each in recipe.ingredients.items()}
        total = times * recipe.result_count
        short = {name: more for name, each in need.items() if (more := each - self._world.ledger.have(name)) > 0}
        if short and self._game.chance(self._config.slip):
            short = self._craft(item, total, need, train=False) or short
        for _ in range(4):
            self._obtain(short, depth)
            if self._game.chance(self._config.slip):
                self._slip(item, total, need)
            short = self._craft(
                item, total, need, finish=final and self._game.chance(self._config.finish_with_craft)
            )
            if not short:
                return
        raise _GiveUp

    def _obtain(self, short: Mapping[str, int], depth: int) -> None:
        """Makes what is short, delegating each with a fixed probability."""
        if depth > 6 or any(name not in self._world.recipes for name in short):
            raise _GiveUp
        sent = {name: count for name, count in short.items() if self._game.chance(self._config.delegate)}
        own = {name: count for name, count in short.items() if name not in sent}
        first = self._game.chance(0.5)
        if first:
            self._delegate(sent)
        for name, count in own.items():
            self._make(name, count, depth=depth + 1)
        if not first:
            self._delegate(sent)

    def _delegate(self, wanted: Mapping[str, int]) -> None:
        if not wanted:
            return
        if self._game.chance(self._config.base_item):
            self._launch({self._rng.choice([i for i in self._world.ledger.stock if i not in self._world.recipes]): 1})
        if len(wanted) > 1 and self._game.chance(self._config.together):
            failed = self._launch(wanted)
        else:
            failed = {}
            for name, count in wanted.items():
                wrong = self._game.chance(self._config.slip)
                ordered = max(1, count + self._rng.choice((-1, 1))) if wrong else count
                failed.update(self._launch({name: ordered}, train=not wrong))
        for name in failed:
            self._make(name, wanted[name], depth=1)

    def _slip(self, item: str, total: int, need: Mapping[str, int]) -> None:
        """A wrong amount, a wrong total or broken code: refused, and read but not imitated."""
        kind = self._rng.randrange(3)
        if kind == 0:
            name = self._rng.choice(list(need))
            self._craft(item, total, {**need, name: max(1, need[name] + self._rng.choice((-1, 1, 2)))}, train=False)
            if self._game.chance(0.5):
                self._look(item)
        elif kind == 1:
            self._craft(item, total + self._rng.choice((1, 2)), need, train=False)
        else:
            # What the model would write if it lost its place: pieces in no order, none of them a launch.
            pieces = self._rng.choices((tokens.CRAFT, tokens.ALSO, *tokens.ITEMS), k=self._rng.randint(1, 3))
            self._broken("".join(pieces) + tokens.LOOKED)

    # Actions.

    def _look(self, item: str) -> Recipe:
        self._write(f"{tokens.LOOK}{item}{tokens.LOOKED}")
        result = self._world.call(self._path, "get_info", ([item],), {})
        self._observe([Call("get_info", ([item],), result=result)])
        return self._world.recipes[item]

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
        args = (dict(need), (item, total))
        try:
            result = self._world.call(self._path, "craft", args, {})
        except Refusal as refusal:
            self._observe([Call("craft", args, error=refusal.message)])
            if refusal.kind != "missing":
                return {}
            return {
                name: more for name, each in need.items() if (more := each - self._world.ledger.have(name)) > 0
            }
        if finish:
            self._ended = True
        else:
            self._observe([Call("craft", args, result=result)])
        return {}

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
            if call.child is not None and call.error is not None
        }

    def _child(self, targets: Mapping[str, int]) -> Call:
        args = (dict(targets), tokens.STEPS)
        try:
            launch = self._world.admit(self._path, args, {})
        except Refusal as refusal:
            return Call("launch_subagent", args, result={"failed": refusal.message}, error=refusal.message)
        path = child_path(self._path, self._children)
        self._children += 1
        if self._game.chance(self._config.lazy_child):
            error = self._rng.choice((None, "ran out of turns", "its context window is full"))
            return Call("launch_subagent", args, result="done", error=error, child=path)
        self._game.node(path, launch)
        return Call("launch_subagent", args, result="done", child=path)

    def _broken(self, code: str) -> None:
        self._write(code, train=False)
        self._tell(Observation(error="SyntaxError: invalid syntax"))

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
