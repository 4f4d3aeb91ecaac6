"""A goal of one's own in place of a task of an environment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from rao_lab.api.defaults import unsuited
from rao_lab.api.given import check_environment, check_policy, check_task, what
from rao_lab.base.safe_text import quoted
from rao_lab.base.warned import warn_user
from rao_lab.environments.functions.environment import FunctionEnvironment
from rao_lab.errors import ConfigError
from rao_lab.protocols import Environment, Policy
from rao_lab.tree import Task

ORDER = "rl.run(task, environment, policy)"
GOAL_ORDER = "rl.run(goal='...', tools=[...], policy=policy)"


def own_task(
    goal: str,
    tools: Sequence[Callable[..., Any]] = (),
    verify: Callable[..., Any] | None = None,
    seconds: float = 30.0,
) -> tuple[Task, FunctionEnvironment]:
    """A goal as a task, and its environment of tools.

    Raises:
        ConfigError, InputError: as `rl.environment`.
    """
    if not isinstance(goal, str) or not goal.strip():
        raise ConfigError(f"goal={quoted(goal)} must say in words what is to be done")
    named = hashlib.blake2b(goal.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    environment = FunctionEnvironment([Task(f"goal/{named}", goal)], tools, verify, seconds=seconds)
    return environment.tasks("test")[0], environment


def all_three(
    task: Task | None,
    environment: Environment | None,
    policy: Policy | None,
    goal: str | None,
    tools: Sequence[Callable[..., Any]] | None,
    verify: Callable[..., Any] | None,
) -> tuple[Task, Environment, Policy]:
    """What `rl.run` runs: a task in its environment, or a goal with its tools.

    Raises:
        ConfigError: something is missing, or is given twice.
    """
    if goal is None:
        if tools is not None or verify is not None:
            name = "verify" if tools is None else "tools"
            raise ConfigError(
                f"{name}=... belongs to a goal, as in rl.run(goal='...', {name}=..., policy=policy); for tasks of your "
                "own, rl.environment(tasks, tools, verify) makes an environment"
            )
        if task is not None:
            check_task(task, ORDER)
        three = {"task": task, "environment": environment, "policy": policy}
        missing = [name for name, value in three.items() if value is None]
        if missing:
            raise ConfigError(
                f"run needs {' and '.join(missing)}: it takes task, environment, policy, or goal=... and policy=..."
            )
        check_environment(environment, ORDER)
    else:
        given = {"task": task, "environment": environment}
        for name, value in given.items():
            if value is not None:
                raise ConfigError(
                    f"goal and {name} are both given ({what(value)}): give a goal of your own with its tools, or a "
                    "task with its environment"
                )
        task, environment = own_task(goal, tools or (), verify)
        check_policy(policy, GOAL_ORDER)
        if policy is not None and (note := unsuited(policy, environment)):
            warn_user(note)
    check_policy(policy, ORDER)
    assert task is not None and environment is not None and policy is not None  # just checked
    return task, environment, policy
