"""Demonstrations of aggregation: played in the real world, worded by the real dialect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from transformers import PreTrainedTokenizerBase

from rao_lab.environments.aggregation import Aggregation
from rao_lab.environments.aggregation.small import count, kind_asked
from rao_lab.experiments.tiny.aggregation.behaviour import Habits
from rao_lab.experiments.tiny.aggregation.player import Game
from rao_lab.experiments.tiny.transcripts import Encoder, Stuck, Transcript
from rao_lab.prompts import Terse
from rao_lab.tree import ROOT

SEED = 1000
"""Of the contexts that are demonstrated. Training and evaluation use seed 0."""


class Readers:
    """Plays contexts and writes transcripts; see `Demonstrations`. A transcript that is too long is cut."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, rng: Random, window: int, behaviour: Habits | None = None
    ) -> None:
        self._encode = Encoder(tokenizer)
        self._rng = rng
        self._window = window
        self._habits = behaviour or Habits()
        self._environments = {level: Aggregation(level, seed=SEED) for level in Aggregation.levels}
        self._dialect = Terse().worded(self._environments["easy"])

    def stream(self) -> Iterator[Transcript]:
        """Transcripts without end, half of them by teams and half by agents that work alone."""
        owed = shown = 0
        while True:
            solo = owed > 0
            found = self._play(solo, self._lesson(shown))
            owed += -len(found) if solo else len(found)
            shown += len(found)
            yield from found

    def _lesson(self, shown: int) -> Habits:
        """The habits after so many transcripts."""
        habits = self._habits
        if shown < habits.counting:
            return replace(habits, solo_sizes={"easy": 1.0}, team_sizes={"easy": 1.0})
        if shown < habits.counting + habits.reading:
            sizes = {"easy": 0.4, "medium": 0.6}
            return replace(habits, solo_sizes=sizes, team_sizes=sizes, delegate=0.0)
        return habits

    def _play(self, solo: bool, habits: Habits) -> list[Transcript]:
        sizes = habits.solo_sizes if solo else habits.team_sizes
        environment = self._environments[self._rng.choices(tuple(sizes), tuple(sizes.values()))[0]]
        tasks = environment.tasks("train")
        passed_over = self._rng.random() < habits.seldom
        while True:
            world = environment.open(tasks[self._rng.randrange(len(tasks))])
            kind = kind_asked(world.question) or ""
            if not passed_over or count(world.source.lines, kind) > 1:
                break
        agent = "flat" if solo else "recursive"
        game = Game(world, agent, habits, self._rng, self._dialect, self._encode, self._window)
        try:
            game.node(ROOT, world.root())
        except Stuck:
            return []
        for found in game.transcripts:
            del found.ids[self._window :], found.weights[self._window :]
        return game.transcripts
