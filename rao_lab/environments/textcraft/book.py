"""Our own recipe books: items in tiers, one book for each preset and seed.

The base items are tier 0. An item of tier t needs one item of tier t - 1, and perhaps a few of lower tiers. A
book is built tier by tier, only as high as it is asked for; how high it gets changes nothing below. Target
items are divided into train, dev and test: no target of one split is a target of another.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from rao_lab.base.checks import choice
from rao_lab.environments.textcraft.recipes import Recipe, heights, separate_demand

TRIES = 60
"""Draws of a recipe that need too much, before the simplest recipe is taken instead."""


@dataclass(frozen=True)
class Preset:
    """How big a world is and how its recipes are drawn."""

    name: str
    bands: Mapping[str, tuple[int, int]]
    """Difficulty -> lowest and highest tier of its targets."""
    per_tier: int
    """Items in each tier; 70 % are targets of train, 15 % of dev, 15 % of test."""
    base_items: int
    kinds: Mapping[int, float]
    """Number of different ingredients -> weight."""
    base_share: float = 0.45
    """Probability that a further ingredient is a base item. Otherwise it comes from any lower tier."""
    reuse: float = 0.2
    """Probability that a further ingredient is one that the first ones need themselves."""
    amounts: Mapping[int, float] = field(default_factory=lambda: {1: 0.8, 2: 0.2})
    """Count of an ingredient -> weight."""
    result_counts: Mapping[int, float] = field(default_factory=lambda: {1: 0.85, 2: 0.12, 3: 0.03})
    max_amount: int = 9
    """The most of one item that a task may make or use: it keeps all numbers small."""
    max_items: int = 40
    """The most items that a target may need, itself included."""
    goal_counts: tuple[int, ...] = (1, 2, 3)
    distractors: tuple[int, int] = (2, 4)
    """Fewest and most items in a task that its targets do not need."""
    vocabulary: tuple[str, ...] = ()
    """Names that each task gives its items anew; empty = items keep their names in the book."""


PRESETS = {
    "small": Preset(
        name="small",
        bands={"easy": (1, 2), "medium": (3, 4), "hard": (5, 7), "extreme": (8, 10)},
        per_tier=160,
        base_items=24,
        kinds={1: 0.25, 2: 0.5, 3: 0.25},
        vocabulary=tuple(f"{letter}{digit}" for letter in "abcdef" for digit in range(8)),
    ),
    "paper": Preset(
        name="paper",
        bands={"easy": (2, 3), "medium": (4, 6), "hard": (7, 9), "extreme": (10, 12)},
        per_tier=60,
        base_items=40,
        kinds={2: 0.3, 3: 0.4, 4: 0.3},
        base_share=0.3,
        amounts={1: 0.88, 2: 0.12},
        result_counts={1: 0.7, 2: 0.2, 3: 0.07, 4: 0.03},
        max_amount=5000,
        max_items=400,
        distractors=(2, 6),
    ),
}


def preset(name: str) -> Preset:
    """A named preset.

    Raises:
        ConfigError: there is none of that name.
    """
    return PRESETS[choice("preset", name, PRESETS)]


@dataclass(frozen=True)
class Book:
    """Recipes, and the items of each tier. `tiers[0]` are the base items."""

    preset: Preset
    seed: int
    tiers: Sequence[Sequence[str]]
    recipes: Mapping[str, Recipe]

    def targets(self, tier: int, split: str) -> Sequence[str]:
        """Items of a tier that may be targets in a split. A tier is in random order already."""
        items = self.tiers[tier]
        first, second = round(len(items) * 0.7), round(len(items) * 0.85)
        return {"train": items[:first], "dev": items[first:second], "test": items[second:]}[split]


def make_book(settings: Preset, seed: int, top: int) -> Book:
    """A book up to tier `top`."""
    letters = "mcoat"
    tiers: list[list[str]] = [[f"{letters[i % 5]}{i // 5}_raw" for i in range(settings.base_items)]]
    recipes: dict[str, Recipe] = {}
    below: dict[str, frozenset[str]] = {item: frozenset() for item in tiers[0]}
    for tier in range(1, top + 1):
        rng = Random(f"book|{settings.name}|{seed}|{tier}")
        items = [f"{letters[i % 5]}{i // 5}_i{tier}" for i in range(settings.per_tier)]
        rng.shuffle(items)
        for item in items:
            recipe = _fitting_recipe(settings, tiers, recipes, below, item, rng)
            recipes[item] = recipe
            below[item] = frozenset(recipe.ingredients).union(*(below[name] for name in recipe.ingredients))
        tiers.append(items)
    return Book(settings, seed, tiers, recipes)


def _fitting_recipe(
    settings: Preset,
    tiers: Sequence[Sequence[str]],
    recipes: dict[str, Recipe],
    below: Mapping[str, frozenset[str]],
    item: str,
    rng: Random,
) -> Recipe:
    """Draws until the item can be made within `max_amount` and `max_items`."""
    for _ in range(TRIES):
        recipe = _draw(settings, tiers, below, rng)
        needed = len(frozenset(recipe.ingredients).union(*(below[name] for name in recipe.ingredients)))
        if needed < settings.max_items and fits(settings, ChainMap({item: recipe}, recipes), {item: 1}):
            return recipe
    # One ingredient, made one at a time, needs no more than that ingredient does, and that fitted.
    return Recipe({rng.choice(tiers[-1]): 1}, 1)


def _draw(
    settings: Preset, tiers: Sequence[Sequence[str]], below: Mapping[str, frozenset[str]], rng: Random
) -> Recipe:
    first = rng.choice(tiers[-1])
    chosen = [first]
    for _ in range(_pick(settings.kinds, rng) - 1):
        roll = rng.random()
        needed = sorted(frozenset().union(*(below[name] for name in chosen)) - {*chosen})
        if needed and roll < settings.reuse:
            chosen.append(rng.choice(needed))
            continue
        tier = 0 if len(tiers) == 1 or rng.random() < settings.base_share else rng.randrange(1, len(tiers))
        fresh = rng.choice(tiers[tier])
        if fresh not in chosen:
            chosen.append(fresh)
    return Recipe({name: _pick(settings.amounts, rng) for name in chosen}, _pick(settings.result_counts, rng))


def _pick(weights: Mapping[int, float], rng: Random) -> int:
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def fits(settings: Preset, recipes: Mapping[str, Recipe], targets: Mapping[str, int]) -> bool:
    """Whether nothing is made or used more than `max_amount` times, even if each use is an order of its own."""
    demand, _ = separate_demand(recipes, targets)
    return all(
        count <= settings.max_amount for amounts in (demand.made, demand.base) for count in amounts.values()
    )


def closure(recipes: Mapping[str, Recipe], targets: Mapping[str, int]) -> list[str]:
    """The targets and everything below them, highest first."""
    height = heights(recipes, targets)
    return sorted(height, key=lambda name: (-height[name], name))
