"""The world's words in the terse dialect: those of its real results and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from rao_lab.environments.textcraft import TextCraft
from rao_lab.environments.textcraft.recipes import Recipe
from rao_lab.environments.textcraft.words import words
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.prompts import find
from rao_lab.protocols import Brief, Observation, Refusal
from rao_lab.tree import Call

TERSE = find("terse").worded(TextCraft())


def said(*calls: Call, error: str | None = None) -> str:
    (message,) = TERSE.observe(Observation(calls, "", error))
    return message.content


def world() -> CraftWorld:
    made = CraftWorld({"a0": Recipe({"b1": 2, "c4": 1}), "b1": Recipe({"c4": 1}, 2)}, {"c4": 1}, {"a0": 2})
    made.enter("0", made.root())
    return made


def refused(name: str, *args: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        if name == "launch_subagent":
            world().admit("0", args, {})
        else:
            world().call("0", name, args, {})
    return said(Call(name, args, error=refusal.value.message))


@pytest.mark.parametrize(("agent", "word"), [("recursive", "team"), ("flat", "solo")])
def test_the_opening_is_the_agent_and_what_to_make(agent: str, word: str) -> None:
    opening = TERSE.opening(Brief("Craft ...", {"targets": {"a0": 3, "b1": 1}}, agent))
    assert [(m.role, m.content) for m in opening] == [("user", f"{word} a0 3, b1 1\n")]


def test_without_targets_the_goal_is_told_in_full() -> None:
    assert TERSE.opening(Brief("find it"))[0].content == "team find it\n"


def test_a_look_shows_recipe_yield_and_stock() -> None:
    look = world().call("0", "get_info", (["a0", "b1", "c4"],), {})
    call = Call("get_info", (["a0", "b1", "c4"],), result=look)
    assert said(call) == "a0 = b1 2 (0) c4 1 (1) \nb1 by 2 = c4 1 (1) \nc4 base\n"


def test_results_of_crafts_and_stock() -> None:
    assert said(Call("craft", result={"a0": 1})) == "made\n"
    assert said(Call("view_inventory", result={"a0": 1, "c4": 3})) == "a0 1, c4 3\n"
    assert said(Call("view_inventory", result={})) == "nothing\n"


def test_refusals_of_the_world_have_words() -> None:
    assert refused("craft", {"b1": 2, "c4": 1}, ("a0", 1)) == "no: missing b1 2 (0) \n"
    assert refused("craft", {"b1": 1}, ("a0", 1)) == "no: recipe\n"
    assert refused("craft", {"c4": 1}, ("b1", 3)) == "no: multiple\n"
    assert refused("craft", {"c4": 1}, ("c4", 1)) == "no: base\n"
    assert refused("get_info", ["x9"]) == "no: unknown\n"
    assert refused("launch_subagent", {"a0": 2}, 4) == "no: own\n"
    assert refused("launch_subagent", {"c4": 2}, 4) == "no: base\n"
    assert refused("launch_subagent", {"b1": 0}, 4) == "no\n"
    assert {"no: recipe\n", "no: multiple\n", "no: base\n", "no: unknown\n", "no: own\n"} < {*words()}


def test_a_refusal_is_said_once() -> None:
    refusal = Call("craft", error="not enough to craft 1x a0: need 2x b1 (have 0)")
    assert said(refusal, error="RuntimeError: not enough") == "no: missing b1 2 (0) \n"
