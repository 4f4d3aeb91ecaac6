"""Forks in an Explorer: their trees beside the others, what they came to beside their original."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.evaluation.forks import Forks
from rao_lab.views.explorer.table import PROBE


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rl.Run:  # type: ignore[name-defined]
    env = rl.environments.TextCraft(difficulty="medium")
    policy = rl.load_policy("tiny", device="cpu")
    path = tmp_path_factory.mktemp("forks") / "a.rao"
    config = rl.default_config(policy, steps=1, tasks_per_step=2, group_size=3, probe_tasks=1, probe_every=1)
    list(rl.train(env, policy, config, store=path))
    return rl.open_run(path)


def forks(run: rl.Run, store: Path | None = None) -> Forks:  # type: ignore[name-defined]
    tree = max((each for each in run.trees(1) if not each.probe), key=lambda each: each.nodes).load()
    return rl.fork(tree, "0", rest="continued", run=run, repeats=2, action="finish('no')", store=store)


def test_a_run_shows_its_forks_after_its_trees_and_what_they_came_to(run: rl.Run) -> None:  # type: ignore[name-defined]
    before = rl.Explorer(run).table(1)
    found = forks(run, run.path)
    explorer = rl.Explorer(rl.open_run(run.path))
    table = explorer.table(1)
    head, buffers = table.snapshot()
    assert "10 trees, 2 forks" in repr(explorer)
    size = len(before)
    assert head["groups"][-1]["probe"] and head["groups"][-1]["fork"].endswith("at 0 turn 1: other action")
    assert [tree["rollout"] for tree in head["trees"][-2:]] == [0, 1] and len(head["trees"]) == len(
        before.trees
    ) + 2
    assert table.credit is not None and before.credit is not None
    for name, column in before.credit.items():
        assert np.array_equal(table.credit[name][:size], column, equal_nan=True), (
            "no number of the step has changed"
        )
    assert (table.credit["why"][size:] == PROBE).all() and np.isnan(table.credit["A"][size:]).all()
    (told,) = head["forks"]
    original = table.tree(told["tree"])
    assert original == found.original and told["path"] == "0" and told["says"] == str(found)
    assert (told["succeeded"], told["scored"], told["was"]) == (0.0, 2, original.success)
    assert told["changes"][0]["A"] == found.credit[0].A.to_dict()
    last = len(table.trees) - 1
    assert table.tree(last) == found.trees[1] and table.node(last, "0") == found.trees[1].root
    assert table.words[table.columns["goal"][table.rows_of(last)[0]]].startswith(original.root.goal[:40])
    assert all(len(buffer) in (len(table) * size for size in (1, 4, 8)) for buffer in buffers)


def test_what_a_fork_returned_can_be_shown_without_a_run(run: rl.Run) -> None:  # type: ignore[name-defined]
    found = forks(run)
    table = rl.Explorer(found).table(1)
    assert [len([tree for tree in table.trees if tree.group == place]) for place in (0, 1)] == [3, 2]
    assert [(each["tree"], each["group"]) for each in table.forks] == [(found.original.header.rollout, 1)]
    both = rl.Explorer([found, forks(run)]).table(1)
    assert (len(both.forks), len(both.groups), len(both.trees)) == (2, 3, 7)
