"""Settings of a training: what they do, and which are refused by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.training.optimizer import learning_rate
from rao_lab.training.setup import Training
from rao_lab.training.tasks import probe_tasks, step_tasks
from rao_lab.tree import Task
from tests.support.tinymodels import SMALL, Tasks, TinyPolicy, stepping, tiny_policy


def test_the_learning_rate_warms_up_and_decays() -> None:
    config = TrainConfig(steps=6, warmup_steps=2, learning_rate=1.0, lr_decay="linear")
    assert [learning_rate(config, step) for step in range(1, 7)] == [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    flat = replace(config, lr_decay="none")
    assert [learning_rate(flat, step) for step in range(1, 5)] == [0.5, 1.0, 1.0, 1.0]
    cosine = replace(config, lr_decay="cosine")
    assert learning_rate(cosine, 3) == 1.0 and 0 < learning_rate(cosine, 6) < 0.25


def test_steps_draw_different_tasks_keyed_by_seed_and_step() -> None:
    tasks = Tasks(train=50).tasks("train")
    config = replace(SMALL, tasks_per_step=10)
    drawn = step_tasks(tasks, config, 4)
    assert len({task.id for task in drawn}) == 10
    assert drawn == step_tasks(tasks, config, 4)
    assert drawn != step_tasks(tasks, config, 5)
    assert drawn != step_tasks(tasks, replace(config, seed=1), 4)


def test_only_drawn_tasks_are_made() -> None:
    made: list[int] = []

    class Lazy(Sequence[Task]):
        def __len__(self) -> int:
            return 10_000

        def __getitem__(self, index: Any) -> Any:
            made.append(index)
            return Task(f"train-{index}", "a goal")

    step_tasks(Lazy(), SMALL, 1)
    assert len(made) == SMALL.tasks_per_step


def test_probe_tasks_are_spread_over_difficulties() -> None:
    found = probe_tasks(Tasks(), replace(SMALL, probe_tasks=4))
    assert [task.difficulty for task in found] == ["easy", "hard", "easy", "hard"]
    assert len(probe_tasks(Tasks(dev=1), SMALL)) == 1


def test_probe_tasks_are_keyed_by_a_seed_of_their_own_if_there_is_one() -> None:
    tasks, config = Tasks(dev=50), replace(SMALL, probe_tasks=4)
    other, apart = replace(config, seed=1), replace(config, seed=1, probe_seed=0)
    assert probe_tasks(tasks, config) == probe_tasks(tasks, apart) != probe_tasks(tasks, other)
    assert "probe_seed" not in config.to_dict(), "configs of runs that have none read as before"
    assert TrainConfig.from_dict(apart.to_dict()) == apart


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"group_size": 1}, "group_size=1 with credit.baseline='leave_one_out'"),
        ({"epochs": 2}, "epochs=2 with loss.loss='reinforce'"),
        ({"loss": LossConfig(temperature=0.5)}, "loss.temperature=0.5 differs from temperature=1.0"),
        ({"probe_split": "train"}, "probe_split='train' is also split"),
        ({"steps": 0}, "steps=0"),
        ({"tasks_per_step": 0}, "tasks_per_step=0"),
        ({"probe_every": 0}, "probe_every=0"),
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"grad_clip": -1.0}, "grad_clip=-1.0"),
        ({"weight_decay": float("inf")}, "weight_decay=inf"),
        ({"betas": (0.9, 1.0)}, "betas"),
        ({"agent": "swarm"}, "agent='swarm' is unknown"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"credit": None}, "credit must be a CreditConfig"),
        ({"split": ""}, "split must name a split"),
    ],
)
def test_settings_that_mean_nothing_are_named(fields, named) -> None:
    with pytest.raises(ConfigError, match=named):
        TrainConfig(**fields)


def test_one_tree_a_group_is_fine_without_a_baseline() -> None:
    assert TrainConfig(group_size=1, credit=CreditConfig(baseline="none")).group_size == 1


def test_the_config_survives_json() -> None:
    config = replace(SMALL, credit=CreditConfig(lam=0.1), loss=LossConfig(kl=0.5), grad_clip=None)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"learning_rat": 1}, "TrainConfig has no field 'learning_rat': did you mean 'learning_rate'?"),
        ({"loss": {"klt": 1}}, "LossConfig has no field 'klt': did you mean 'kl'?"),
        ({"limits": 3}, "limits must be an object"),
    ],
)
def test_unknown_fields_are_refused_with_the_nearest_name(data, words) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_dict(data)
    assert words in str(caught.value)


def test_too_few_tasks_are_named() -> None:
    with pytest.raises(ConfigError, match="tasks_per_step=2 but split 'train' has 1"):
        Training(Tasks(train=1), tiny_policy(), SMALL)
    with pytest.raises(ConfigError, match="probe_split='dev' has no tasks"):
        Training(Tasks(dev=0), tiny_policy(), SMALL)


def test_a_policy_without_weights_or_at_another_temperature_is_refused() -> None:
    with pytest.raises(ConfigError, match="no weights to train"):
        next(stepping(SMALL, TinyPolicy(None)))
    with pytest.raises(ConfigError, match=r"temperature=0\.5 but the policy samples at 1\.0"):
        next(stepping(replace(SMALL, temperature=0.5), tiny_policy()))
