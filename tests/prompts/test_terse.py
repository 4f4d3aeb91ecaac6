"""The dialect of the tiny model: its words are those of the real world's results and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rao_lab.environments.textcraft.recipes import Recipe
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.execution.limits import Budget, Limits
from rao_lab.execution.node_run import FAILURES
from rao_lab.prompts import dialect
from rao_lab.prompts.terse import refusal_word
from rao_lab.protocols import Brief, Observation, ParseFailure, Refusal
from rao_lab.tree import Call, Status

TERSE = dialect("terse")


def said(*calls: Call, output: str = "", error: str | None = None, cut: bool = False) -> str:
    (message,) = TERSE.observe(Observation(calls, output, error, cut=cut))
    assert message.role == "user"
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
    return refusal_word(refusal.value.message)


@pytest.mark.parametrize(("agent", "word"), [("recursive", "team"), ("flat", "solo")])
def test_the_opening_is_the_agent_and_what_to_make(agent: str, word: str) -> None:
    opening = TERSE.opening(Brief("Craft ...", {"targets": {"a0": 3, "b1": 1}}, agent))
    assert [(m.role, m.content) for m in opening] == [("user", f"{word} a0 3, b1 1\n")]


def test_without_targets_the_goal_is_told_in_full() -> None:
    assert TERSE.opening(Brief("find it"))[0].content == "team find it\n"


def test_all_of_a_reply_is_code() -> None:
    assert TERSE.parse("craft()\n").code == "craft()\n"
    with pytest.raises(ParseFailure):
        TERSE.parse(" \n")


def test_a_look_shows_recipe_yield_and_stock() -> None:
    look = world().call("0", "get_info", (["a0", "b1", "c4"],), {})
    call = Call("get_info", (["a0", "b1", "c4"],), result=look)
    assert said(call) == "a0 = b1 2 (0) c4 1 (1) \nb1 by 2 = c4 1 (1) \nc4 base\n"


def test_results_of_crafts_stock_and_children() -> None:
    assert said(Call("craft", result={"a0": 1})) == "made\n"
    assert said(Call("view_inventory", result={"a0": 1, "c4": 3})) == "a0 1, c4 3\n"
    assert said(Call("view_inventory", result={})) == "nothing\n"
    assert said(Call("launch_subagent", result="done", child="0.0")) == "done\n"
    assert said(Call("launch_subagent", result={"a": [1]}, child="0.0")) == "done\n"


def test_refusals_of_the_world_have_words() -> None:
    assert refused("craft", {"b1": 2, "c4": 1}, ("a0", 1)) == "no: missing b1 2 (0) \n"
    assert refused("craft", {"b1": 1}, ("a0", 1)) == "no: recipe\n"
    assert refused("craft", {"c4": 1}, ("b1", 3)) == "no: multiple\n"
    assert refused("craft", {"c4": 1}, ("c4", 1)) == "no: base\n"
    assert refused("get_info", ["x9"]) == "no: unknown\n"
    assert refused("launch_subagent", {"a0": 2}, 4) == "no: own\n"
    assert refused("launch_subagent", {"c4": 2}, 4) == "no: base\n"
    assert refused("launch_subagent", {"b1": 0}, 4) == "no\n"


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"max_depth": 0}, "deep"),
        ({"max_children": 0}, "children"),
        ({"max_nodes": 1}, "agents"),
        ({"max_tree_turns": 1}, "turns"),
    ],
)
def test_refusals_of_the_budget_have_words(limits: Mapping[str, int], word: str) -> None:
    budget = Budget(Limits(**limits))
    budget.reserve("0", depth=0, turns=None)
    with pytest.raises(Refusal) as refusal:
        budget.reserve("0.0", depth=1, turns=4)
    assert refusal_word(refusal.value.message) == f"no: {word}\n"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.TURN_LIMIT, "turns"),
        (Status.CONTEXT_LIMIT, "context"),
        (Status.TREE_LIMIT, "budget"),
        (Status.TIMEOUT, "time"),
        (Status.ERROR, "lost"),
        (Status.CANCELLED, "cancelled"),
    ],
)
def test_ways_in_which_a_child_fails_have_words(status: Status, word: str) -> None:
    failed = Call("launch_subagent", result={"failed": FAILURES[status]}, error=FAILURES[status], child="0.0")
    assert said(failed) == f"failed: {word}\n"
    returned = Call("launch_subagent", result={"failed": FAILURES[status]}, child="0.0")
    assert said(returned) == f"failed: {word}\n"


def test_a_failure_of_the_code_is_its_kind_and_said_once() -> None:
    assert said(error="NameError: name 'x' is not defined") == "NameError\n"
    assert said(error="Strange: this") == "error\n"
    refusal = Call("craft", error="not enough to craft 1x a0: need 2x b1 (have 0)")
    assert said(refusal, error="RuntimeError: not enough") == "no: missing b1 2 (0) \n"


def test_silence_and_floods() -> None:
    assert said() == "nothing\n"
    assert said(output="x" * 99, cut=True) == "x" * 12 + "\ncut\n"
