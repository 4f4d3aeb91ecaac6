"""Credit rules of the user in the what-if bar: the kernel calls them, since only it has the functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from rao_lab.base.safe_text import one_line, quoted
from rao_lab.credit import Attributions, CreditConfig, Rule, RuleFunction, attribute_table
from rao_lab.credit.config import Estimator
from rao_lab.errors import ConfigError, MissingError
from rao_lab.views.explorer.question import Argument, Asked, Given
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

COLUMNS = ("b", "A", "w", "c", "share")
"""Of an answer, f8 each; then `why`, u1. The front end counts the rest itself."""
CHANGES = ("lam", "bonus", "cap", "baseline", "depth_weighting", "decay")
"""Fields of the recorded rule that a what-if may change beside its estimator."""


def offered_rules(rules: Mapping[str, RuleFunction] | None) -> dict[str, Rule]:
    """The rules that an Explorer is given, by name.

    Raises:
        ConfigError: they are no functions by name.
    """
    if rules is None:
        return {}
    if not isinstance(rules, Mapping):
        raise ConfigError(f"rules={quoted(rules)} is no mapping: give rules={{'mine': my_rule}}")
    found = {}
    for name, function in rules.items():
        if not isinstance(name, str) or not name.strip() or name != one_line(name, 40):
            raise ConfigError(f"a rule is called {quoted(name)}: give a short name")
        if name in get_args(Estimator):
            raise ConfigError(f"a rule is called {quoted(name)}, as an estimator is: give another name")
        if isinstance(function, type) or not callable(function):
            raise ConfigError(f"the rule {quoted(name)} is {quoted(function)}: give a function")
        found[name] = replace(Rule.of(function), name=name)
    return found


def rule_answer(asked: Asked) -> Given:
    """The credit of a step by a rule of the user: columns in the order of the view's rows.

    The arguments are its name, and as JSON what the what-if changes of the recorded rule ("" = nothing).
    """
    name, changes = (*asked.args, "")[:2]
    rule = asked.source.rules.get(str(name))
    if rule is None:
        raise MissingError(f"this Explorer has no rule {quoted(name)}: give rules={{name: function}}")
    table = asked.table
    if table.found is None:
        raise MissingError("this step has no credit yet: a rule needs the whole step")
    config = _config(table.config, rule, changes)
    recorded = table.found
    nodes = recorded.table
    if nodes.goal is None:
        nodes = replace(nodes, goal=_goals(asked.source, recorded, table.step))
    moving = recorded.moving if config.baseline == "moving" else None
    credited = table.credited(
        attribute_table(nodes, config, "node" if table.share_by == "node" else "token", moving=moving),
        _labels(table),
    ).credit
    assert credited is not None
    numbers = [np.asarray(credited[each], "<f8").tobytes() for each in COLUMNS]
    return {"rule": rule.name}, [*numbers, np.asarray(credited["why"], "<u1").tobytes()]


def _config(recorded: CreditConfig, rule: Rule, changes: Argument) -> CreditConfig:
    try:
        given: Any = json.loads(changes) if isinstance(changes, str) and changes else {}
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or set(given) - set(CHANGES):
        raise ConfigError(f"this is no change of a rule: {quoted(changes)}")
    base = replace(recorded, estimator="rao", std=False)
    return replace(base, **{"estimator": rule, **given})


def _goals(source: Source, recorded: Attributions, step: int) -> Any:
    """A stored credit has no goals; the nodes of its run have."""
    goals = source.goals(step)
    return goals if goals is not None and len(goals) == len(recorded) else None


def _labels(table: StepTable) -> list[int]:
    """What the recorded credit calls each group; -1 = it does not speak of it."""
    found = [-1] * len(table.groups)
    for tree in table.trees:
        if tree.id in table.places:
            found[tree.group] = table.places[tree.id][0]
    return found


def rules_saved(source: Source, table: StepTable | None) -> Iterable[Sequence[Argument]]:
    """Each rule on what was recorded: a page has no kernel that could call it on anything else."""
    return [(name, "") for name in source.rules] if table is not None and table.found is not None else ()
