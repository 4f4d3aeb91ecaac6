"""Siblings that run one by one: the same launches, and each child begins when the one before it has ended."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from rao_lab.errors import ConfigError, Interrupted
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.tree import Status, Tree
from tests.support.growing import grow_one
from tests.support.promises import STORY, statuses

THREE = (
    "import asyncio\n"
    "r = await asyncio.gather(launch_subagent('a'), launch_subagent('forbidden'), launch_subagent('b'), "
    "launch_subagent('c'))\n"
    "finish(r)"
)
FIRST_ONLY = "h = launch_subagent('a')\ng = launch_subagent('b')\nfinish(await h)"


def one_by_one(sandbox: Sandbox, texts: dict[str, list[str]], **options: Any) -> Tree:
    return grow_one(sandbox, texts, siblings="one_by_one", **options)


def happened(tree: Tree) -> list[Any]:
    """What every node did and got, without when."""
    turns = {
        node.path: [(turn.text, turn.calls, turn.output, turn.error, turn.children) for turn in node.turns]
        for node in tree.nodes
    }
    return [
        (node.path, node.status, node.value, node.success, node.together, node.launch_batch, turns[node.path])
        for node in tree.nodes
    ]


def test_siblings_take_turns_and_get_the_same_answers(sandbox: Sandbox) -> None:
    texts = {"0": [THREE], "0.0": ["put(1)\nfinish(1)"], "0.1": ["finish(2)"], "0.2": ["x = 3", "finish(x)"]}
    delays = {"0": 2, "0.0": 5, "0.1": 1, "0.2": 4}
    apart, beside = one_by_one(sandbox, texts, delays=delays), grow_one(sandbox, texts, delays=delays)
    assert apart.root.value == [1, {"failed": "this goal is not allowed"}, 2, 3]
    assert happened(apart) == happened(beside)
    children = apart.children("0")
    assert [node.together for node in children] == [True] * 3
    assert [(one.ended_tick, two.started_tick) for one, two in pairwise(children)] == [(7, 7), (8, 8)]
    assert (beside.ended_tick, apart.ended_tick) == (2 + 8, 2 + 5 + 1 + 8)


def test_no_two_nodes_of_a_deep_tree_write_at_the_same_time(sandbox: Sandbox) -> None:
    tree = one_by_one(sandbox, dict(STORY), delays={"0.0": 3, "0.1.0": 2})
    beside = grow_one(sandbox, dict(STORY))
    assert statuses(tree) == statuses(beside)
    assert [node.value for node in tree.nodes] == [node.value for node in beside.nodes]
    spans = sorted((turn.started_tick, turn.sampled_tick) for node in tree.nodes for turn in node.turns)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert tree.ended_tick == sum(node.decode_steps for node in tree.nodes)


def test_a_child_that_never_began_is_cancelled_with_its_parents_turn(sandbox: Sandbox) -> None:
    tree = one_by_one(sandbox, {"0": [FIRST_ONLY], "0.0": ["finish(7)"]})
    assert tree.root.value == 7
    assert statuses(tree) == {"0": "finished", "0.0": "finished", "0.1": "cancelled"}
    assert (tree.node("0.1").turns, tree.node("0.1").success) == ((), 0.0)
    assert tree.root.turns[0].calls[1].error == "cancelled: your turn ended first"


def test_children_that_wait_end_with_a_tree_that_is_stopped_or_runs_out_of_time(sandbox: Sandbox) -> None:
    texts = {"0": [THREE], "0.0": ["put(1)"]}

    def press(tick: int) -> None:
        if tick == 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        one_by_one(sandbox, texts, on_tick=press)
    (tree,) = stopped.value.trees
    assert {node.path: node.status for node in tree.nodes} == dict.fromkeys(
        ("0", "0.0", "0.1", "0.2"), Status.CANCELLED
    )
    now = iter([*range(15), *range(100, 200)])
    late = one_by_one(sandbox, texts, limits=Limits(tree_seconds=50), clock=lambda: float(next(now)))
    assert statuses(late) == {"0": "timeout", "0.0": "timeout", "0.1": "cancelled", "0.2": "cancelled"}


def test_another_word_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigError, match="siblings='apart' is unknown: choose one of together, one_by_one"):
        grow_one(sandbox, {"0": ["finish(1)"]}, siblings="apart")
