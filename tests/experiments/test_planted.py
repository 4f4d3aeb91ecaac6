"""The planted faults: the files lie where the notebook looks, and trees without noise of their own are one tree."""

from __future__ import annotations

from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.experiments.planted import RUNS, one_noise


@pytest.mark.parametrize("spoiled", [False, True])
def test_trees_with_one_noise_are_one_tree(spoiled: bool) -> None:
    policy = rl.load_policy("tiny")
    if spoiled:
        one_noise(policy)
    env = rl.environments.TextCraft(difficulty="medium", seed=0)
    config = rl.default_config(policy, steps=1, tasks_per_step=1, group_size=4, probe_tasks=0)
    *_, step = rl.train(env, policy, config)
    [group] = step.groups
    assert (len({str(tree) for tree in group.trees}) == 1) == spoiled


def test_the_recorded_runs_were_made_by_the_command(repo: Path) -> None:
    assert {path.stem for path in (repo / "data/course").glob("*.rao")} == {planted.name for planted in RUNS}
    for planted in RUNS:
        with rl.open_run(repo / f"data/course/{planted.name}.rao") as run:
            assert run.config["train"]["credit"] == planted.credit.to_dict()
            assert run.config["train"]["seed"] == planted.seed
        assert run.path.stat().st_size < 1_200_000
