"""Which tasks a step takes and which tasks probe a run: draws keyed by seed, step and the task's id.

A draw does not change with the order of a split nor with tasks added to it, beyond their own chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from rao_lab.errors import ConfigError
from rao_lab.protocols import Environment
from rao_lab.train_config import TrainConfig
from rao_lab.tree import Task


def training_tasks(environment: Environment, config: TrainConfig, processes: int = 1) -> list[Task]:
    """The split that training draws from.

    Raises:
        ConfigError: it has fewer tasks than a step takes, or a step fewer than there are processes.
    """
    tasks = list(environment.tasks(config.split))
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
    return step_order(tasks, config.seed, step)[: config.tasks_per_step]


def probe_tasks(environment: Environment, config: TrainConfig) -> list[Task]:
    """The same tasks for a whole run, taken from each difficulty in turn; as many as there are.

    Raises:
        ConfigError: the split has no task at all.
    """
    if not config.probe_tasks:
        return []
    bands: dict[str, list[Task]] = {}
    for task in step_order(environment.tasks(config.probe_split), config.seed):
        bands.setdefault(task.difficulty, []).append(task)
    if not bands:
        raise ConfigError(
            f"probe_tasks={config.probe_tasks} but probe_split={config.probe_split!r} has no tasks: set 0"
        )
    names = sorted(bands)
    turns = [bands[name][at] for at in range(config.probe_tasks) for name in names if at < len(bands[name])]
    return turns[: config.probe_tasks]


def step_order(tasks: Sequence[Task], seed: int, step: int = 0) -> list[Task]:
    """All tasks in the order that a step draws them."""
    return sorted(tasks, key=lambda task: _key(seed, step, task.id))


def _key(seed: int, step: int, task: str) -> bytes:
    return blake2b(f"{seed}/{step}/{task}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
