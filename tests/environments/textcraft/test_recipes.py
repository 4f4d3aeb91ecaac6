"""The arithmetic of demand, worked out by hand."""

from __future__ import annotations

import pytest

from rao_lab.environments.textcraft.recipes import Demand, Recipe, heights, separate_demand, summed_demand
from rao_lab.errors import InputError

# lamp <- 2 wire + 1 bulb, bulb <- 1 wire + 3 glass, 4 wire <- 1 ore
RECIPES = {
    "lamp": Recipe({"wire": 2, "bulb": 1}),
    "bulb": Recipe({"wire": 1, "glass": 3}),
    "wire": Recipe({"ore": 1}, 4),
}


def test_height_is_the_longest_way_down():
    assert heights(RECIPES, ["lamp"]) == {"lamp": 3, "bulb": 2, "wire": 1, "ore": 0, "glass": 0}


def test_an_item_that_needs_itself_is_refused():
    with pytest.raises(InputError, match="circle"):
        heights({"a": Recipe({"b": 1}), "b": Recipe({"a": 1})}, ["a"])


def test_an_item_that_is_its_own_ingredient_is_refused():
    with pytest.raises(InputError, match="circle"):
        heights({"a": Recipe({"a": 1})}, ["a"])


def test_a_chain_of_ten_thousand_is_no_recursion():
    chain = {f"i{n}": Recipe({f"i{n - 1}": 1}) for n in range(1, 10_001)}
    assert heights(chain, ["i10000"])["i10000"] == 10_000


def test_all_uses_are_added_up_before_rounding():
    # 2 lamps: 2 bulbs; wire 4 + 2 = 6 -> 2 executions = 8 of 2 ore; glass 6.
    demand = summed_demand(RECIPES, {"lamp": 2})
    assert demand == Demand({"wire": 8, "bulb": 2, "lamp": 2}, {"ore": 2, "glass": 6}, {})
    assert list(demand.made) == ["wire", "bulb", "lamp"]


def test_each_use_is_rounded_by_itself_if_orders_are_separate():
    # 1 lamp: orders wire 2 -> 4 of 1 ore, bulb 1, and for it wire 1 -> 4 of 1 ore. Orders: 3.
    demand, orders = separate_demand(RECIPES, {"lamp": 1})
    assert demand == Demand({"wire": 8, "bulb": 1, "lamp": 1}, {"ore": 2, "glass": 3}, {})
    assert orders == 3


def test_stock_is_used_first():
    demand = summed_demand(RECIPES, {"lamp": 1}, {"bulb": 1, "ore": 9})
    assert demand == Demand({"wire": 4, "lamp": 1}, {"ore": 1}, {"bulb": 1})


def test_the_stock_of_a_target_is_not_used():
    # Targets are in addition to what is owned: eating the owned wire would have to be made good.
    demand = summed_demand(RECIPES, {"bulb": 1, "wire": 1}, {"wire": 5})
    assert demand == Demand({"wire": 4, "bulb": 1}, {"ore": 1, "glass": 3}, {})


def test_forged_recipes_cannot_list_orders_without_end():
    tangle = {
        f"i{n}": Recipe({f"i{n - 1}": 10_007 + n, f"i{n - 2}" if n > 1 else "x": 9_973 - n})
        for n in range(1, 60)
    }
    with pytest.raises(InputError, match="tangled"):
        separate_demand(tangle, {"i59": 1})
