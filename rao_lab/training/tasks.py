"""Which tasks a step takes and which tasks probe a run: draws of places in a split, keyed by seed and step.

A split may be long, and its tasks may be made when they are asked for: so only drawn tasks are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from rao_lab.errors import ConfigError
from rao_lab.execution.asked import checked_task, tasks_of
from rao_lab.protocols import Environment
from rao_lab.training.config import TrainConfig
from rao_lab.tree import Task

PROBES_LOOKED_AT = 16
"""Tasks of the probe split that are looked at for each probe wanted, to spread them over difficulties."""


def training_tasks(environment: Environment, config: TrainConfig, processes: int = 1) -> Sequence[Task]:
    """The split that training draws from.

    Raises:
        ConfigError: it has fewer tasks than a step takes, or a step fewer than there are processes.
    """
    tasks = tasks_of(environment, config.split)
    if len(tasks) < config.tasks_per_step:
        raise ConfigError(
            f"tasks_per_step={config.tasks_per_step} but split {config.split!r} has {len(tasks)} tasks, "
            "and a step takes each at most once"
        )
    if processes > config.tasks_per_step:
        raise ConfigError(f"tasks_per_step={config.tasks_per_step} leaves some of {processes} processes idle")
    return tasks


def step_tasks(tasks: Sequence[Task], config: TrainConfig, step: int) -> list[Task]:
    """The tasks of a step, drawn without replacement."""
    return _drawn(tasks, config.seed, step, config.tasks_per_step)


def probe_tasks(environment: Environment, config: TrainConfig) -> list[Task]:
    """The same tasks for a whole run, taken from each difficulty in turn; as many as there are.

    Raises:
        ConfigError: the split has no task at all.
    """
    if not config.probe_tasks:
        return []
    tasks = tasks_of(environment, config.probe_split)
    if not len(tasks):
        raise ConfigError(
            f"probe_tasks={config.probe_tasks} but probe_split={config.probe_split!r} has no tasks: set probe_tasks=0 "
            "(--set probe_tasks=0), or name another split (--set probe_split=test)"
        )
    bands: dict[str, list[Task]] = {}
    seed = config.seed if config.probe_seed is None else config.probe_seed
    for task in _drawn(tasks, seed, 0, PROBES_LOOKED_AT * config.probe_tasks):
        bands.setdefault(task.difficulty, []).append(task)
    names = sorted(bands)
    turns = [bands[name][at] for at in range(config.probe_tasks) for name in names if at < len(bands[name])]
    return turns[: config.probe_tasks]


def _drawn(tasks: Sequence[Task], seed: int, step: int, count: int) -> list[Task]:
    """`count` different tasks, or all if there are fewer."""
    places = Random(f"tasks of step {step}, seed {seed}").sample(range(len(tasks)), min(count, len(tasks)))
    return [checked_task(tasks[place], "a task of the environment") for place in places]
