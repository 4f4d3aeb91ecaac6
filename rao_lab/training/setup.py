"""What a training needs, as one value that is checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import ConfigError
from rao_lab.protocols import Environment, Policy, TrainablePolicy
from rao_lab.training.config import TrainConfig
from rao_lab.training.processes import Alone, Peers
from rao_lab.training.tasks import probe_tasks, training_tasks
from rao_lab.tree import Task


@dataclass(frozen=True, slots=True)
class Training:
    """Who trains on what, by which settings; its tasks are looked up once.

    Raises:
        ConfigError: the policy samples at another temperature than the config says, or the environment has
            too few tasks.
        MissingError: the environment has no such split.
    """

    environment: Environment
    policy: TrainablePolicy
    """Its weights are changed in place and its `version` counts the updates."""
    config: TrainConfig
    peers: Peers = field(default_factory=Alone)
    """The processes of this run. Groups are dealt out by rank, and the step handed out is the same on all."""
    tasks: Sequence[Task] = field(init=False, repr=False)
    """The split that steps draw from."""
    probes: Sequence[Task] = field(init=False, repr=False)
    """The same tasks for the whole run."""

    def __post_init__(self) -> None:
        if self.policy.temperature != self.config.temperature:
            raise ConfigError(
                f"temperature={self.config.temperature} but the policy samples at {self.policy.temperature}: "
                "load it with the temperature of the config"
            )
        rule = self.config.credit.rule
        if rule is not None and rule.function is None:
            raise ConfigError(
                f"credit.estimator is the rule {unquoted(rule.name)}, a function that a run file does not hold: "
                "give it again, as credit=CreditConfig(estimator=...) or --set credit.estimator=FILE.py:NAME"
            )
        tasks = training_tasks(self.environment, self.config, self.peers.size)
        object.__setattr__(self, "tasks", tasks)
        object.__setattr__(self, "probes", probe_tasks(self.environment, self.config))


def trainable(policy: Policy) -> TrainablePolicy:
    """The policy itself, known to have weights.

    Raises:
        ConfigError: it has none.
    """
    if getattr(policy, "model", None) is None:
        raise ConfigError(
            f"policy {policy.name!r} has no weights to train: take tiny, smollm2 or a model folder"
        )
    return cast(TrainablePolicy, policy)
