"""Whose credit is whose: every picture of a tree shows its own credit, or says in one line that it has none of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.errors import MissingError
from rao_lab.tree.text import signed, text_tree

ENV = rl.environments.TextCraft(difficulty="medium", seed=0)
TASK = ENV.tasks("train")[3]


def alone(seed: int) -> rl.Tree:
    """A tree that was run by itself: it is tree 0 of group 0, as all of them."""
    policy = rl.load_policy("scripted", error_rate=0.4)
    return rl.run(TASK, ENV, policy, seed=seed, limits=rl.Limits(max_depth=12))


TREES = [alone(seed) for seed in range(4)]
STRANGER = alone(4)
CREDIT = rl.attribute([rl.Group(TASK, tuple(TREES))])


def graph_shows(tree: rl.Tree, credit: Any) -> float:
    return float(tree.to_networkx(credit).nodes["0"]["A"])


def spans_show(tree: rl.Tree, credit: Any) -> float:
    return float(tree.to_spans(credit)[0]["metadata"]["A"])


def figure_shows(tree: rl.Tree, credit: Any) -> float:
    return float(rl.figures.tree(tree, credit).data[1].marker.color[0])


def diff_shows(tree: rl.Tree, credit: Any) -> float:
    row = rl.diff(tree, TREES[0], credit, CREDIT).rows[0]
    assert row.earned[0] is not None and row.earned[0].A is not None
    return row.earned[0].A


SHOWN: list[Callable[[rl.Tree, Any], float]] = [graph_shows, spans_show, figure_shows, diff_shows]


@pytest.mark.parametrize("shows", SHOWN)
def test_a_tree_that_was_run_alone_gets_its_own_credit(shows: Callable[[rl.Tree, Any], float]) -> None:
    own = [CREDIT.of_tree(0, place)["0"].A for place in range(4)]
    assert len(set(own)) > 1
    assert [shows(tree, CREDIT) for tree in TREES] == own
    for wrong in (CREDIT, CREDIT.of_tree(0, 2)):
        with pytest.raises(MissingError, match=r"other trees|not of this tree"):
            shows(STRANGER, wrong)


def test_the_text_of_a_tree_shows_its_own_advantage() -> None:
    for place, tree in enumerate(TREES):
        advantage = CREDIT.of_tree(0, place)["0"].A
        assert advantage is not None and signed(advantage) in text_tree(tree, CREDIT).splitlines()[2]


def test_a_figure_refuses_the_records_of_several_trees() -> None:
    with pytest.raises(MissingError, match="several trees"):
        rl.figures.tree(TREES[0], iter(CREDIT))


def test_another_score_of_the_same_tree_has_no_credit_here() -> None:
    tree = TREES[1]
    scored = replace(tree, nodes=(replace(tree.root, success=1.0 - (tree.success or 0)), *tree.nodes[1:]))
    with pytest.raises(MissingError, match=r"other trees than textcraft/.*, seed 1$"):
        CREDIT.of(scored)


def test_equal_trees_share_their_credit_if_it_is_equal() -> None:
    group = rl.Group(TASK, (TREES[0], TREES[0], TREES[2]))
    assert rl.attribute([group]).of(TREES[0]) == rl.attribute([group]).of_tree(0, 0)
    elsewhere = rl.Group(TASK, (TREES[0], TREES[1]), index=1)
    with pytest.raises(MissingError, match="has 3 trees that are"):
        rl.attribute([group, elsewhere]).of(TREES[0])


def test_credit_of_a_run_file_knows_its_trees_by_step_group_and_place(repo: Path) -> None:
    run = rl.open_run(repo / "data" / "pathologies" / "as_it_should_be.rao")
    kept = run.attributions(12)
    for group in run.groups(12)[:2]:
        for place, tree in enumerate(group.trees):
            assert kept.of(tree) == kept.of_tree(group.index, place)
    tree = run.groups(12)[0].trees[0]
    for other in ({"step": 11}, {"probe": True}, {"rollout": 99}, {"origin": {"step": 12}}):
        with pytest.raises(MissingError, match="other trees"):
            kept.of(replace(tree, header=replace(tree.header, **other)))
