"""Badges of a run, of a step, or of trees at hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from rao_lab.api.find import find_trees
from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.credit import Attributions, CreditConfig, attribute
from rao_lab.credit.diagnose import BadgeConfig, Findings, find_badges
from rao_lab.errors import ConfigError, MissingError
from rao_lab.store import Run
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group, Tree

Given = Run | TrainStep | Group | Tree | Sequence[Group] | Sequence[Tree]


@checked_call
def diagnose(
    run_or_trees: Given,
    step: int | Literal["all"] | None = None,
    config: BadgeConfig | None = None,
    *,
    credit: CreditConfig | None = None,
) -> Findings:
    """Where delegation went wrong in some trees, and where credit misleads: a badge for each node it is true of.

        >>> found = rl.diagnose(rl.open_run("runs/a.rao"), step=1)
        >>> found.counts() == rl.diagnose(step).counts(), len(found.filter("own goal"))
        (True, 0)

    `rl.BADGES` explains each badge; `print(found)` and a cell of a notebook show a table.

    Args:
        run_or_trees: an open run, a step of training, a group, a tree, or a list of groups or trees.
        step: of a run; None = the newest that has trees, "all" = every step that has.
        config: thresholds.
        credit: the rule by which trees at hand are credited. A run and a step of training have their own; without
            either, badges that need advantages are not given.

    Raises:
        ConfigError: this is nothing that has trees, or a step was named that has no meaning here.
        MissingError: the run has no such step, or no trees in it.
        RunFileError: a tree cannot be read, or is missing.
    """
    config = BadgeConfig.of(config)
    if isinstance(run_or_trees, Run):
        return _joined([_of_step(run_or_trees, each, config) for each in _steps(run_or_trees, step)], config)
    if step is not None:
        raise ConfigError(f"step={quoted(step)} has a meaning only for a run")
    if isinstance(run_or_trees, TrainStep):
        made = run_or_trees
        return find_badges([*made.groups, *made.probes], made.attributions, config)
    groups = _groups(run_or_trees)
    return find_badges(groups, None if credit is None else _credited(groups, credit), config)


def badge_config(assignments: Iterable[str]) -> BadgeConfig:
    """The thresholds that NAME=VALUE pairs set.

    Raises:
        ConfigError: one is no such pair, or sets no threshold or what means nothing.
    """
    changes = {}
    for each in assignments:
        name, equals, value = each.partition("=")
        if not equals:
            raise ConfigError(
                f"--set {quoted(each)} sets nothing: write NAME=VALUE, such as context_share=0.95"
            )
        try:
            changes[name.strip()] = json.loads(value)
        except (ValueError, RecursionError):
            raise ConfigError(
                f"{unquoted(name)}={quoted(value)} is neither a number nor true or false"
            ) from None
    return BadgeConfig.from_dict(changes)


def _steps(run: Run, step: object) -> list[int]:
    if step == "all":
        found = [each.step for each in run.steps if each.trees or each.probe_trees]
        if found:
            return found
        step = None  # the error says why
    if step is None or (isinstance(step, int) and not isinstance(step, bool)):
        return [find_trees(run, step)[0].step]
    raise MissingError(f"a step is named by a whole number or by 'all', not by {quoted(step)}")


def _of_step(run: Run, step: int, config: BadgeConfig) -> Findings:
    credit: Attributions | None = None
    with suppress(MissingError):  # probes alone, or a step that has not ended
        credit = run.attributions(step)
    groups = [group for probe in (False, True) for group in run.groups(step, probe, light=True)]
    return find_badges(groups, credit, config)


def _joined(parts: Sequence[Findings], config: BadgeConfig) -> Findings:
    if len(parts) == 1:
        return parts[0]
    rows = [row for part in parts for row in part.rows]
    return Findings(rows, sum(part.nodes for part in parts), config, any(part.credited for part in parts))


def _groups(given: object) -> list[Group]:
    """Groups, with an index each.

    Raises:
        ConfigError: these are neither trees nor groups.
    """
    parts = [given] if isinstance(given, Tree | Group) else given
    if not isinstance(parts, Sequence) or isinstance(parts, str | bytes):
        raise ConfigError(f"rl.diagnose takes a run, a step, groups or trees, not a {type(given).__name__}")
    found = [*_grouped(parts)]
    labels = [(each.step, each.index, each.probe) for each in found]
    if len(set(labels)) < len(labels):
        return [replace(each, index=place) for place, each in enumerate(found)]
    return found


def _grouped(parts: Sequence[object]) -> Iterator[Group]:
    members: dict[tuple[int, int, bool, str], list[Tree]] = {}
    for each in parts:
        if isinstance(each, Group):
            yield each
        elif isinstance(each, Tree):
            head = each.header
            members.setdefault((head.step, head.group, head.probe, head.task.id), []).append(each)
        else:
            raise ConfigError(f"rl.diagnose takes groups or trees, and one is {quoted(each)}")
    for (step, index, probe, _), trees in members.items():
        yield Group(trees[0].task, tuple(trees), step, index, probe)


def _credited(groups: Sequence[Group], credit: CreditConfig) -> Attributions:
    return attribute([group for group in groups if not group.probe], credit)
