"""What the crafting world does, refuses and says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rao_lab.environments.textcraft.recipes import Recipe
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.protocols import Launch, Refusal, Score

# lamp <- 2 wire + 1 bulb, bulb <- 1 wire + 3 glass, 4 wire <- 1 ore
RECIPES = {
    "lamp": Recipe({"wire": 2, "bulb": 1}),
    "bulb": Recipe({"wire": 1, "glass": 3}),
    "wire": Recipe({"ore": 1}, 4),
}
STOCK = {"ore": 5, "glass": 9, "sand": 2}


def world(targets: dict[str, int] | None = None, **guards: bool) -> CraftWorld:
    made = CraftWorld(RECIPES, STOCK, targets or {"lamp": 1}, **guards)
    made.enter("0", made.root())
    return made


def call(where: CraftWorld, name: str, *args: Any, path: str = "0", **kwargs: Any) -> Any:
    return where.call(path, name, args, kwargs)


def refused(where: CraftWorld, name: str, *args: Any, **kwargs: Any) -> tuple[str, str]:
    before = where.stock.counts
    with pytest.raises(Refusal) as caught:
        call(where, name, *args, **kwargs)
    assert where.stock.counts == before
    return caught.value.kind, caught.value.message


def not_launched(where: CraftWorld, *args: Any, **kwargs: Any) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        where.admit("0", args, kwargs)
    return caught.value.kind, caught.value.message


# What works.


def test_the_root_is_told_its_goal():
    assert world({"lamp": 2, "wire": 1}).root() == Launch(
        "Craft the following items: 2x lamp, 1x wire", {"targets": {"lamp": 2, "wire": 1}}
    )


def test_get_info_tells_the_recipe_and_what_is_owned():
    assert call(world(), "get_info", ["bulb", "ore"]) == [
        {
            "item": "bulb",
            "craftable": True,
            "ingredients": {"wire": 1, "glass": 3},
            "result_count": 1,
            "have": 0,
            "ingredients_have": {"wire": 0, "glass": 9},
        },
        {
            "item": "ore",
            "craftable": False,
            "ingredients": {},
            "result_count": 0,
            "have": 5,
            "ingredients_have": {},
        },
    ]


def test_crafting_takes_the_scaled_recipe_and_returns_what_was_made():
    where = world()
    assert call(where, "craft", {"ore": 2}, ("wire", 8)) == {"wire": 8}
    assert call(where, "craft", ingredients={"glass": 3, "wire": 1}, target=["bulb", 1]) == {"bulb": 1}
    assert call(where, "view_inventory") == {"bulb": 1, "glass": 6, "ore": 3, "sand": 2, "wire": 7}


def test_a_flat_solution_succeeds():
    where = world()
    call(where, "craft", {"ore": 1}, ("wire", 4))
    call(where, "craft", {"wire": 1, "glass": 3}, ("bulb", 1))
    call(where, "craft", {"wire": 2, "bulb": 1}, ("lamp", 1))
    assert where.leave("0", "done") == Score(1.0, "verifier", 1.0)


def test_targets_are_in_addition_to_what_is_owned():
    where = CraftWorld(RECIPES, {"wire": 9, "ore": 1}, {"wire": 4})
    where.enter("0", where.root())
    assert where.leave("0", "") == Score(0.0, "verifier", 0.0)


def test_the_fraction_counts_units_made_of_units_asked_for():
    where = world({"lamp": 1, "wire": 3})
    call(where, "craft", {"ore": 1}, ("wire", 4))
    assert where.leave("0", "") == Score(0.0, "verifier", 0.75)


def test_what_a_child_makes_counts_for_its_parent_and_what_it_eats_too():
    where = world({"wire": 4})
    where.enter("0.0", where.admit("0", ({"bulb": 1}, 5), {}))
    call(where, "craft", {"ore": 1}, ("wire", 4), path="0")
    call(where, "craft", {"wire": 1, "glass": 3}, ("bulb", 1), path="0.0")
    assert where.leave("0.0", "") == Score(1.0, "verifier", 1.0)
    assert where.leave("0", "") == Score(0.0, "verifier", 0.75)


# Refused calls: which value, and what to do.


@pytest.mark.parametrize(
    ("args", "kind", "says"),
    [
        (({"ore": 1}, ("wire", 3)), "not_a_multiple", "must be a multiple of 4; got 3"),
        (({"ore": 2}, ("wire", 4)), "wrong_ingredients", "2 of 'ore' is wrong; look it up with get_info"),
        (
            ({"sand": 1}, ("wire", 4)),
            "wrong_ingredients",
            "'sand' is not in the recipe, 1 of its ingredients",
        ),
        (({"wire": 2, "bulb": 1}, ("lamp", 1)), "missing", "need 2x wire (have 0), 1x bulb (have 0)"),
        (({"x": 1}, ("ore", 1)), "no_recipe", "'ore' is a base item"),
        (({"ore": 1}, ("wires", 4)), "unknown_item", "no item is called 'wires'"),
        (({"ore": True}, ("wire", 4)), "bad_call", "the count of 'ore' must be a whole number"),
        (({"ore": float("nan")}, ("wire", 4)), "bad_call", "got nan"),
        (({"ore": -1}, ("wire", 4)), "bad_call", "from 1 to 1000000; got -1"),
        (({"ore": 10**5000}, ("wire", 4)), "bad_call", "got a whole number of 16610 bits"),
        (({1: 1}, ("wire", 4)), "bad_call", "must have item names as keys"),
        (({}, ("wire", 4)), "bad_call", "ingredients is empty"),
        ((["ore"], ("wire", 4)), "bad_call", "ingredients must be a dict such as"),
        (({"ore": 1}, "wire"), "bad_call", "target must be (item, total_count)"),
        (({"ore": 1}, ("wire",)), "bad_call", "target must be (item, total_count)"),
        (({"ore": 1}, (4, "wire")), "bad_call", "target must start with an item's name; got 4"),
        (({"ore": 1}, ("wire", 4.0)), "bad_call", "total_count must be a whole number, at least 1; got 4.0"),
        (({"ore": 1}, ("wire", 0)), "bad_call", "total_count must be from 1 to 1000000; got 0"),
        (({"ore": 1},), "bad_call", "craft needs 'target'; write craft(ingredients, target)"),
        ((1, 2, 3), "bad_call", "craft got 3 arguments"),
    ],
)
def test_crafting_refuses(args, kind, says):
    found, message = refused(world(), "craft", *args)
    assert (found, says in message) == (kind, True), message


@pytest.mark.parametrize(
    ("args", "kind", "says"),
    [
        (("wire",), "bad_call", 'write get_info(["item"])'),
        (([],), "bad_call", "empty list"),
        ((["wire", 3],), "bad_call", "takes names as text"),
        ((["wire", "zinc"],), "unknown_item", "no item is called 'zinc'"),
        ((["\udc80\u202e"],), "unknown_item", r"'\udc80\u202e'"),
        ((["a"] * 501,), "bad_call", "at most 500"),
        (([[]],), "bad_call", "got a list of 0"),
        ((), "bad_call", "get_info needs 'items'"),
    ],
)
def test_looking_up_refuses(args, kind, says):
    found, message = refused(world(), "get_info", *args)
    assert (found, says in message) == (kind, True), message


def test_unknown_and_repeated_arguments_are_refused():
    assert (
        refused(world(), "view_inventory", 1)[1] == "view_inventory got 1 arguments; write view_inventory()"
    )
    assert "has no argument 'item'" in refused(world(), "get_info", item=["wire"])[1]
    assert "got 'items' twice" in refused(world(), "get_info", ["wire"], items=["wire"])[1]
    assert "no function 'smelt'" in refused(world(), "smelt")[1]


def test_a_refusal_does_not_give_the_recipe_away():
    message = refused(world(), "craft", {"sand": 1}, ("lamp", 1))[1]
    assert "wire" not in message and "bulb" not in message


# Launches.


def test_a_launch_tells_the_child_its_goal_steps_and_context():
    assert world().admit("0", ({"bulb": 1, "wire": 2}, 5), {"context": "leave the sand"}) == Launch(
        "Craft the following items: 1x bulb, 2x wire\nFrom the agent that asks you: leave the sand",
        {"targets": {"bulb": 1, "wire": 2}, "context": "leave the sand"},
        5,
    )


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, "launch_subagent needs 'targets'"),
        (({"wire": 1},), {}, "launch_subagent needs 'num_steps'"),
        (({"wire": 1}, 0), {}, "num_steps must be from 1"),
        (({"wire": 1}, True), {}, "num_steps must be a whole number"),
        (({"wire": 1}, "3"), {}, "num_steps must be a whole number"),
        (("wire", 3), {}, "targets must be a dict such as"),
        (({}, 3), {}, "targets is empty"),
        (({"wire": 1.5}, 3), {}, "the count of 'wire' must be a whole number"),
        (({"zinc": 1}, 3), {}, "no item is called 'zinc'"),
        (({"wire": 1}, 3, ["text"]), {}, "context must be text; got a list of 1"),
        (({"wire": 1}, 3), {"context": "x" * 4001}, "at most 4000"),
        (({"wire": 1}, 3), {"goal": "x"}, "has no argument 'goal'"),
    ],
)
def test_malformed_launches_are_refused(args, kwargs, says):
    kind, message = not_launched(world(), *args, **kwargs)
    assert (kind, says in message) == ("bad_launch", True), message


def test_ones_own_goal_cannot_be_handed_on():
    where = world({"lamp": 2})
    assert not_launched(where, {"lamp": 2}, 5) == (
        "own_goal",
        "2x lamp is your own goal: craft it, and delegate only parts of it",
    )
    assert not_launched(where, {"lamp": 3, "wire": 1}, 5)[0] == "own_goal"


def test_less_than_ones_own_goal_may_be_handed_on():
    assert world({"lamp": 2}).admit("0", ({"lamp": 1}, 5), {}).args["targets"] == {"lamp": 1}
    assert world({"lamp": 1, "bulb": 1}).admit("0", ({"lamp": 1}, 5), {}).turns == 5


def test_an_ancestors_goal_cannot_be_handed_on():
    where = world({"lamp": 1})
    where.enter("0.0", where.admit("0", ({"bulb": 1}, 9), {}))
    with pytest.raises(Refusal, match="1x lamp is the goal of an ancestor of yours") as caught:
        where.admit("0.0", ({"wire": 1, "lamp": 1}, 5), {})
    assert caught.value.kind == "own_goal"
    assert where.admit("0.0", ({"wire": 1}, 5), {}).turns == 5


def test_base_items_alone_cannot_be_ordered():
    assert not_launched(world(), {"ore": 1, "sand": 1}, 5) == (
        "base_item",
        "1x ore, 1x sand cannot be crafted by anyone: take base items from the inventory",
    )
    assert world().admit("0", ({"ore": 1, "wire": 1}, 5), {}).turns == 5


def test_guards_can_be_switched_off_one_by_one():
    where = world(guard_own_goal=False)
    assert where.admit("0", ({"lamp": 1}, 5), {}).turns == 5
    assert not_launched(where, {"ore": 1}, 5)[0] == "base_item"
    where = world(guard_base_item=False)
    assert where.admit("0", ({"ore": 1}, 5), {}).turns == 5
    assert not_launched(where, {"lamp": 1}, 5)[0] == "own_goal"


# Whatever comes out of the sandbox.

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["lamp", "wire", "ore", "bulb"])
    | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.one_of(st.integers(), st.sampled_from(["wire", "ore"]), st.text(max_size=3)), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(
    st.sampled_from(["get_info", "view_inventory", "craft", "launch", "nothing"]),
    st.lists(PLAIN, max_size=4),
    st.dictionaries(
        st.sampled_from(["items", "target", "ingredients", "targets", "num_steps", "x"]), PLAIN, max_size=3
    ),
)
def test_any_arguments_are_answered_or_refused_and_nothing_is_lost(name, args, kwargs):
    where = world()
    try:
        if name == "launch":
            where.admit("0", args, kwargs)
        else:
            where.call("0", name, args, kwargs)
    except Refusal as refusal:
        assert refusal.kind and 0 < len(refusal.message) < 1000
        assert refusal.message.isascii()
        assert where.stock.counts == STOCK


def test_values_nested_a_thousand_deep_are_refused_without_a_word_of_them():
    deep: Any = []
    for _ in range(1000):
        deep = [deep]
    assert refused(world(), "craft", deep, deep)[1].endswith("got a list of 1")
    assert not_launched(world(), {"wire": deep}, 3)[1].endswith("got a list of 1")
