"""The bounds of a node and of its tree: turns, depth, nodes, variables and time."""

from __future__ import annotations

import pytest

from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.tree import Status
from tests.support.growing import TWO_CHILDREN, grow_one
from tests.support.worlds import Lines

BIG = "kept = ['a' * 400_000 for _ in range(2)]"


def test_a_tree_holds_no_more_variables_than_it_may(sandbox: Sandbox) -> None:
    """Three agents of 0.8 MiB each, 2 MiB allowed: the one that goes beyond ends, as data."""
    texts = {"0": [BIG + "\n" + TWO_CHILDREN], "0.0": [BIG, "finish(1)"], "0.1": [BIG, "finish({'x': [2]})"]}
    tree = grow_one(sandbox, texts, limits=Limits(max_tree_mb=2), delays={"0.0": 2})
    late = tree.node("0.0")
    assert (late.status, late.success) == (Status.TREE_LIMIT, 0.0)
    assert late.reason == "its agents' variables take more than 2 MiB together"
    assert tree.node("0.1").status is Status.FINISHED
    reason = "the tree's shared budget is used up: " + late.reason
    assert tree.root.value == [{"failed": reason}, {"x": [2]}]


def test_a_node_that_may_not_be_put_away_at_an_await_starts_nothing(sandbox: Sandbox) -> None:
    texts = {"0": [BIG + "\n" + BIG.replace("kept", "more") + "\n" + TWO_CHILDREN]}
    tree = grow_one(sandbox, texts, limits=Limits(max_tree_mb=1))
    assert (len(tree), tree.root.status) == (1, Status.TREE_LIMIT)
    (turn,) = tree.root.turns
    assert [call.name for call in turn.calls] == ["launch_subagent"] * 2
    assert "was not started" in (turn.calls[0].error or "")


def test_what_ended_nodes_held_is_free_again(sandbox: Sandbox) -> None:
    once = "r = await launch_subagent('a')\n"
    texts = {"0": [once * 6 + "finish('ok')"]}
    texts |= {f"0.{index}": [BIG, BIG, "finish(1)"] for index in range(6)}
    tree = grow_one(sandbox, texts, limits=Limits(max_tree_mb=2))
    assert (len(tree), tree.root.value) == (7, "ok")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("suspensions", "for _ in range(300):\n    put(1)"),
        ("output", "while True:\n    print('x' * 1000)"),
        ("memory", "x = ['a' * 1_000_000 for _ in range(100)]"),
        ("values", "x = 1" + " " * 100_000),
    ],
    ids=["suspensions", "output", "memory", "values"],
)
def test_code_that_is_stopped_at_a_limit_is_told_and_counted(sandbox: Sandbox, kind: str, code: str) -> None:
    policy = Lines({"0": [code, "finish('ok')"]})
    tree = grow_one(sandbox, {}, policy=policy)
    assert (tree.root.value, tree.root.refusals) == ("ok", {kind: 1})
    assert tree.root.turns[0].error


def test_turn_limit_counts_turns_without_any_parsable_code(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": ["", ""]}, limits=Limits(max_turns=2))
    assert tree.root.status is Status.TURN_LIMIT
    assert len(tree.root.turns) == 2
    assert all(turn.error for turn in tree.root.turns)


def test_depth_limit_refuses(sandbox: Sandbox) -> None:
    deeper = ["r = await launch_subagent('x')\nfinish(r)"]
    texts = {"0": deeper, "0.0": deeper, "0.0.0": deeper}
    tree = grow_one(sandbox, texts, limits=Limits(max_depth=2))
    assert len(tree) == 3
    assert tree.node("0.0.0").refusals == {"depth": 1}


def test_node_budget_is_shared_by_the_tree(sandbox: Sandbox) -> None:
    wide = "import asyncio\nr = await asyncio.gather(*[launch_subagent('x') for _ in range(4)])\nfinish(r)"
    texts = {"0": [wide], **{f"0.{i}": ["finish(1)"] for i in range(4)}}
    tree = grow_one(sandbox, texts, limits=Limits(max_nodes=3))
    assert len(tree) == 3
    assert tree.root.refusals == {"nodes": 2}


def test_time_limit_ends_every_node_and_marks_the_tree(sandbox: Sandbox) -> None:
    now = iter(range(10_000_000))
    texts = {"0": ["r = await launch_subagent('a')"], "0.0": ["put(1)"]}
    tree = grow_one(
        sandbox,
        texts,
        limits=Limits(tree_seconds=60.0, max_turns=1000, max_tree_turns=100_000),
        clock=lambda: float(next(now)),
    )
    assert {node.status for node in tree.nodes} == {Status.TIMEOUT}
    assert tree.not_reproducible


def test_a_pause_is_no_time_of_a_tree(sandbox: Sandbox) -> None:
    """An hour's pause before each of its ticks ends no tree that may take a minute."""
    seconds = 0.0

    def pause(tick: int) -> None:
        nonlocal seconds
        seconds += 3600.0

    texts = {"0": [TWO_CHILDREN], "0.0": ["finish(1)"], "0.1": ["put(1)", "finish({'x': [2]})"]}
    tree = grow_one(sandbox, texts, limits=Limits(tree_seconds=60.0), clock=lambda: seconds, on_tick=pause)
    assert (tree.root.value, tree.not_reproducible) == ("ok", "")
    assert (tree.ended, tree.root.waiting_seconds) == (0.0, 0.0)
