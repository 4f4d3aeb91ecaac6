"""The small training run that tests share: each test names only what it needs otherwise."""

from __future__ import annotations

from typing import Any

from rao_lab.execution.limits import Limits
from rao_lab.training.config import TrainConfig


def small_config(**changes: Any) -> TrainConfig:
    """Two steps on two tasks of three trees each, without probes."""
    fields = {"steps": 2, "tasks_per_step": 2, "group_size": 3, "learning_rate": 0.01, "probe_tasks": 0}
    return TrainConfig(**fields | changes)


def small_limits(**changes: Any) -> Limits:
    """Trees of at most three short nodes."""
    return Limits(**{"max_turns": 2, "max_nodes": 3, "max_new_tokens": 8} | changes)
