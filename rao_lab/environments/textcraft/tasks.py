"""Tasks of TextCraft: made from a book when asked for, and opened again from their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.environments.textcraft.book import Book, closure
from rao_lab.environments.textcraft.recipes import Recipe, separate_demand
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.errors import InputError
from rao_lab.tree import Task

MAX_COUNT = 1_000_000_000
"""Largest count that a task's data may hold."""


def open_task(task: Task, guard_own_goal: bool = True, guard_base_item: bool = True) -> CraftWorld:
    """A fresh world for a task of this environment.

    Raises:
        InputError: the task's data are not of this environment.
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
    """The value, if it is a dict from names to whole numbers of at least `least`.

    Raises:
        InputError: it is not.
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


def task_data(book: Book, origin: Mapping[str, int], slack: int, rng: Random) -> dict[str, Any]:
    """The data of a task whose targets are `origin` in the book's names; see `environment.py`."""
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
    """Items that the targets do not need: one of tier 1 with its ingredients, the others base items."""
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
