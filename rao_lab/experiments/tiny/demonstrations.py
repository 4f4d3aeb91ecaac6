"""Demonstrations for the embedded policy: played in the real world, worded by the real dialect.

Some slips are played on purpose, and each is followed by the right next action. Slips of arithmetic and
grammar are read but not imitated. Launches that are not needed are imitated, because reinforcement learning
should have something to unlearn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

from transformers import PreTrainedTokenizerBase

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.environments.textcraft.recipes import heights
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.experiments.tiny.behaviour import Behaviour
from rao_lab.experiments.tiny.player import Game
from rao_lab.experiments.tiny.transcripts import Encoder, Stuck, Transcript
from rao_lab.prompts import Terse
from rao_lab.tree import ROOT

BOOKS = range(1000, 1016)
"""Seeds of the recipe books that are demonstrated. Training and evaluation use none of them."""


class Demonstrator:
    """Plays tasks and writes transcripts.

    Args:
        rng: decides everything that is left to chance.
        window: the most tokens of a transcript; a longer one is thrown away.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, rng: Random, window: int, behaviour: Behaviour | None = None
    ) -> None:
        self._encode = Encoder(tokenizer)
        self._rng = rng
        self._window = window
        self._behaviour = behaviour or Behaviour()
        self._environments = [TextCraft("easy,medium", seed=seed) for seed in BOOKS]
        self._dialect = Terse().worded(self._environments[0])

    def stream(self) -> Iterator[Transcript]:
        """Transcripts without end, half of them by teams and half by agents that work alone."""
        owed = 0
        while True:
            solo = owed > 0
            found = self._play(solo)
            owed += -len(found) if solo else len(found)
            yield from found

    def _play(self, solo: bool) -> list[Transcript]:
        behaviour = self._behaviour
        if solo:
            behaviour = replace(behaviour, delegate_all=0.0, delegate=0.0, own_goal=0.0, base_item=0.0)
        world = self._world(behaviour.solo_tiers if solo else behaviour.team_tiers)
        if self._rng.random() < behaviour.scarce:
            world = _scarce(world, self._rng)
        game = Game(world, "flat" if solo else "recursive", behaviour, self._rng, self._dialect, self._encode)
        try:
            game.node(ROOT, world.root())
        except (Stuck, RecursionError):
            return []
        return [found for found in game.transcripts if len(found.ids) <= self._window]

    def _world(self, tiers: Mapping[int, float]) -> CraftWorld:
        """A world of the train split. The tier of its target is drawn by weight."""
        tier = self._rng.choices(tuple(tiers), tuple(tiers.values()))[0]
        environment = self._rng.choice(self._environments)
        tasks = environment.tasks("train")
        passed_over = tier > 1 and self._rng.random() < self._behaviour.several
        while True:
            # Easy and medium tasks alternate.
            task = tasks[2 * self._rng.randrange(len(tasks) // 2) + (tier > 2)]
            world = environment.open(task)
            if max(heights(world.recipes, world.targets).values()) != tier:
                continue
            if not passed_over or _parts(world) > 1:
                return world


def _parts(world: CraftWorld) -> int:
    """How many ingredients of the targets must be made."""
    needed = {name for item in world.targets for name in world.recipes[item].ingredients}
    return len(needed & world.recipes.keys())


def _scarce(world: CraftWorld, rng: Random) -> CraftWorld:
    """The same world with too few of one base item."""
    stock = dict(world.stock.counts)
    short = rng.choice([item for item in stock if item not in world.recipes])
    return CraftWorld(world.recipes, {**stock, short: rng.randrange(2)}, world.targets)
