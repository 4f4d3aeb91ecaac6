"""The perfect player, on a task worked out by hand."""

from __future__ import annotations

import pytest

from rao_lab.environments.textcraft.oracle import clean_nodes, delegation_plan, flat_plan
from rao_lab.errors import InputError
from rao_lab.tree import Task

# 2 lamps; lamp <- 2 wire + 1 bulb, bulb <- 1 wire + 3 glass, 4 wire <- 1 ore
TASK = Task(
    "lamps",
    "",
    data={
        "targets": {"lamp": 2},
        "inventory": {"ore": 2, "glass": 6},
        "recipes": {
            "lamp": [{"wire": 2, "bulb": 1}, 1],
            "bulb": [{"wire": 1, "glass": 3}, 1],
            "wire": [{"ore": 1}, 4],
        },
    },
)


def test_the_flat_plan_reads_each_recipe_and_crafts_each_item_once():
    calls = [(call.name, *call.args) for call in flat_plan(TASK)]
    assert calls == [
        ("get_info", ["lamp"]),
        ("get_info", ["wire", "bulb"]),
        ("craft", {"ore": 2}, ("wire", 8)),
        ("craft", {"wire": 2, "glass": 6}, ("bulb", 2)),
        ("craft", {"wire": 4, "bulb": 2}, ("lamp", 2)),
        ("finish", "done"),
    ]


def test_recipes_can_be_read_one_by_one():
    looked = [call.args[0] for call in flat_plan(TASK, batched=False) if call.name == "get_info"]
    assert looked == [["lamp"], ["wire"], ["bulb"]]


def test_calls_carry_what_the_world_said():
    plan = flat_plan(TASK)
    assert plan[4].result == {"lamp": 2}
    assert plan[0].result[0]["ingredients_have"] == {"wire": 0, "bulb": 0}


def test_the_clean_tree_delegates_every_craftable_ingredient():
    plan = delegation_plan(TASK)
    assert {node.path: dict(node.targets) for node in plan.walk()} == {
        "0": {"lamp": 2},
        "0.0": {"wire": 4},
        "0.1": {"bulb": 2},
        "0.1.0": {"wire": 2},
    }
    assert clean_nodes(TASK) == 4
    assert [[call.name for call in turn] for turn in plan.turns] == [
        ["get_info"],
        ["launch_subagent", "launch_subagent"],
        ["craft"],
        ["finish"],
    ]
    assert [call.child for call in plan.turns[1]] == ["0.0", "0.1"]


def test_recipes_too_high_to_plan_are_refused():
    recipes = {f"i{n}": [{f"i{n - 1}": 1}, 1] for n in range(1, 300)}
    task = Task("high", "", data={"targets": {"i299": 1}, "inventory": {"i0": 1}, "recipes": recipes})
    with pytest.raises(InputError, match="too deep"):
        delegation_plan(task)
    assert clean_nodes(task) == 299
