"""Reads recipes and tasks in the format of TextCraft-Synth. Each error names the file, the line and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from os import PathLike
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.environments.drawn import TaskList
from rao_lab.environments.reading import Ids, Wrong, json_of, lines_of, path_of, said, text_of
from rao_lab.environments.textcraft.book import closure
from rao_lab.environments.textcraft.recipes import Recipe, heights
from rao_lab.environments.textcraft.tasks import MAX_COUNT, item_counts
from rao_lab.environments.textcraft.world import goal_text
from rao_lab.errors import InputError
from rao_lab.tree import Task

MAX_ITEMS = 2_000_000
"""Counts of items that all tasks of a file may hold together: a hundred bytes each, once they are read."""


@dataclass(frozen=True)
class FoundTasks:
    """What a task file holds. A task gets its recipes when it is asked for."""

    recipes: Mapping[str, Recipe]
    lines: Sequence[Task]
    """Tasks without recipes."""
    difficulties: Mapping[str, tuple[int, int]]
    """Difficulty -> lowest and highest tier of its targets."""

    @property
    def digest(self) -> str:
        """Differs if recipes or tasks do."""
        digest = blake2b(repr(sorted(self.recipes.items())).encode("utf-8", "replace"), digest_size=8)
        for task in self.lines:
            digest.update(repr(task).encode("utf-8", "replace"))
        return digest.hexdigest()

    def only(self, difficulties: Sequence[str]) -> Sequence[Task]:
        chosen = [task for task in self.lines if task.difficulty in difficulties]
        return TaskList(len(chosen), lambda index: _with_recipes(chosen[index], self.recipes))


def read_tasks(recipes: str | PathLike[str], tasks: str | PathLike[str]) -> FoundTasks:
    """Reads both files and checks them against each other.

    Raises:
        InputError, MissingError: see `TextCraft.from_files`.
    """
    book = read_recipes(recipes)
    height = heights(book, book)
    path = path_of(tasks)
    found: list[Task] = []
    bands: dict[str, tuple[int, int]] = {}
    room, ids, wrong = MAX_ITEMS, Ids(), Wrong()
    for number, line in lines_of(path, wrong):
        where = f"{said(path)}, line {number}"
        with wrong.line():
            # Ids go into run files, which hold no paths.
            task = _task(json_of(line, where), f"{path.name}/{number}", where, book)
            ids.add(task.id, number, where)
            tier = max(height[item] for item in task.data["targets"])
            low, high = bands.get(task.difficulty, (tier, tier))
            bands[task.difficulty] = (min(low, tier), max(high, tier))
            found.append(task)
            room -= 1 + len(task.data["targets"]) + len(task.data["inventory"])
        if room < 0:
            raise InputError(f"{where}: the tasks hold more than {MAX_ITEMS} counts of items: split the file")
    wrong.check()
    if not found:
        raise InputError(f"{said(path)} holds no tasks: expected one JSON object a line")
    return FoundTasks(book, found, bands)


def read_recipes(file: str | PathLike[str]) -> dict[str, Recipe]:
    """Recipes by item.

    Raises:
        InputError, MissingError: see `TextCraft.from_files`.
    """
    path = path_of(file)
    name = said(path)
    value = json_of(text_of(path), name, "give one JSON object or list")
    entries = value.get("recipes") if isinstance(value, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise InputError(f'{name} must be a JSON object with "recipes": {{item: [recipe]}}')
    recipes = {}
    for item, choices in entries.items():
        where = f"{name}: the recipe of {quoted(item)}"
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
            raise InputError(f"{where} must be a list of one object (one recipe an item)")
        ingredients = item_counts(choices[0].get("ingredients"), where, least=1)
        if not ingredients:
            raise InputError(f"{where} has no ingredients")
        yielded = item_counts({item: choices[0].get("result_count", 1)}, f"{where}, result_count", least=1)
        recipes[item] = Recipe(ingredients, yielded[item])
    try:
        heights(recipes, recipes)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return recipes


def _task(value: Any, default_id: str, where: str, recipes: Mapping[str, Recipe]) -> Task:
    if not isinstance(value, dict) or not isinstance(value.get("misc"), dict):
        raise InputError(f'{where}: a task must be an object with "misc"')
    misc = value["misc"]
    targets = item_counts(misc.get("target_items"), f"{where}: target_items", least=1)
    if not targets:
        raise InputError(f"{where}: target_items is empty: name at least one item")
    for item in targets:
        if item not in recipes:
            raise InputError(f"{where}: no recipe makes the target {quoted(item)}")
    inventory = item_counts(misc.get("initial_inventory"), f"{where}: initial_inventory", least=0)
    steps = value.get("max_steps")
    if steps is not None and (
        isinstance(steps, bool) or not isinstance(steps, int) or not 0 < steps <= MAX_COUNT
    ):
        raise InputError(f"{where}: max_steps must be a whole number, at least 1")
    texts = {
        "id": value.get("id", default_id),
        "goal": value.get("goal", goal_text(targets)),
        "difficulty": misc.get("difficulty", "unknown"),
    }
    for name, text in texts.items():
        if not isinstance(text, str) or len(text) > 10_000:
            raise InputError(f"{where}: {name} must be a text of at most 10,000 characters")
    data = {"targets": targets, "inventory": inventory, "origin": targets}
    return Task(texts["id"], texts["goal"], texts["difficulty"], "file", steps, data)


def _with_recipes(task: Task, recipes: Mapping[str, Recipe]) -> Task:
    """The task with the recipes that it or its inventory needs."""
    data = task.data
    wanted = {**data["inventory"], **data["targets"]}
    needed = {
        item: [dict(recipe.ingredients), recipe.result_count]
        for item in closure(recipes, wanted)
        if (recipe := recipes.get(item)) is not None
    }
    return Task(task.id, task.goal, task.difficulty, task.split, task.max_steps, {**data, "recipes": needed})
