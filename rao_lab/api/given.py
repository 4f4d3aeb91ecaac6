"""What a user gives to `rl.run` and the like, looked at as the call is made: each thing in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rao_lab.api.defaults import check_loaded
from rao_lab.base.calls import parts_of
from rao_lab.base.checks import MOST_SEED, temperature, whole
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError
from rao_lab.execution.asked import checked_task
from rao_lab.policies.own import POLICY
from rao_lab.protocols import Environment
from rao_lab.tree import Task

ENVIRONMENT = ("name", "tasks", "open")


def check_environment(value: object, order: str) -> None:
    """Refuses what is no environment.

    Args:
        order: how the call is written, such as "rl.run(task, environment, policy)".

    Raises:
        ConfigError: saying what it is.
    """
    if isinstance(value, type):
        raise ConfigError(f"environment is the class {value.__name__}: call it, as in {value.__name__}()")
    lacking = [name for name in ENVIRONMENT if not hasattr(value, name)]
    if lacking or not isinstance(value, Environment):
        raise ConfigError(f"environment is {what(value)}{_other_place(value, lacking)}: {order} is the order")
    names = getattr(value, "difficulties", ())
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise ConfigError(f"difficulties of {value.name} must be a list of names, not {quoted(names)}")


def check_policy(value: object, order: str) -> None:
    """Refuses what is no policy.

    Raises:
        ConfigError: saying what it is, or how a name becomes a policy.
    """
    check_loaded(value)
    lacking = [name for name in POLICY if not hasattr(value, name)]
    if lacking:
        raise ConfigError(f"policy is {what(value)}{_other_place(value, lacking)}: {order} is the order")


def check_task(value: object, order: str) -> None:
    """Refuses what is no task.

    Raises:
        ConfigError: it is none. InputError: its data cannot be recorded.
    """
    if not isinstance(value, Task):
        hint = ", and one task is due" if isinstance(value, Sequence) and not isinstance(value, str) else ""
        if isinstance(value, str):
            hint = ", and goal=... runs a goal in words"
        raise ConfigError(
            f"task is {what(value)}{hint}: {order} is the order; env.tasks('test')[0] is a task"
        )
    checked_task(value)


def check_tasks(value: object) -> None:
    """Refuses what is neither a number of tasks nor a list of them.

    Raises:
        ConfigError, InputError: it is neither.
    """
    if isinstance(value, Task):
        raise ConfigError("tasks is one task: give a list, tasks=[task]")
    if isinstance(value, int) and not isinstance(value, bool):
        whole("tasks", value, least=1)
    elif isinstance(value, str | Mapping) or not (
        hasattr(value, "__len__") and hasattr(value, "__getitem__")
    ):
        raise ConfigError(f"tasks must be a number of tasks or a list of them, not {quoted(value)}")
    elif isinstance(value, list | tuple):  # others may make their tasks when they are asked for
        for place, task in enumerate(value):
            checked_task(task, f"tasks[{place}]")


def check_options(
    *,
    seed: object = 0,
    warmth: object = None,
    judge: object = None,
    split: object = "test",
    of_kind: Mapping[str, tuple[object, type]] | None = None,
    counts: Mapping[str, object] | None = None,
    **called: Callable[..., Any] | None,
) -> None:
    """Refuses options of another type, by their names.

    Args:
        of_kind: objects by name with the type that each must have; None passes.
        counts: whole numbers from 1, by name.
        called: functions by name; None passes.

    Raises:
        ConfigError: naming the first that means nothing.
    """
    whole("seed", seed, least=-MOST_SEED, most=MOST_SEED)
    for name, count in (counts or {}).items():
        whole(name, count, least=1)
    if warmth is not None:
        temperature(warmth)
    if not isinstance(split, str):
        raise ConfigError(f"split must be a name, not {quoted(split)}")
    if judge is not None and (isinstance(judge, type) or not callable(getattr(judge, "score", None))):
        hint = f"; rl.judge({quoted(judge)}) makes one" if isinstance(judge, str) else ""
        raise ConfigError(
            f"judge is {what(judge)}: a judge is an object with a method score(tree, path){hint}"
        )
    for name, (value, kind) in (of_kind or {}).items():
        if not (value is None or isinstance(value, kind)):
            place = next(
                (f" (its {at} is one)" for at, part in parts_of(kind).items() if isinstance(value, part)), ""
            )
            raise ConfigError(f"{name} must be rl.{kind.__name__}(...){place}, not {what(value)}")
    for name, function in called.items():
        if not (function is None or callable(function)):
            raise ConfigError(f"{name} must be a function, not {quoted(function)}")


def what(value: object) -> str:
    """A thing in a few words that say which kind it is."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Task):
        return f"the task {quoted(value.id)}"
    for kind, names in (("environment", ENVIRONMENT), ("policy", POLICY)):
        if all(hasattr(value, name) for name in names):
            return f"the {kind} {unquoted(getattr(value, 'name', ''))}"
    if value is None or isinstance(value, str | bytes | int | float | list | tuple | dict | set):
        return quoted(value)
    return f"a {type(value).__name__}"


def _other_place(value: object, lacking: Sequence[str]) -> str:
    """What a value lacks, if it has some of what is due and so was meant for this place."""
    known = isinstance(value, Task) or what(value).startswith(("the environment", "the policy"))
    return "" if known or len(lacking) > 4 else f", which lacks {', '.join(lacking)}" if lacking else ""
