"""The dialect of the tiny model: its words for what limits, children and code come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rao_lab.execution.limits import Budget, Limits
from rao_lab.execution.node_run import FAILURES
from rao_lab.prompts import find
from rao_lab.protocols import Action, Brief, Observation, ParseFailure, Refusal
from rao_lab.tree import Call, Status

TERSE = find("terse")


def said(*calls: Call, output: str = "", error: str | None = None, cut: bool = False) -> str:
    (message,) = TERSE.observe(Observation(calls, output, error, cut=cut))
    assert message.role == "user"
    return message.content


@pytest.mark.parametrize(("agent", "word"), [("recursive", "team"), ("flat", "solo")])
def test_the_opening_is_the_agent_and_the_goal(agent: str, word: str) -> None:
    opening = TERSE.opening(Brief("find it", agent=agent))
    assert [(m.role, m.content) for m in opening] == [("user", f"{word} find it\n")]


def test_all_of_a_reply_is_code() -> None:
    assert TERSE.parse("put(1)\n").code == "put(1)\n"
    assert TERSE.parse(TERSE.reply(Action("", "put(1)"))).code == "put(1)\n"
    with pytest.raises(ParseFailure):
        TERSE.parse(" \n")


def test_results_of_children_and_of_a_world_without_words() -> None:
    assert said(Call("launch_subagent", result="done", child="0.0")) == "done\n"
    assert said(Call("launch_subagent", result={"a": [1]}, child="0.0")) == "done\n"
    assert said(Call("put", result=17)) == "17\n"
    assert said(Call("put", result="x" * 99)) == "x" * 12 + "\n"
    assert said(Call("put", error="put(-1): give a number of 0 or more")) == "no\n"


class Counted:
    """A world whose children return numbers."""

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return ""

    def short_result(self, call: Call) -> str:
        return f"= {call.result}\n" if isinstance(call.result, int) and call.error is None else ""


def test_what_a_child_returned_is_said_in_the_words_of_the_world() -> None:
    told = TERSE.worded(Counted())
    made = (3, "done", {"failed": "ran out of turns"}, "failed")
    calls = [Call("launch_subagent", result=each, child=f"0.{n}") for n, each in enumerate(made)]
    lost = Call("launch_subagent", result=4, error="ran out of turns", child="0.4")
    (message,) = told.observe(Observation((*calls, lost)))
    assert message.content == "= 3\ndone\nfailed: turns\nfailed\nfailed: turns\n"


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
    assert said(Call("launch_subagent", error=refusal.value.message)) == f"no: {word}\n"


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
    assert said(Call("put", error="not now"), error="RuntimeError: not now") == "no\n"


def test_silence_and_floods() -> None:
    assert said() == "nothing\n"
    assert said(output="x" * 99, cut=True) == "x" * 12 + "\ncut\n"
