"""From words to settings: what the command line (or a small script) asks for, with what suits the policy.

What a user says wins. What they leave out comes from the run that is resumed, or else from `defaults.suggested`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from rao_lab.api.defaults import Suggested
from rao_lab.base.own_code import function_of
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.credit import CreditConfig
from rao_lab.environments.named import FLAGS
from rao_lab.errors import ConfigError, MissingError
from rao_lab.execution.asked import others, tasks_of
from rao_lab.execution.judge.judge import SETTINGS as JUDGED
from rao_lab.execution.limits import Limits
from rao_lab.policies.load import SETTINGS
from rao_lab.protocols import Environment
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.tree import Task

TASKS_PER_BAND = 100
"""Evaluated of each band of a world that makes its own tasks."""
WHOLE = frozenset(item.name for item in fields(TrainConfig))
PARTS = {
    "limits": frozenset(item.name for item in fields(Limits)),
    "credit": frozenset(item.name for item in fields(CreditConfig)),
    "loss": frozenset(item.name for item in fields(LossConfig)),
    "policy": frozenset(name for names in SETTINGS.values() for name in names) - {"prompt"},
    "judge": frozenset(JUDGED),
}
"""What is set with a dot, as in `limits.max_depth=6`; a name of `WHOLE` is set without."""
INSTEAD = {
    "policy": {
        "name": "--policy",
        "prompt": "--prompt",
        "dialect": "--prompt",
        "temperature": "--temperature or, of train, --set temperature=",
    },
    "env": FLAGS,
    "judge": {"policy": "--judge", "rubric": "--rubric"},
}
"""What is no setting of `--set`, and the option that it is."""
MOST_DIGITS = 18
"""Of a number in a list of steps or of a task; a longer one is none."""


def find_task(environment: Environment, wanted: str, split: str) -> Task:
    """A task by its number in the split or by its id.

    Raises:
        MissingError: there is none.
    """
    tasks = tasks_of(environment, split)
    if not tasks:
        raise MissingError(f"split {quoted(split)} of {environment.name} has no tasks{others(environment)}")
    has = f"0 to {len(tasks) - 1}" if len(tasks) > 1 else "0 alone"
    if is_number(wanted):
        if int(wanted) >= len(tasks):
            raise MissingError(f"no task {wanted} in split {quoted(split)}: it has {has}")
        return tasks[int(wanted)]
    for task in tasks:
        if task.id == wanted:
            return task
    raise MissingError(f"no task {quoted(wanted)} in split {quoted(split)}: give its id, or {has}")


def overrides(assignments: Iterable[str]) -> dict[str, Any]:
    """`["steps=3", "credit.lam=0.2"]` as nested plain data; values are JSON, otherwise text.

    Raises:
        ConfigError: one is no NAME=VALUE, names a field of a value, or leaves out what its name is a part of.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        parts = name.strip().split(".")
        if not equals or not all(parts):
            raise ConfigError(
                f"--set {quoted(assignment)} is no NAME=VALUE, such as steps=20 or credit.lam=0.2"
            )
        if parts[0] in ("prompt", "dialect"):
            raise ConfigError(f"--set {parts[0]}=... has no meaning here: --prompt is what you look for")
        whole = next((place for place, names in PARTS.items() if parts[0] in names - WHOLE), None)
        if whole and len(parts) == 1:
            raise ConfigError(
                f"--set {parts[0]}=... has no meaning here: {whole}.{parts[0]} is what you look for"
            )
        at = found
        for part in parts[:-1]:
            at = at.setdefault(part, {})
            if not isinstance(at, dict):
                raise ConfigError(f"--set {quoted(assignment)}: {unquoted(part)} has a value of its own")
        at[parts[-1]] = _value(text.strip())
    return found


