"""A recorded tree is repeated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.tree import Status, Tree
from tests.policies.test_scripted import LAMPS, play


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=1) as opened:
        yield opened


def timeless(tree: Tree) -> list[object]:
    """What happened, without the times in seconds."""
    return [
        replace(
            node,
            started=0.0,
            ended=None,
            turns=tuple(
                replace(turn, started=0.0, sampled=None, ended=None, waiting_seconds=0.0)
                for turn in node.turns
            ),
        )
        for node in tree.nodes
    ]


def test_the_same_world_gives_the_same_trees_again(sandbox):
    tasks = TextCraft("medium").tasks("dev")[:8]
    trees = play(sandbox, tasks, ScriptedPolicy("per_ingredient", error_rate=0.2))
    again = play(sandbox, tasks, ReplayPolicy(trees))
    assert [timeless(tree) for tree in again] == [timeless(tree) for tree in trees]


def test_one_tree_may_be_replayed_in_every_place_of_a_batch(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy())
    again = play(sandbox, [LAMPS, LAMPS], ReplayPolicy(tree))
    assert [timeless(one) for one in again] == [timeless(tree)] * 2


def test_a_turn_that_was_not_recorded_is_a_clear_loss(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy("summed"))
    cut = replace(tree, nodes=(replace(tree.root, turns=tree.root.turns[:1]),))
    (again,) = play(sandbox, [LAMPS], ReplayPolicy(cut))
    assert (again.root.status, again.root.success) == (Status.ERROR, None)
    assert again.root.reason == "the recording has 1 turns of node 0, no turn 2"


def test_a_node_that_was_not_recorded_is_a_clear_loss(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy("summed"))
    (again,) = play(sandbox, [LAMPS], ReplayPolicy(replace(tree, nodes=tree.nodes[:1])))
    assert again.node("0.0").reason == "the recording has no node 0.0: this tree went another way"


def test_a_place_without_a_recording_is_a_clear_loss(sandbox):
    trees = play(sandbox, [LAMPS], ScriptedPolicy())
    again = play(sandbox, [LAMPS, LAMPS], ReplayPolicy(trees))
    assert again[1].root.reason == "the recording has 1 trees, none for place 1"
