"""Runs beside each other: level by steps and by tokens, with intervals over tasks."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import pytest

import rao_lab as rl
from rao_lab.errors import ConfigError


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
    assert tokens.where == f"at {bound:,} tokens"
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