def said_once(options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A command's own options that were used (not None), by the setting that each of them is.

    Raises:
        ConfigError: --set names such a setting, too.
    """
    used = {name: value for name, value in options.items() if value is not None}
    for name, value in used.items():
        if name in given:
            raise ConfigError(
                f"--{name} {unquoted(value)} and --set {name}={unquoted(given[name])} "
                "are one setting: give one of them"
            )
    return used


def own_settings(given: Mapping[str, Any], part: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of `--set PART.NAME=VALUE`, and what is left of those given.

    Raises:
        ConfigError: the part has a value of its own, or a setting that is an option of the command.
    """
    rest = dict(given)
    own = rest.pop(part, {})
    if not isinstance(own, Mapping):
        example = {"policy": "policy.device=cpu", "judge": "judge.check=8"}.get(part, f"{part}.seed=1")
        raise ConfigError(f"--set {part}={unquoted(own)}: name a setting, as in {example}")
    for setting, instead in INSTEAD.get(part, {}).items():
        if setting in own:
            raise ConfigError(
                f"--set {part}.{setting}=... has no meaning here: {instead} is what you look for"
            )
    return dict(own), rest


def limits_from(suggested: Suggested, given: Mapping[str, Any]) -> Limits:
    """Limits of `--set limits.NAME=VALUE` over those that suit the policy.

    Raises:
        ConfigError: a setting that is no limit, or a value that means nothing.
    """
    for name in given:
        if name != "limits":
            raise ConfigError(
                f"--set {unquoted(name)}=... has no meaning here: only limits, policy and world can be set, "
                "such as limits.max_depth=6, policy.device=cpu or env.seed=1"
            )
    return Limits.from_dict(merged(suggested.limits.to_dict(), given.get("limits", {})))


def train_config(suggested: Suggested, *layers: Mapping[str, Any]) -> TrainConfig:
    """A training configuration: what suits the policy, then each layer over it.

    Raises:
        ConfigError: an unknown field or a value that means nothing.
    """
    fitting = {**suggested.train, "limits": suggested.train_limits.to_dict()}
    plain = merged(fitting, *layers)
    credit = plain.get("credit")
    if isinstance(credit, Mapping) and "estimator" in credit:
        plain["credit"] = {**credit, "estimator": estimator_of(credit["estimator"])}
    return TrainConfig.from_dict(plain)


def estimator_of(given: Any) -> Any:
    """A credit rule of the user, if it is named as FILE.py:NAME or MODULE:NAME; anything else as it is.

    Raises:
        MissingError, InputError: there is no such function.
    """
    if isinstance(given, str) and (":" in given or given.endswith(".py")):
        return function_of(given, "rule")
    return given


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested plain data, later layers over earlier ones."""
    result: dict[str, Any] = {}
    for layer in layers:
        if not isinstance(layer, Mapping):
            raise ConfigError(f"{quoted(layer)} must be an object with fields")
        for name, value in layer.items():
            under = result.get(name)
            if isinstance(value, Mapping) and isinstance(under, Mapping):
                value = merged(under, value)
            result[name] = value
    return result


def chosen_steps(
    text: str | None, available: Iterable[int], problems: Sequence[str] = ()
) -> list[int] | None:
    """`"1,5,10-20"` as the steps of a run that it names; None for None.

    Args:
        problems: lines on what of the run cannot be read, such as a step.

    Raises:
        ConfigError: the text is no such list.
        MissingError: none of them is in the run, or can be read.
    """
    if text is None:
        return None
    steps = sorted(available)
    wanted: list[int] = []
    unread: list[str] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not is_number(first) or (dash and not is_number(last)):
            raise ConfigError(f"--steps {quoted(text)} is no list of steps such as 1,5,10-20")
        low, high = int(first), int(last or first)
        wanted += [step for step in steps if low <= step <= high]
        unread += [line for line in problems if (step := _step_of(line)) is not None and low <= step <= high]
    if not wanted:
        has = (f"{steps[0]} to {steps[-1]}" if len(steps) > 1 else f"only {steps[0]}") if steps else "none"
        if unread:
            raise MissingError(f"{unread[0]}; of the others the run has {has}")
        raise MissingError(f"the run has none of the steps {unquoted(text)}: it has {has}")
    return sorted(set(wanted))


def _step_of(problem: str) -> int | None:
    """The step that a line of `Run.problems` says cannot be read."""
    word, _, rest = problem.partition(" cannot be read")
    _, _, number = word.partition("step ")
    return int(number) if rest and word == f"step {number}" and is_number(number) else None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def is_number(text: str) -> bool:
    """Whether a user wrote a whole number, at least 0."""
    return text.isdecimal() and len(text) <= MOST_DIGITS
