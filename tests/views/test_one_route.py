"""A step of a run file becomes the same table from its columns as from its trees loaded whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rao_lab.credit import attribute
from rao_lab.errors import MissingError
from rao_lab.evaluation.kept_forks import forks_of
from rao_lab.store import Run, RunWriter, open_run
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group, Tree
from rao_lab.views.explorer.forks import with_forks
from rao_lab.views.explorer.from_records import table_of_step
from rao_lab.views.explorer.from_run import RunSource
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.explorer.widget import Explorer
from tests.support.hostile_trees import hostile_group
from tests.support.live import in_turns, script
from tests.support.trees import random_group, random_step

RECORDED = [
    *(
        "data/pathologies/as_it_should_be.rao",
        "data/pathologies/high_learning_rate.rao",
        "tests/data/run_v1.rao",
    ),
    *(
        pytest.param(f"data/pathologies/{name}.rao", marks=pytest.mark.slow)
        for name in ("guards_off", "lambda_1", "no_slack")
    ),
]


def loaded_whole(run: Run, step: int) -> StepTable:
    try:
        credit = run.attributions(step)
    except MissingError:
        credit = None
    groups, probes = run.groups(step), run.groups(step, probe=True)
    table = table_of_step(TrainStep(step, tuple(groups), tuple(probes), credit, {}))
    return with_forks(table, forks_of(run, step=step))


def assert_same(run: Run) -> None:
    for step in [each.step for each in run.steps]:
        mine, whole = RunSource(run).table(step), loaded_whole(run, step)
        assert mine.snapshot() == replace(whole, state=mine.state).snapshot()  # what a file alone can tell
        assert mine.path == whole.path
        for place in range(len(mine.trees)):
            assert mine.tree(place) == whole.tree(place)


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_runs(name: str, repo: Path) -> None:
    with open_run(repo / name) as run:
        assert_same(run)


def test_probes_forks_groups_of_one_task_hostile_words_and_trees_that_run(tmp_path: Path) -> None:
    groups = random_step(6, groups=3)
    task = groups[0].trees[0].header.task  # two groups of one task
    groups[1] = replace(
        groups[1],
        trees=tuple(replace(tree, header=replace(tree.header, task=task)) for tree in groups[1].trees),
    )
    probe = replace(random_group(3, step=1, index=0, probe=True), index=0)
    first = groups[0].trees[0]
    fork = replace(first, header=replace(first.header, origin={"tree": 1, "node": "0", "turn": 1}))
    hostile = placed(hostile_group(), 2)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for group in [*groups, probe]:
            for tree in group.trees:
                writer.tree_done(tree)
        writer.tree_done(fork)
        writer.end_step(1, attribute(groups), {})
        for tree in hostile.trees:
            writer.tree_done(tree)
        writer.end_step(2, attribute([hostile]), {})
        told, ended = script(3)
        writer.begin_step(3)
        writer.tree_done(ended[0].trees[0])
        for number, (header, event) in enumerate(in_turns(told[1:])):
            if number < 9:
                writer.event((header.group, header.rollout), header, event)
        writer.begin_step(4)
        writer.flush()
        with open_run(tmp_path / "a.rao") as run:
            assert [each.step for each in run.steps] == [1, 2, 3, 4]
            assert_same(run)


def placed(group: Group, step: int) -> Group:
    trees = [
        replace(tree, header=replace(tree.header, step=step, rollout=rollout))
        for rollout, tree in enumerate(group.trees)
    ]
    return replace(group, trees=tuple(trees), step=step)


def test_a_step_that_grows_while_it_is_read_keeps_to_the_lists(tmp_path: Path) -> None:
    """A run opened without `follow` knows the trees of the moment in which it was first asked for them."""
    _, (one, two) = script(1)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        for tree in two.trees:
            writer.tree_done(tree)
        writer.flush()
        with open_run(tmp_path / "a.rao") as run:
            before = RunSource(run).table(1).snapshot()
            for tree in one.trees:
                writer.tree_done(tree)
            writer.flush()
            assert RunSource(run).table(1).snapshot() == before


def test_opening_a_step_loads_no_tree(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    whole = Run.tree

    def tree(self: Run, tree_id: int) -> Tree:
        loaded.append(tree_id)
        return whole(self, tree_id)

    monkeypatch.setattr(Run, "tree", tree)
    monkeypatch.setattr(Run, "groups", None)
    with open_run(repo / RECORDED[0]) as run:
        explorer = Explorer(run)
        head, _ = explorer.table(run.steps[-1].step).snapshot()
        assert head["n"] > 50 and loaded == []
        assert "nodes" in str(explorer) and len(loaded) == 1
        explorer.close()


def test_another_order_names_the_same_nodes(repo: Path) -> None:
    with open_run(repo / RECORDED[0]) as run:
        table = RunSource(run).table(run.steps[-1].step)
        rows = np.flatnonzero(table.columns["tree"] >= 0)[::-1]
        trees = [*range(len(table.trees))][::-1]
        turned = table.arranged([*range(len(table.groups))][::-1], trees, rows)
        assert turned.arranged([*range(len(table.groups))][::-1], trees, rows).snapshot() == table.snapshot()
        child = int(np.argmax(table.columns["parent"] >= 0))
        row = len(table) - 1 - child
        assert turned.path[row] == table.path[child]
        assert turned.path[turned.columns["parent"][row]] == table.path[table.columns["parent"][child]]
