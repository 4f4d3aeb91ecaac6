"""Runs beside each other: level by steps and by tokens, with intervals over tasks."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.errors import ConfigError
from tests.support.configs import small_config


@pytest.fixture(scope="module")
def runs(repo: Path) -> tuple[rl.Run, rl.Run]:
    names = ("as_it_should_be", "high_learning_rate")
    first, second = (rl.open_run(repo / f"data/pathologies/{name}.rao") for name in names)
    return first, second


def test_runs_are_level_by_steps_and_by_tokens(runs: tuple[rl.Run, rl.Run]) -> None:
    found = rl.compare_runs(*runs, window=1)
    assert found.settings["train.learning_rate"] == ("0.0006", "0.01")
    steps, tokens = found.points
    assert [each.step for each in steps.reached] == [12, 12]
    bound = min(sum(row.get("tokens_out", 0) for row in run.metrics if row["step"]) for run in runs)
    assert tokens.where == f"within {bound:,} tokens, each after its last whole step"
    assert str(found).endswith("too narrow to compare runs by.") and "are over tasks" in found._repr_html_()
    assert all(each.tokens <= bound for each in tokens.reached)
    for run, each in zip(runs, steps.reached, strict=True):
        trees = [tree for tree in run.trees(12) if not tree.probe]
        by_task = [
            fmean(t.success or 0.0 for t in trees if t.task == task) for task in {t.task for t in trees}
        ]
        assert each.trees == len(trees) and each.success is not None
        assert each.success.value == pytest.approx(fmean(by_task)) and each.success.tasks == len(by_task)


def test_probes_are_compared_task_by_task_and_words_and_json_agree(runs: tuple[rl.Run, rl.Run]) -> None:
    found = rl.compare_runs(*runs)
    (apart,) = found.points[0].differences
    one, two = (each.probes for each in found.points[0].reached)
    assert apart is not None and one is not None and two is not None
    assert apart.value == pytest.approx(two.value - one.value) and apart.low <= apart.value <= apart.high
    assert f"{apart.value:+.2f}" in str(found) and "0.0006" in found._repr_html_()
    assert found.to_dict()["points"][0]["differences"][0]["value"] == apart.value


def test_what_is_no_pair_of_training_runs_is_refused(runs: tuple[rl.Run, rl.Run], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one run is no comparison"):
        rl.compare_runs(runs[0])
    env = rl.environments.TextCraft(difficulty="medium")
    rl.evaluate(env, rl.load_policy("scripted"), tasks=1, store=tmp_path / "e.rao")
    with pytest.raises(ConfigError, match=r"e\.rao is no training run"):
        rl.compare_runs(runs[0], rl.open_run(tmp_path / "e.rao"))


def test_settings_of_a_world_have_the_names_of_the_command_line_and_stand_before_its_own_words(
    repo: Path,
) -> None:
    both = [rl.open_run(repo / f"data/course/{name}.rao") for name in ("run_a", "run_b")]
    settings = rl.compare_runs(*both).settings
    assert settings["env.guard_own_goal"] == ("False", "True") and not any(
        "opened" in name for name in settings
    )
    assert [*settings][-1] == "world", "it says in a line what the others say by name"
    text = str(rl.Explorer(both))
    assert text.index("env.guard_own_goal: False | True") < text.index("world: TextCraft(")


def trained(file: Path, **settings: Any) -> rl.Run:
    policy = rl.load_policy("tiny")
    limits = rl.Limits(max_depth=1, max_turns=3, max_nodes=3, max_new_tokens=12, context_window=128)
    config = small_config(steps=1, tasks_per_step=1, group_size=2, probe_tasks=2, limits=limits, **settings)
    list(rl.train(rl.environments.TextCraft("medium"), policy, config, store=file))
    return rl.open_run(file)


def probes_of(run: rl.Run) -> set[str]:
    return {tree.task for tree in run.trees(1, probe=True)}


def test_other_probe_tasks_are_said_and_not_compared(tmp_path: Path) -> None:
    runs = [trained(tmp_path / f"{seed}.rao", seed=seed) for seed in (0, 1)]
    assert probes_of(runs[0]).isdisjoint(probes_of(runs[1]))
    said = str(rl.compare_runs(*runs))
    assert (
        "probes, 1.rao minus 0.rao: not told, since their probe tasks are others: train.seed draws them"
        in said
    )
    assert "--set probe_seed=N" in said and "rao-lab eval --policy" in said
    beside = [
        ", ".join(each.rsplit("/", 1)[-1] for each in run.metrics[-1]["probe_success_by_task"])
        for run in runs
    ]
    assert f"probe tasks: {' | '.join(beside)}" in str(rl.Explorer(runs)), "the board says it, too"
    assert f"probe tasks: {' | '.join(beside)}" in str(rl.figures.curves(runs))


def test_one_probe_seed_gives_runs_of_two_seeds_the_same_probes(tmp_path: Path) -> None:
    runs = [trained(tmp_path / f"{seed}.rao", seed=seed, probe_seed=7) for seed in (0, 1)]
    assert probes_of(runs[0]) == probes_of(runs[1])
    said = str(rl.compare_runs(*runs))
    assert "on 2 probe tasks" in said and "not told" not in said
    assert "probe tasks: " not in str(rl.Explorer(runs))
