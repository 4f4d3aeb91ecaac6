"""Turns of the script that go wrong, in the ways of people and small models, so that views have something to show.

A mistake is a whole turn. It is drawn from the mistakes that make sense at this point of a node's work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from rao_lab.environments.textcraft.recipes import Recipe
from rao_lab.environments.textcraft.script import craft_line, delegate, finish_line, launch, listed
from rao_lab.environments.textcraft.situation import Situation

Mistake = Callable[[Situation, Random], tuple[str, str]]


def mistaken_turn(now: Situation, rng: Random) -> tuple[str, str]:
    """A thought and code that goes wrong. If there is no code, the turn has no action."""
    return rng.choice(_sensible(now))(now, rng)


def _sensible(now: Situation) -> Sequence[Mistake]:
    if now.unread() or not now.left():
        return _LOOKING
    demand, missing = now.plan()
    if not demand.made:
        return _LOOKING
    if now.alone or not missing:
        return _CRAFTING
    unfit: dict[Mistake, bool] = {_forget_one: len(missing) < 2, _base_item: not _base_items(now)}
    return [kind for kind in _DELEGATING if not unfit.get(kind)]


# Looking up.


def _text_for_list(now: Situation, rng: Random) -> tuple[str, str]:
    return "I look it up.", f'print(get_info("{next(iter(now.targets))}"))'


def _misspelt(now: Situation, rng: Random) -> tuple[str, str]:
    return "Let me see the recipe.", f'print(get_recipe("{next(iter(now.targets))}"))'


def _no_code(now: Situation, rng: Random) -> tuple[str, str]:
    return f"I should craft {listed(now.targets)}. First I would look at the recipe.", ""


# Delegating.


def _premature(now: Situation, rng: Random) -> tuple[str, str]:
    item, count = next(iter(now.plan()[0].made.items()))
    return "I think I have what I need, so I craft at once.", craft_line(now.recipes[item], item, count)


def _forget_one(now: Situation, rng: Random) -> tuple[str, str]:
    missing = now.plan()[1]
    forgotten = rng.choice([*missing])
    return delegate(now, {item: count for item, count in missing.items() if item != forgotten})


def _wrong_amount(now: Situation, rng: Random) -> tuple[str, str]:
    missing = now.plan()[1]
    wrong = rng.choice([*missing])
    return delegate(now, {**missing, wrong: max(1, missing[wrong] + rng.choice((-1, 1)))})


def _twice(now: Situation, rng: Random) -> tuple[str, str]:
    item, count = next(iter(now.plan()[1].items()))
    one = launch({item: count}, "")
    thought = f"I ask two helpers for {count}x {item}, to be safe."
    return thought, f"import asyncio\n\nprint(await asyncio.gather({one}, {one}))"


def _one_after_another(now: Situation, rng: Random) -> tuple[str, str]:
    missing = now.plan()[1]
    lines = [f"print(await {launch({item: count}, '')})" for item, count in missing.items()]
    return f"I need {listed(missing)}: one helper after another.", "\n".join(lines)


def _own_goal(now: Situation, rng: Random) -> tuple[str, str]:
    return "This is much work. Somebody else should do it.", f"print(await {launch(now.targets, '')})"


def _base_item(now: Situation, rng: Random) -> tuple[str, str]:
    item = rng.choice(_base_items(now))
    return f"A helper can fetch {item} for me.", f"print(await {launch({item: 1}, '')})"


def _base_items(now: Situation) -> list[str]:
    return sorted(item for item in now.seen if item not in now.recipes)


def _no_await(now: Situation, rng: Random) -> tuple[str, str]:
    missing = now.plan()[1]
    return f"A helper makes {listed(missing)}.", f"print({launch(missing, '')})"


# Crafting.


def _lazy(now: Situation, rng: Random) -> tuple[str, str]:
    return "This should be enough.", finish_line(now)


def _wrong_ingredients(now: Situation, rng: Random) -> tuple[str, str]:
    item, count = rng.choice([*now.plan()[0].made.items()])
    recipe = now.recipes[item]
    first = next(iter(recipe.ingredients))
    off = Recipe({**recipe.ingredients, first: recipe.ingredients[first] + 1}, recipe.result_count)
    return f"I craft {count}x {item}.", craft_line(off, item, count)


_LOOKING: Sequence[Mistake] = (_text_for_list, _misspelt, _no_code)
_DELEGATING: Sequence[Mistake] = (
    _premature,
    _forget_one,
    _wrong_amount,
    _wrong_amount,
    _twice,
    _one_after_another,
    _own_goal,
    _base_item,
    _no_await,
)
_CRAFTING: Sequence[Mistake] = (_lazy, _wrong_ingredients)
