"""TextCraft: craft items with meaningless names from recipes that must be looked up.

Tasks come from our own generator (`book.py`, `tasks.py`) or from files in the format of TextCraft-Synth
(`files.py`). A task carries the recipes it needs, so that a world opens from the task alone.

    task.data = {"targets": {item: count}, "inventory": {item: count},
                 "recipes": {item: [{ingredient: count}, result_count]}, "origin": name in the book}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from random import Random
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import facts_html
from rao_lab.base.checks import MOST_SEED, flag, number, whole
from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.environments.asked import chosen_of
from rao_lab.environments.drawn import SIZES, TaskList, check_settings, check_split, choose, own_name
from rao_lab.environments.named import Player, flag_of
from rao_lab.environments.textcraft.book import Book, closure, fits, make_book, preset
from rao_lab.environments.textcraft.files import read_tasks
from rao_lab.environments.textcraft.mistakes import mistaken_turn
from rao_lab.environments.textcraft.oracle import flat_plan
from rao_lab.environments.textcraft.program import program
from rao_lab.environments.textcraft.recipes import heights
from rao_lab.environments.textcraft.script import next_turn
from rao_lab.environments.textcraft.situation import STYLES, read
from rao_lab.environments.textcraft.tasks import MAX_COUNT, open_task, task_data
from rao_lab.environments.textcraft.words import short_goal, short_result
from rao_lab.environments.textcraft.world import CraftWorld, goal_text
from rao_lab.errors import ConfigError
from rao_lab.protocols import Action, TurnRequest
from rao_lab.tree import Call, Task

DRAWS = 500
"""Items drawn for one task before so many targets are said not to fit."""
SUITED: Mapping[Player, str] = {"tiny": "medium", "chat": "easy", "scripted": "medium"}
"""The difficulty that suits each kind of policy. Nothing else depends on who plays."""
OWN = ("seed", "preset", "slack", "targets", "result_counts", "guard_own_goal", "guard_base_item")
"""Arguments beside the difficulty."""
GUARDS = ("guard_own_goal", "guard_base_item")


@checked_call
class TextCraft:
    """An `Environment` that is `Graded`, `Labelled`, `Scripted`, `Planned`, `Programmed` and `Worded`.

    Args:
        difficulty: a band (easy, medium, hard, extreme), several ("easy,medium" or a list) or "all". The
            tasks of several bands alternate.
        seed: of the recipe book and of all tasks.
        preset: "small" (short names and small numbers, which the embedded policy knows) or "paper".
        slack: how many more of each base item the inventory holds than are needed if every ingredient is
            delegated by itself.
        targets: number of different target items per task.
        result_counts: yield of one execution -> weight; None = the preset's. {1: 1} = always 1.
        guard_own_goal: refuse a launch for one's own goal or that of a node above.
        guard_base_item: refuse a launch for base items alone.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "textcraft"
    styles = STYLES

    def __init__(
        self,
        difficulty: str | Sequence[str] = "medium",
        seed: int = 0,
        preset: str = "small",
        slack: int = 3,
        targets: int = 1,
        result_counts: Mapping[int, float] | None = None,
        guard_own_goal: bool = True,
        guard_base_item: bool = True,
    ) -> None:
        settings = _preset(preset, result_counts)
        self._chosen = choose(difficulty, settings.bands)
        """Chosen difficulties, in the order in which their tasks alternate."""
        self.bands: dict[str, tuple[int, int]] = {band: settings.bands[band] for band in self._chosen}
        """Chosen difficulty -> lowest and highest tier of its targets."""
        whole("slack", slack, least=0, most=MAX_COUNT // 2)
        whole("targets", targets, least=1, most=DRAWS)
        self.seed = whole("seed", seed, least=-MOST_SEED, most=MOST_SEED)
        self.preset = settings
        self.slack = slack
        self.targets = targets
        self.guards = {
            "guard_own_goal": flag("guard_own_goal", guard_own_goal),
            "guard_base_item": flag("guard_base_item", guard_base_item),
        }
        self._given = {"seed": seed, "preset": preset, "slack": slack, "targets": targets, **self.guards}
        if result_counts is not None:
            self._given["result_counts"] = dict(result_counts)
        self._files: Sequence[Task] | None = None
        self._names: dict[str, str] = {}
        """Of the files: of their recipes and of their tasks."""
        self._book: Book | None = None

    @classmethod
    @checked_call
    def from_files(
        cls,
        recipes: str | PathLike[str],
        tasks: str | PathLike[str],
        difficulty: str | Sequence[str] = "all",
        guard_own_goal: bool = True,
        guard_base_item: bool = True,
    ) -> TextCraft:
        """Reads recipes (JSON) and tasks (JSON lines), gzipped or not. Every split has all tasks of the file.

        Raises:
            InputError: naming the file, the line and what is wrong.
            MissingError: there is no such file.
            ConfigError: it holds no task of that difficulty.
        """
        env = cls("all", preset="paper", guard_own_goal=guard_own_goal, guard_base_item=guard_base_item)
        found = read_tasks(recipes, tasks)
        there = (task.difficulty for task in found.lines)
        env._chosen = chosen_of(there, difficulty, env.bands, str(tasks))
        env.bands = {band: found.difficulties[band] for band in env._chosen}
        env._files = found.only(env._chosen)
        env._names = {"rules": str(recipes), "tasks": str(tasks), "digest": found.digest}
        return env

    @classmethod
    def suited(cls, player: Player, **settings: Any) -> TextCraft:
        """The difficulty that suits a kind of policy; `settings` as above, over it."""
        return cls(**{"difficulty": SUITED[player], **settings})

    @classmethod
    def from_options(
        cls, player: Player, difficulty: str | None, rules: Path | None, tasks: Path | None, **settings: Any
    ) -> TextCraft:
        if (rules is None) != (tasks is None):
            missing = flag_of("rules" if rules is None else "tasks", cls.name)
            raise ConfigError(f"{missing} is missing: recipes and tasks come as two files")
        own = OWN if rules is None else GUARDS
        check_settings("textcraft" if rules is None else "textcraft of files", settings, own)
        if rules is not None and tasks is not None:
            return cls.from_files(rules, tasks, difficulty or "all", **settings)
        return cls.suited(player, **({"difficulty": difficulty} if difficulty else {}), **settings)

    @property
    def opened(self) -> Mapping[str, Any]:
        """How it can be opened again: see `rao_lab.environments.named.Reopened`."""
        return {
            "env": own_name(self),
            "difficulty": ",".join(self._chosen),
            **self._names,
            "settings": dict(self.guards if self._names else self._given),
        }

    @property
    def difficulties(self) -> Sequence[str]:
        names = dict.fromkeys([*self.preset.bands, *self._chosen])
        return [name for name in names if name in self._chosen]

    @property
    def book(self) -> Book:
        """The recipe book, made on first use."""
        if self._book is None:
            self._book = make_book(self.preset, self.seed, max(high for _, high in self.bands.values()))
        return self._book

    def tasks(self, split: str) -> Sequence[Task]:
        check_split(split)
        if self._files is not None:
            return self._files
        return TaskList(SIZES[split] * len(self._chosen), lambda index: self._make(split, index))

    def open(self, task: Task) -> CraftWorld:
        return open_task(task, **self.guards)

    def play(self, request: TurnRequest, style: str, mistakes: Random | None) -> Action:
        now = read(request, style)
        thought, code = next_turn(now) if mistakes is None else mistaken_turn(now, mistakes)
        return Action(thought, code)

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        *calls, last, finish = flat_plan(task)
        return [*([call] for call in calls), [last, finish]]

    def labels(self, task: Task) -> Mapping[str, str | int]:
        """The target item as the book names it, and its tier; of several, all of them and the highest tier."""
        world = open_task(task)
        named = task.data.get("origin")
        items = named if isinstance(named, Mapping) else world.targets
        tiers = heights(world.recipes, world.targets)
        return {
            "item": "+".join(sorted(map(str, items))),
            "tier": max(tiers[item] for item in world.targets),
        }

    def flat_program(self, task: Task) -> str:
        return program(open_task(task).targets)

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return short_goal(args)

    def short_result(self, call: Call) -> str:
        return short_result(call)

    def _repr_html_(self) -> str:
        tiers = {f"tier of {band} tasks": f"{low} to {high}" for band, (low, high) in self.bands.items()}
        source = f"{len(self._files):,} of a file" if self._files is not None else f"made, seed {self.seed}"
        guards = {name.replace("_", " "): "on" if on else "off" for name, on in self.guards.items()}
        return facts_html(f"TextCraft, {self.preset.name}", {"tasks": source, **tiers, **guards})

    def __repr__(self) -> str:
        bands = ", ".join(f"{band} {low}-{high}" for band, (low, high) in self.bands.items())
        made = f"{self.preset.name}, seed={self.seed}, slack={self.slack}"
        source = made if self._files is None else f"{counted(len(self._files), 'task')} of a file"
        off = [name for name, on in self.guards.items() if not on]
        return f"TextCraft({source}; tiers: {bands}{'; off: ' + ', '.join(off) if off else ''})"

    def _make(self, split: str, index: int) -> Task:
        band = self._chosen[index % len(self._chosen)]
        number = index // len(self._chosen)
        rng = Random(f"task|{self.preset.name}|{self.seed}|{band}|{split}|{number}|{self.targets}")
        book = self.book
        origin = self._draw_targets(band, split, rng)
        data = task_data(book, origin, self.slack, rng)
        return Task(
            id=f"textcraft/{self.preset.name}-{self.seed}/{band}/{split}/{number}",
            goal=goal_text(data["targets"]),
            difficulty=band,
            split=split,
            data=data,
        )

    def _draw_targets(self, band: str, split: str, rng: Random) -> dict[str, int]:
        """Targets in the book's names, with counts as large as fit."""
        book, settings = self.book, self.preset
        low, high = self.bands[band]
        chosen: dict[str, int] = {}
        for _ in range(DRAWS):
            item = rng.choice(book.targets(rng.randint(low, high), split))
            if item in chosen:
                continue
            wanted = rng.choice(settings.goal_counts)
            for count in range(wanted, 0, -1):
                more = {**chosen, item: count}
                small = len(closure(book.recipes, more)) <= settings.max_items
                if small and fits(settings, book.recipes, more):
                    chosen = more
                    break
            if len(chosen) == self.targets:
                return chosen
        raise ConfigError(
            f"targets={self.targets} do not fit into one task of preset={settings.name!r} and difficulty "
            f"{band}: write fewer, an easier difficulty or another preset"
        )


def _preset(name: str, result_counts: Mapping[int, float] | None) -> Any:
    settings = preset(name)
    if result_counts is None:
        return settings
    if not isinstance(result_counts, Mapping):
        raise ConfigError(f"result_counts={quoted(result_counts)} means nothing: map counts to weights")
    for count, weight in result_counts.items():
        whole("a count of result_counts", count, least=1, most=settings.max_amount)
        number(f"the weight of {count} in result_counts", weight)
    if not sum(result_counts.values()) > 0:
        raise ConfigError("result_counts needs at least one count with a weight above 0")
    return replace(settings, result_counts=dict(result_counts))
