"""TextCraft: craft items with meaningless names from recipes that must be looked up.

Tasks come from our own generator (`textcraft_book.py`) or from files in the format of TextCraft-Synth
(`textcraft_files.py`). A task carries the recipes it needs, so that a world opens from the task alone.
It knows no policy and no executor.

    task.data = {"targets": {item: count}, "inventory": {item: count},
                 "recipes": {item: [{ingredient: count}, result_count]}, "origin": name in the book}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from random import Random
from typing import Any, overload

from rao_lab.checked import MOST_SEED, flag, number, plainly, quoted, whole
from rao_lab.environments.textcraft_book import SPLITS, Book, closure, fits, make_book, preset
from rao_lab.environments.textcraft_world import CraftWorld, goal_text
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.recipes import Recipe, separate_demand
from rao_lab.tree import Task

MAX_COUNT = 1_000_000_000
"""Largest count that a task's data may hold."""
DRAWS = 500
"""Items drawn for one task before it is clear that so many targets do not fit."""
SIZES = {"train": 10_000, "dev": 300, "test": 300}
"""Tasks per difficulty and split."""


class TaskList(Sequence[Task]):
    """Tasks made from their number when asked for; the same number gives the same task."""

    def __init__(self, size: int, make: Callable[[int], Task]) -> None:
        self._size = size
        self._make = make

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> TaskList: ...
    def __getitem__(self, index: int | slice) -> Task | TaskList:
        if isinstance(index, slice):
            chosen = range(self._size)[index]
            return TaskList(len(chosen), lambda number: self._make(chosen[number]))
        if not -self._size <= index < self._size:
            raise IndexError(f"there is no task {index}: there are {self._size}")
        return self._make(index % self._size)

    def __repr__(self) -> str:
        return f"<{self._size} tasks>"


class TextCraft:
    """An `Environment`.

    Args:
        difficulty: a band (easy, medium, hard, extreme), several ("easy,medium" or a list; their
            tasks alternate) or "all".
        seed: of the recipe book and of all tasks.
        preset: "small" (short names, small numbers; what the embedded policy speaks) or "paper".
        slack: how many more of each needed base item the inventory holds than a plan needs that
            delegates each ingredient by itself.
        targets: number of different target items per task.
        result_counts: yield of one execution -> weight; None = the preset's. {1: 1} = always 1.
        guard_own_goal, guard_base_item: the guards of decision 12.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "textcraft"

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
        self.difficulties = _difficulties(difficulty, settings.bands)
        self.bands: dict[str, tuple[int, int]] = {band: settings.bands[band] for band in self.difficulties}
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
        self._files: Sequence[Task] | None = None
        self._book: Book | None = None

    @classmethod
    def from_files(
        cls,
        recipes: str | PathLike[str],
        tasks: str | PathLike[str],
        difficulty: str | Sequence[str] = "all",
        guard_own_goal: bool = True,
        guard_base_item: bool = True,
    ) -> TextCraft:
        """Reads recipes (JSON) and tasks (JSON lines), gzipped or not. The file is every split.

        Raises:
            InputError: naming the file, the line and what is wrong.
            MissingError: there is no such file, or it holds no task of that difficulty.
        """
        from rao_lab.environments.textcraft_files import read_tasks

        env = cls("all", preset="paper", guard_own_goal=guard_own_goal, guard_base_item=guard_base_item)
        found = read_tasks(recipes, tasks)
        env.difficulties = _difficulties(difficulty, dict.fromkeys([*env.bands, *found.difficulties]))
        env.bands = {
            band: found.difficulties[band] for band in env.difficulties if band in found.difficulties
        }
        env._files = found.only(env.difficulties)
        if not env._files:
            raise MissingError(
                f"{plainly(str(tasks))}: no task of difficulty {plainly(str(difficulty))}; "
                f"has {_listed(found.difficulties)}"
            )
        return env

    @property
    def book(self) -> Book:
        """The recipe book, made on first use."""
        if self._book is None:
            self._book = make_book(self.preset, self.seed, max(high for _, high in self.bands.values()))
        return self._book

    def tasks(self, split: str) -> Sequence[Task]:
        if split not in SPLITS:
            raise MissingError(f"no split {quoted(split)}: there are {', '.join(SPLITS)}")
        if self._files is not None:
            return self._files
        return TaskList(SIZES[split] * len(self.difficulties), lambda index: self._make(split, index))

    def open(self, task: Task) -> CraftWorld:
        return open_task(task, **self.guards)

    def __repr__(self) -> str:
        bands = ", ".join(f"{band} {low}-{high}" for band, (low, high) in self.bands.items())
        made = f"{self.preset.name}, seed={self.seed}, slack={self.slack}"
        source = made if self._files is None else f"{len(self._files)} tasks of a file"
        off = [name for name, on in self.guards.items() if not on]
        return f"TextCraft({source}; tiers: {bands}{'; off: ' + ', '.join(off) if off else ''})"

    def _make(self, split: str, index: int) -> Task:
        band = self.difficulties[index % len(self.difficulties)]
        number = index // len(self.difficulties)
        rng = Random(f"task|{self.preset.name}|{self.seed}|{band}|{split}|{number}|{self.targets}")
        book = self.book
        origin = self._draw_targets(band, split, rng)
        data = _task_data(book, origin, self.slack, rng)
        return Task(
            id=f"textcraft/{self.preset.name}-{self.seed}/{band}/{split}/{number}",
            goal=goal_text(data["targets"]),
            difficulty=band,
            split=split,
            data=data,
        )

    def _draw_targets(self, band: str, split: str, rng: Random) -> dict[str, int]:
        """Targets in the book's names, counts as large as fit."""
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


