"""Limits as values, and the budget that the nodes of a tree share."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.errors import ConfigError, InputError, RecordError
from rao_lab.execution.limits import Budget, Limits
from rao_lab.protocols import Refusal
from rao_lab.tree import ROOT, Node, Tree, TreeHeader
from rao_lab.tree.codec import tree_from_json, tree_to_json
from tests.support.worlds import TASK

SMALL = Limits(max_depth=2, max_turns=4, max_children=2, max_nodes=4, max_tree_turns=10)


def refused(budget: Budget, path: str, depth: int, turns: int | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        budget.reserve(path, depth=depth, turns=turns)
    return caught.value


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "3", True, None])
def test_a_limit_that_means_nothing_names_its_field(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"{name}(=| must be)"):
        Limits(**{name: value})


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_zero_means_something_only_if_nothing_may_be_launched(name: str) -> None:
    if name in ("max_depth", "max_children"):
        assert getattr(Limits(**{name: 0}), name) == 0
    else:
        with pytest.raises(ConfigError, match=name):
            Limits(**{name: 0})


def test_no_tree_may_be_deeper_than_its_record_can_be_read() -> None:
    deepest = Limits(max_depth=200).max_depth
    tree = Tree(TreeHeader(TASK), chain(deepest))
    assert tree_from_json(tree_to_json(tree)) == tree
    with pytest.raises(ConfigError, match="max_depth=201 means nothing: give 0 to 200"):
        Limits(max_depth=201)
    with pytest.raises(InputError, match="not the path of a node"):
        tree_from_json(tree_to_json(Tree(TreeHeader(TASK), chain(201))))


def chain(depth: int) -> tuple[Node, ...]:
    """Each node the only child of the one above."""
    paths = [ROOT + ".0" * level for level in range(depth + 1)]
    return tuple(
        Node(
            path,
            paths[level - 1] if level else None,
            depth=level,
            children=tuple(paths[level + 1 : level + 2]),
        )
        for level, path in enumerate(paths)
    )


def test_limits_return_from_json() -> None:
    limits = Limits(max_depth=12, repl_seconds=0.5)
    assert Limits.from_dict(json.loads(json.dumps(limits.to_dict()))) == limits


def test_what_a_file_leaves_out_keeps_its_default() -> None:
    assert Limits.from_dict({"max_nodes": 9}) == Limits(max_nodes=9)


def test_an_unknown_limit_lists_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="no field 'cost': it has max_depth, max_turns"):
        Limits.from_dict({"cost": 3})


def test_a_node_gets_what_it_asks_for_up_to_the_limit_per_node() -> None:
    budget = Budget(SMALL)
    assert budget.reserve("0", depth=0, turns=None) == 4
    assert budget.reserve("0.0", depth=1, turns=3) == 3
    assert budget.reserve("0.1", depth=1, turns=99) == 3  # 10 in the tree, 4 and 3 set aside
    assert (budget.turns("0.1"), budget.turns_left, budget.nodes) == (3, 0, 3)


def test_turns_that_a_node_did_not_use_return_to_the_tree() -> None:
    budget = Budget(SMALL)
    budget.reserve("0", depth=0)
    budget.spend_turn("0")
    assert (budget.left("0"), budget.turns_left) == (3, 6)
    budget.release("0")
    budget.release("0")
    assert (budget.left("0"), budget.turns_left, budget.turns_spent) == (0, 9, 1)


@pytest.mark.parametrize(
    ("kind", "message", "limits", "path", "depth", "turns"),
    [
        ("depth", "sub-agents go 0 levels deep and you are there: do the rest of the work yourself",
         Limits(max_depth=0), "0.0", 1, None),
        ("children", "you have launched 0 sub-agents, the most allowed: do the rest of the work yourself",
         Limits(max_children=0), "0.0", 1, None),
        ("nodes", "all 1 agents of this task are used: do the rest of the work yourself",
         Limits(max_nodes=1), "0.0", 1, None),
        ("tree_turns", "all 16 turns of this task are used or set aside: do the rest of the work yourself",
         Limits(max_tree_turns=16), "0.0", 1, None),
        ("bad_turns", "a sub-agent needs at least 1 turn, you gave it 0", Limits(), "0.0", 1, 0),
        ("bad_turns", "a sub-agent needs at least 1 turn, you gave it -5", Limits(), "0.0", 1, -5),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do_instead(
    kind: str, message: str, limits: Limits, path: str, depth: int, turns: int | None
) -> None:
    budget = Budget(limits)
    budget.reserve("0", depth=0)
    refusal = refused(budget, path, depth, turns)
    assert (refusal.kind, refusal.message) == (kind, message)
    assert budget.nodes == 1


def test_a_refused_node_costs_nothing() -> None:
    budget = Budget(SMALL)
    budget.reserve("0", depth=0)
    refused(budget, "0.0", 3)
    assert (budget.turns_left, budget.nodes) == (6, 1)
    assert budget.reserve("0.0", depth=1) == 4


def test_children_are_counted_over_a_nodes_whole_life() -> None:
    budget = Budget(SMALL)
    budget.reserve("0", depth=0, turns=1)
    for child in ("0.0", "0.1"):
        budget.reserve(child, depth=1, turns=1)
        budget.release(child)
    assert refused(budget, "0.2", 1).kind == "children"


@pytest.mark.parametrize(
    "misuse",
    [
        lambda budget: budget.reserve("0", depth=0),
        lambda budget: budget.reserve("0.3.1", depth=2),
        lambda budget: budget.spend_turn("0.0"),
        lambda budget: budget.turns("0.0"),
        lambda budget: budget.release("0.0"),
        lambda budget: [budget.spend_turn("0") for _ in range(5)],
        lambda budget: (budget.release("0"), budget.spend_turn("0")),
    ],
)
def test_misuse_is_a_bug_and_raises(misuse: Any) -> None:
    budget = Budget(SMALL)
    budget.reserve("0", depth=0)
    with pytest.raises(RecordError):
        misuse(budget)


tight = st.builds(
    Limits,
    max_depth=st.integers(0, 3),
    max_turns=st.integers(1, 5),
    max_children=st.integers(0, 3),
    max_nodes=st.integers(1, 8),
    max_tree_turns=st.integers(1, 20),
)
moves = st.lists(
    st.tuples(st.sampled_from(["launch", "turn", "end"]), st.integers(0, 7), st.none() | st.integers(-1, 9)),
    max_size=60,
)


@given(limits=tight, moves=moves)
def test_no_order_of_events_exceeds_a_budget(
    limits: Limits, moves: list[tuple[str, int, int | None]]
) -> None:
    budget = Budget(limits)
    budget.reserve("0", depth=0)
    paths, ended = ["0"], set()
    for move, pick, turns in moves:
        path = paths[pick % len(paths)]
        if move == "launch" and path not in ended:
            child = f"{path}.{sum(other.rpartition('.')[0] == path for other in paths)}"
            try:
                granted = budget.reserve(child, depth=child.count("."), turns=turns)
            except Refusal as refusal:
                assert refusal.kind in ("depth", "children", "nodes", "tree_turns", "bad_turns")
            else:
                assert 1 <= granted <= min(limits.max_turns, turns or limits.max_turns)
                paths.append(child)
        elif move == "turn" and budget.left(path):
            budget.spend_turn(path)
        elif move == "end":
            budget.release(path)
            ended.add(path)
        held = sum(budget.left(path) for path in paths)
        assert budget.turns_left >= 0
        assert budget.turns_left + held + budget.turns_spent == limits.max_tree_turns
        assert budget.nodes == len(paths) <= limits.max_nodes
        assert max(path.count(".") for path in paths) <= limits.max_depth
        for path in paths:
            assert sum(other.rpartition(".")[0] == path for other in paths) <= limits.max_children
