"""Recipes and the arithmetic of demand: what must be made so that something can be made.

The world, the oracle and the script share it. Items are names; an item without a recipe is a base item.

There are two ways to add up a demand. They differ if a recipe yields more than one:
`summed_demand` adds all uses of an item, then rounds up to whole executions; `separate_demand` rounds up for
each use, as in a team in which every ingredient is ordered by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError

MAX_ORDERS = 200_000
"""Kinds (item, size) of separate orders that are added up. Only forged recipes have more."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """`ingredients` for one execution, which yields `result_count` of the item."""

    ingredients: Mapping[str, int]
    result_count: int = 1

    def executions(self, count: int) -> int:
        """The fewest executions that yield at least `count`."""
        return -(-count // self.result_count)


Recipes = Mapping[str, Recipe]


@dataclass(frozen=True, slots=True)
class Demand:
    """What a plan makes and what it takes from stock."""

    made: Mapping[str, int]
    """Number made of each craftable item, in an order in which it can be crafted."""
    base: Mapping[str, int]
    """Number used of each base item, in the order in which recipes name it."""
    from_stock: Mapping[str, int]
    """Crafted items that are used and were there already."""


def heights(recipes: Recipes, items: Iterable[str]) -> dict[str, int]:
    """Height of `items` and of everything below them; a base item has height 0.

    Raises:
        InputError: an item is needed to make itself.
    """
    known: dict[str, int] = {}
    open_items: set[str] = set()
    stack = list(items)
    while stack:
        item = stack[-1]
        recipe = recipes.get(item)
        if item in known or recipe is None:
            known.setdefault(item, 0)
            stack.pop()
            continue
        missing = [name for name in recipe.ingredients if name not in known]
        if not missing:
            known[item] = 1 + max((known[name] for name in recipe.ingredients), default=0)
            open_items.discard(item)
            stack.pop()
            continue
        open_items.add(item)
        for name in missing:
            if name in open_items:
                raise InputError(
                    f"the recipe of {quoted(item)} needs {quoted(name)}, which needs it again: a circle"
                )
        stack.extend(missing)
    return known


def summed_demand(
    recipes: Recipes, targets: Mapping[str, int], stock: Mapping[str, int] | None = None
) -> Demand:
    """The least that must be made for `targets`: all uses of an item are added up before rounding.

    Targets come on top of what is owned, so the stock of a target is never used.
    """
    height = heights(recipes, targets)
    needed: Counter[str] = Counter(targets)
    made: dict[str, int] = {}
    from_stock: dict[str, int] = {}
    # From the top down, so that all uses of an item are known when its turn comes.
    for item in sorted(height, key=lambda name: (-height[name], name)):
        recipe = recipes.get(item)
        if recipe is None:
            continue
        taken = 0 if item in targets else min(max(0, (stock or {}).get(item, 0)), needed[item])
        if taken:
            from_stock[item] = taken
        executions = recipe.executions(needed[item] - taken)
        if executions:
            made[item] = executions * recipe.result_count
        for name, count in recipe.ingredients.items():
            needed[name] += count * executions
    base = {item: count for item, count in needed.items() if count and item not in recipes}
    return Demand(dict(reversed(made.items())), base, from_stock)


def separate_demand(recipes: Recipes, targets: Mapping[str, int]) -> tuple[Demand, int]:
    """The demand if each use of each item is an order of its own, and the number of orders.

    The number of orders, plus 1, is the number of nodes of a clean tree, which delegates every ingredient.
    Orders of one item and size are counted and not listed: there may be tens of thousands.
    """
    height = heights(recipes, targets)
    orders: dict[str, Counter[int]] = {item: Counter({count: 1}) for item, count in targets.items()}
    made: dict[str, int] = {}
    total = listed = 0
    for item in sorted(height, key=lambda name: (-height[name], name)):
        recipe = recipes.get(item)
        sizes = orders.get(item, Counter())
        if recipe is None:
            continue
        total += sizes.total()
        listed += len(sizes)
        if listed > MAX_ORDERS:
            raise InputError(
                f"more than {MAX_ORDERS} kinds of orders below {[*targets][:3]}: recipes too tangled"
            )
        for size, times in sizes.items():
            executions = recipe.executions(size)
            made[item] = made.get(item, 0) + executions * recipe.result_count * times
            for name, count in recipe.ingredients.items():
                orders.setdefault(name, Counter())[count * executions] += times
    base = {
        item: sum(size * times for size, times in sizes.items())
        for item, sizes in orders.items()
        if item not in recipes
    }
    return Demand(dict(reversed(made.items())), base, {}), total - len(targets)