def open_task(task: Task, guard_own_goal: bool = True, guard_base_item: bool = True) -> CraftWorld:
    """A fresh world for a task of this environment.

    Raises:
        InputError: its data are not.
    """
    where = f"task {quoted(task.id)}"
    data = task.data
    for key in ("targets", "inventory", "recipes"):
        if not isinstance(data.get(key), Mapping):
            raise InputError(f"{where} is no TextCraft task: its data have no {key!r}")
    targets = item_counts(data["targets"], f"{where}: targets", least=1)
    if not targets:
        raise InputError(f"{where}: targets is empty: name at least one item to craft")
    recipes = {item: _recipe(item, value, where) for item, value in data["recipes"].items()}
    inventory = item_counts(data["inventory"], f"{where}: inventory", least=0)
    return CraftWorld(recipes, inventory, targets, guard_own_goal, guard_base_item)


def _recipe(item: str, value: Any, where: str) -> Recipe:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise InputError(f"{where}: the recipe of {quoted(item)} must be [ingredients, result_count]")
    ingredients, yielded = value
    found = item_counts(ingredients, f"{where}: the recipe of {quoted(item)}", least=1)
    return Recipe(found, item_counts({item: yielded}, f"{where}: result_count", least=1)[item])


def item_counts(value: Any, what: str, least: int) -> dict[str, int]:
    """Checks that plain data are a dict of names to whole numbers.

    Raises:
        InputError: they are not.
    """
    if not isinstance(value, Mapping):
        raise InputError(f"{what} must map items to counts, not be a {type(value).__name__}")
    for name, count in value.items():
        if not isinstance(name, str) or not 0 < len(name) <= 100:
            raise InputError(f"{what}: an item's name must be text of 1 to 100 characters")
        if isinstance(count, bool) or not isinstance(count, int) or not least <= count <= MAX_COUNT:
            raise InputError(
                f"{what}: the count of {name!r} must be a whole number from {least} to {MAX_COUNT}"
            )
    return dict(value)


def _task_data(book: Book, origin: Mapping[str, int], slack: int, rng: Random) -> dict[str, Any]:
    settings = book.preset
    needed = closure(book.recipes, origin)
    demand, _ = separate_demand(book.recipes, origin)
    inventory = {item: count + slack for item, count in demand.base.items()}
    extra = _distractors(book, needed, rng)
    for item in extra:
        if item not in book.recipes or rng.random() < 0.5:
            inventory[item] = rng.randint(1, 3)
    items = [*needed, *extra]
    if settings.vocabulary:
        rename = dict(zip(items, rng.sample(settings.vocabulary, len(items)), strict=True))
    else:
        rename = {item: item for item in items}
    recipes = {
        rename[item]: [
            {rename[name]: count for name, count in recipe.ingredients.items()},
            recipe.result_count,
        ]
        for item in items
        if (recipe := book.recipes.get(item)) is not None
    }
    return {
        "targets": {rename[item]: count for item, count in origin.items()},
        "inventory": {
            rename[item]: count for item, count in sorted(inventory.items(), key=lambda p: rename[p[0]])
        },
        "recipes": dict(sorted(recipes.items())),
        "origin": dict(origin),
    }


def _distractors(book: Book, needed: Sequence[str], rng: Random) -> list[str]:
    """Items that the targets do not need: one of tier 1 with its ingredients, the rest base items."""
    settings = book.preset
    wanted = rng.randint(*settings.distractors)
    room = len(settings.vocabulary) - len(needed) if settings.vocabulary else wanted
    found: dict[str, None] = {}
    crafted = rng.choice(book.tiers[1])
    if crafted not in needed:
        fresh = [name for name in (crafted, *book.recipes[crafted].ingredients) if name not in needed]
        if len(fresh) <= room:
            found.update(dict.fromkeys(fresh))
    base = [item for item in book.tiers[0] if item not in needed and item not in found]
    found.update(
        dict.fromkeys(rng.sample(base, max(0, min(wanted - len(found), len(base), room - len(found)))))
    )
    return list(found)


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


def _difficulties(difficulty: str | Sequence[str], bands: Mapping[str, Any]) -> tuple[str, ...]:
    given = difficulty.split(",") if isinstance(difficulty, str) else difficulty
    listed = isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given)
    chosen = tuple(dict.fromkeys(name.strip() for name in given)) if listed else ()
    if chosen == ("all",):
        return tuple(bands)
    if not chosen or not bands.keys() >= set(chosen):
        raise ConfigError(
            f"difficulty={quoted(difficulty)} means nothing: choose from {_listed(bands)} or all"
        )
    return chosen


def _listed(names: Iterable[str]) -> str:
    """Names that may come from a file."""
    return plainly(", ".join(names))
