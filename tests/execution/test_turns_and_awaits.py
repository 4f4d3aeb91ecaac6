"""Turns are shared by a tree; awaits that come twice, in one tick, or too late."""

from __future__ import annotations

import pytest

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import find
from rao_lab.tree import TreeHeader
from tests.support.promises import Watched, grow, statuses
from tests.support.worlds import TASK, Lines, Shelf


def test_turns_are_reserved_shared_and_given_back(sandbox: Sandbox) -> None:
    """9 turns: 4 for the root, 4 for a, 1 left for b; a gives 3 back, which c gets."""
    code = (
        "import asyncio\n"
        "r = await asyncio.gather(launch_subagent('a', turns=4), launch_subagent('b', turns=4))\n"
        "s = await launch_subagent('c', turns=4)\n"
        "finish([r, s])"
    )
    texts = {"0": [code], "0.0": ["finish(1)"], "0.1": ["put(1)"], "0.2": ["put(1)", "put(1)", "finish(2)"]}
    policy = Lines(texts)
    executor = Watched(Shelf(), policy, find("terse"), Limits(max_turns=4, max_tree_turns=9), sandbox=sandbox)
    (tree,) = executor.run([TreeHeader(TASK)])
    assert tree.root.value == [[1, {"failed": "the tree's shared budget is used up"}], 2]
    assert statuses(tree) == {"0": "finished", "0.0": "finished", "0.1": "tree_limit", "0.2": "finished"}
    assert [executor.opened._budget.turns(path) for path in ("0", "0.0", "0.1", "0.2")] == [4, 4, 1, 3]
    assert executor.opened._budget.turns_left == 9 - 6


def test_without_any_turn_left_a_launch_is_refused(sandbox: Sandbox) -> None:
    code = "finish(await launch_subagent('a'))"
    tree = Executor(
        Shelf(),
        Lines({"0": [code]}),
        find("terse"),
        Limits(max_turns=4, max_tree_turns=4),
        sandbox=sandbox,
    ).run([TreeHeader(TASK)])[0]
    assert tree.root.refusals == {"tree_turns": 1}
    assert "all 4 turns of this task" in tree.root.value["failed"]


@pytest.mark.parametrize("turns", [0, -3])
def test_a_child_without_turns_is_refused(sandbox: Sandbox, turns: int) -> None:
    tree = grow(sandbox, Lines({"0": [f"finish(await launch_subagent('a', turns={turns}))"]})).tree
    assert tree.root.refusals == {"bad_turns": 1} and len(tree) == 1


def test_a_handle_awaited_twice_is_one_child(sandbox: Sandbox) -> None:
    code = "h = launch_subagent('a')\nx = await h\ny = await h\nfinish([x, y])"
    tree = grow(sandbox, Lines({"0": [code], "0.0": ["finish(4)"]})).tree
    assert tree.root.value == [4, 4] and len(tree) == 2
    assert [call.child for call in tree.root.turns[0].calls] == ["0.0"]


def test_of_children_that_end_in_one_tick_all_count_before_their_parent_goes_on(sandbox: Sandbox) -> None:
    """b ends in the tick in which its parent's code ends without it: it finished, and is not cancelled."""
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nfinish(await a)"
    texts = {"0": [code], "0.0": ["finish(1)"], "0.1": ["finish(2)"]}
    tree = grow(sandbox, Lines(texts)).tree
    assert statuses(tree) == {"0": "finished", "0.0": "finished", "0.1": "finished"}
    assert tree.node("0.0").ended_tick == tree.node("0.1").ended_tick == tree.root.ended_tick


def test_a_child_that_goes_on_in_the_tick_in_which_its_parents_turn_ends_is_cancelled(
    sandbox: Sandbox,
) -> None:
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nx = await a"
    texts = {"0": [code, "finish('ok')"], "0.0": ["finish(1)"], "0.1": ["put(7)", "finish(2)"]}
    policy = Lines(texts)
    tree = grow(sandbox, policy).tree
    assert statuses(tree) == {"0": "finished", "0.0": "finished", "0.1": "cancelled"}
    assert len(tree.node("0.1").turns) == 2 and tree.node("0.1").turns[1].sampled_tick is None
    assert [(request.key[1], request.turn) for request in policy.requests] == [
        ("0", 1), ("0.0", 1), ("0.1", 1), ("0", 2),
    ]  # fmt: skip


def test_a_grandchild_is_cancelled_with_its_parent_and_gives_its_turns_back(sandbox: Sandbox) -> None:
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nx = await a\nfinish('ok')"
    texts = {
        "0": [code],
        "0.0": ["put(1)", "put(1)", "finish(1)"],
        "0.1": ["await launch_subagent('c')"],
        "0.1.0": ["await launch_subagent('d')"],
        "0.1.0.0": ["put(1)"],
    }
    tree = grow(sandbox, Lines(texts), max_turns=8).tree
    assert [str(tree.node(path).status) for path in ("0.1", "0.1.0", "0.1.0.0")] == ["cancelled"] * 3


def test_what_a_cancelled_node_had_done_is_kept(sandbox: Sandbox) -> None:
    texts = {
        "0": ["a = launch_subagent('a')\nb = launch_subagent('b')\nfinish(await a)"],
        "0.0": ["put(1)", "finish('ok')"],
        "0.1": ["print('seen')\nput(5)\nr = await launch_subagent('c')"],
        "0.1.0": ["put(1)", "put(1)", "put(1)"],
    }
    tree = grow(sandbox, Lines(texts)).tree
    (turn,) = tree.node("0.1").turns
    assert [(call.name, call.args) for call in turn.calls] == [("put", (5,)), ("launch_subagent", ("c",))]
    assert turn.output == "seen\n"
    assert turn.error == "stopped while it awaited sub-agents: was cancelled"
