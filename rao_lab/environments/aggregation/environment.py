"""Aggregation: questions about every line of a context that no window holds.

A context is a sequence of lines. An agent sees its own part, reads it through calls, and may hand spans of it to
helpers. What is right is known for the root, and for every sub-question that has the form of a question of the preset.

    task.data = {"preset": "small", "lines": 32, "key": what the context is drawn from, "split": "train",
                 "question": "How many ...?"}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from os import PathLike
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import choice, flag, whole
from rao_lab.base.safe_text import quoted
from rao_lab.environments.aggregation import script, words
from rao_lab.environments.aggregation.filed import AT_ONCE, AggregationFile
from rao_lab.environments.aggregation.mistakes import mistaken_turn
from rao_lab.environments.aggregation.plan import flat_plan
from rao_lab.environments.aggregation.presets import PRESETS, Made
from rao_lab.environments.aggregation.world import LinesWorld, launch_for
from rao_lab.environments.drawn import SPLITS, Drawn, check_settings
from rao_lab.environments.named import Player
from rao_lab.errors import ConfigError, InputError
from rao_lab.protocols import Action, TurnRequest
from rao_lab.tree import Call, Task

MAX_LINES = 1_000_000
"""Lines of a context that is drawn."""
KEPT = 8
"""Contexts that are kept, in case they are asked for again."""
KEPT_LINES = 200_000
"""Lines of all of these but one."""


@checked_call
class Aggregation(Drawn):
    """An `Environment` that is `Graded`, `Labelled`, `Scripted`, `Planned` and `Worded`; with the preset "small" also
    `Programmed`.

    Args:
        difficulty: one of easy, medium, hard, extreme (by the number of lines), several ("easy,medium" or a list) or
            "all".
        seed: of all contexts and questions.
        preset: "small": each line is a word, and a question asks how many are of a kind, such as animals. "text": each
            line is what a user wrote on a day, and questions count, compare and join what lines are about.
        lines: of each context; None = as the difficulty says.
        at_once: lines that one call of `read` gives; None = the preset's.
        guard_own_goal: refuse a launch for one's own question about all of one's lines, or that of a node above.
        partial: a number that is not right counts 0.75 for each unit that it is off, as Oolong scores; otherwise 0.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "aggregation"
    levels: ClassVar[Mapping[str, str]] = {name: name for name in PRESETS["small"].lines}
    suits: ClassVar[Mapping[Player, str]] = {"tiny": "medium", "chat": "easy", "scripted": "medium"}
    styles = script.STYLES

    def __init__(
        self,
        difficulty: str | Sequence[str] = "medium",
        seed: int = 0,
        preset: str = "small",
        lines: int | None = None,
        at_once: int | None = None,
        guard_own_goal: bool = True,
        partial: bool = False,
    ) -> None:
        self.preset = PRESETS[choice("preset", preset, PRESETS)]
        self.lines = None if lines is None else whole("lines", lines, least=1, most=MAX_LINES)
        usual = self.preset.at_once
        self.at_once = whole("at_once", usual if at_once is None else at_once, least=1, most=1000)
        self.guard_own_goal = flag("guard_own_goal", guard_own_goal)
        self.partial = flag("partial", partial)
        given = {"preset": preset, "lines": lines, "at_once": at_once}
        super().__init__(difficulty, seed, **given, guard_own_goal=guard_own_goal, partial=partial)
        self._contexts: dict[tuple[str, int, str], Made] = {}
        if self.preset.program is not None:
            self.flat_program = self._program  # it is `Programmed` only if a program is known

    @classmethod
    @checked_call
    def from_files(
        cls,
        file: str | PathLike[str],
        difficulty: str | Sequence[str] = "all",
        column: str = "context_window_text",
        at_once: int = AT_ONCE,
        guard_own_goal: bool = True,
        partial: bool = True,
        unanswered: bool = False,
    ) -> AggregationFile:
        """Reads a file in the format of Oolong (`oolong.py`): JSON lines, gzipped or not.

        Every split has all tasks. If a line says "split", each split has its own, and test the lines without. A line
        may have "difficulty" and "kind", too, and null as its answer: a judge is to tell.

        Args:
            difficulty: one that lines name, or a size of context in tokens, such as "8K"; several, or "all".
            column: the field that holds the context.
            unanswered: keep rows without an answer, whose roots then have no verifier; otherwise they are an error.

        Raises:
            InputError: naming the file, the line and what is wrong.
            MissingError: there is no such file.
            ConfigError: it holds no task of that difficulty.
        """
        return AggregationFile(file, difficulty, column, at_once, guard_own_goal, partial, unanswered)

    @classmethod
    def from_options(
        cls, player: Player, difficulty: str | None, rules: Path | None, tasks: Path | None, **settings: Any
    ) -> Any:
        """As `rao_lab.environments.named.HasOptions` says: with a file, an `AggregationFile`."""
        if rules is None and tasks is None:
            return super().from_options(player, difficulty, None, None, **settings)
        if rules is not None and tasks is not None:
            raise ConfigError(
                "--data and --tasks are both given: aggregation reads one file, in the format of Oolong"
            )
        check_settings("aggregation of a file", settings, [*signature(cls.from_files).parameters][1:])
        return cls.from_files(rules or tasks or "", difficulty or "all", **settings)

    @property
    def variant(self) -> str:
        return f"{self.preset.name}-{self.seed}" + ("" if self.lines is None else f"-{self.lines}")

    def draw(self, difficulty: str, split: str, rng: Random) -> tuple[str, Mapping[str, Any]]:
        size = self.lines or rng.choice(self.preset.lines[difficulty])
        key, asked = self.preset.draw(size, split, rng)
        data = {"preset": self.preset.name, "lines": size, "key": key, "split": split, "question": asked}
        return launch_for(asked, 0, size, self.preset.skill.hint(asked)).goal, data

    def _read(self, task: Task) -> tuple[Made, str]:
        """The context and the question of a task."""
        key, size, split, asked = (task.data.get(name) for name in ("key", "lines", "split", "question"))
        texts = isinstance(key, str) and isinstance(split, str) and isinstance(asked, str)
        own = texts and split in SPLITS and task.data.get("preset") == self.preset.name
        if not own or type(size) is not int or not 0 < size <= MAX_LINES:
            if "context" in task.data:
                raise InputError(
                    f"task {quoted(task.id)} is of a file, and this is the made-up world: give the file (--data FILE), "
                    "or in Python Aggregation.from_files"
                )
            raise InputError(
                f"task {quoted(task.id)} is no task of aggregation with preset={self.preset.name!r}: its data need "
                "preset, lines, key, split and question"
            )
        return self._context(str(key), size, str(split)), str(asked)

    def _context(self, key: str, size: int, split: str) -> Made:
        if (key, size, split) not in self._contexts:
            while len(self._contexts) >= KEPT or sum(each[1] for each in self._contexts) > KEPT_LINES:
                self._contexts.pop(next(iter(self._contexts)))
            self._contexts[key, size, split] = self.preset.make(key, size, split)
        return self._contexts[key, size, split]

    def open(self, task: Task) -> LinesWorld:
        context, asked = self._read(task)
        return LinesWorld(
            context, asked, self.at_once, self.preset.can_find, self.guard_own_goal, self.partial
        )

    def play(self, request: TurnRequest, style: str, mistakes: Random | None) -> Action:
        now = script.read(request, style, self.preset.leaf, self.at_once)
        skill = self.preset.skill
        return Action(
            *(script.next_turn(now, skill) if mistakes is None else mistaken_turn(now, skill, mistakes))
        )

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        context, asked = self._read(task)
        return flat_plan(context, asked, self.at_once, self.preset.searches(asked))

    def _program(self, task: Task) -> str:
        assert self.preset.program is not None
        return self.preset.program(self._read(task)[1], self.at_once)

    def labels(self, task: Task) -> Mapping[str, str | int]:
        """The kind of question, and how many lines the context has."""
        return {"kind": self.preset.kind(task.data["question"]), "lines": task.data["lines"]}

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return words.short_goal(args)

    def short_result(self, call: Call) -> str:
        return words.short_result(call)
