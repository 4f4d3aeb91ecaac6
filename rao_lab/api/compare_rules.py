"""Rules of credit compared on the same rollouts: of a run, of steps of training, or of groups at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rao_lab.api.export import share_by
from rao_lab.api.find import credited_steps, why_no_credit
from rao_lab.api.rules import means_before
from rao_lab.base.calls import checked_call
from rao_lab.base.checks import whole
from rao_lab.base.safe_text import quoted
from rao_lab.credit import (
    Attributions,
    CreditConfig,
    NodeTable,
    RuleFunction,
    ShareBy,
    attribute_table,
    tabulate,
)
from rao_lab.credit.compare import figures
from rao_lab.credit.named import named_rules
from rao_lab.credit.table import Floats
from rao_lab.errors import ConfigError, InputError, MissingError, RunFileError
from rao_lab.execution.exclusive import taken
from rao_lab.protocols import Policy
from rao_lab.store import Run
from rao_lab.training.config import LossConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group
from rao_lab.views.rules.comparison import RuleComparison

Given = Run | TrainStep | Group | Sequence[Group] | Sequence[TrainStep]
AnyRule = str | CreditConfig | RuleFunction
FIRST_MEANS = "moving: these trees come without earlier steps, so every depth is compared with its own mean"


@checked_call
def compare_rules(
    run_or_groups: Given,
    rules: Sequence[AnyRule] | Mapping[str, AnyRule] | None = None,
    step: int | Sequence[int] | Literal["all"] | None = None,
    *,
    gradient: Policy | bool = False,
) -> RuleComparison:
    """What several rules of credit say of the same rollouts, before a run is paid for.

        >>> found = rl.compare_rules([group], ["rao", "tree_relative", lambda nodes: nodes.s - 0.5])
        >>> found.names, found.over("rao", "rank").value
        (('rao', 'tree_relative', 'lambda'), 1.0)

    Args:
        run_or_groups: an open run, steps of training, or groups.
        rules: the first is what the others are compared with. Names ("recorded", the estimators and baselines of
            `CreditConfig`, "platoon_sum"), configs, or functions of your own; as a mapping, by names of your own. What
            a name or a function does not say stays as recorded. None = the recorded rule and all that have a name.
        step: of a run: one, several or "all"; None = the newest that has credit. Many are averaged, with intervals.
        gradient: a policy with weights of its own: the cosine of the gradient under each rule with that under the
            first, at these weights. True = the weights that the run kept of each step. Three gradients fit the memory.

    Raises:
        ConfigError: these are no rules or no rollouts, or a rule means nothing.
        CallbackError: a function of yours raised an exception, or returned no credit.
        MissingError, RunFileError: the run has no such step, or it cannot be read.
    """
    rollouts = _rollouts(run_or_groups, step)
    base = rollouts.rule
    usual = base if base.rule is None or base.rule.function else replace(base, estimator="rao")
    named = named_rules(rules, usual, rollouts.recorded)
    found: dict[str, list[Any]] = {name: [] for name in named}
    gradients, notes = [], []
    if not rollouts.run and any(config and config.baseline == "moving" for config in named.values()):
        notes.append(FIRST_MEANS)
    if rules is None and rollouts.run and (lost := _no_means(rollouts.run, rollouts.numbers, usual)):
        notes.append(f"moving is left out: {lost}")
        del named["moving"], found["moving"]
    means: dict[str, tuple[int, Floats | None]] = {}
    for each in rollouts.steps():
        credited = [_credited(rollouts, each, name, config, means) for name, config in named.items()]
        for name, one in zip(named, credited, strict=True):
            found[name].append(figures(credited[0], one))
        if gradient is not False:
            gradients.append(_gradients(rollouts, each, credited, gradient))
    configs = {name: config or rollouts.rule for name, config in named.items()}
    return RuleComparison(configs, rollouts.numbers, found, gradients, tuple(notes))


def _no_means(run: Run, steps: Sequence[int], base: CreditConfig) -> str:
    """Why a moving baseline cannot be had at these steps; "" if it can."""
    try:
        means_before(run, steps[-1], replace(base, estimator="rao", baseline="moving", std=False))
    except (MissingError, RunFileError) as problem:
        return str(problem)
    return (
        ""
        if set(range(steps[0], steps[-1])) <= {*credited_steps(run)}
        else "steps between these are not there"
    )


@dataclass(frozen=True, slots=True)
class _Step:
    step: int
    table: NodeTable
    recorded: Attributions | None
    groups: Sequence[Group] = ()
    """Of a run, read only if gradients are asked for."""


@dataclass(frozen=True, slots=True)
class _Rollouts:
    """Steps to be credited."""

    numbers: tuple[int, ...]
    rule: CreditConfig
    """As recorded; the paper's if nothing was."""
    recorded: bool
    share_by: ShareBy = "token"
    made: Sequence[_Step] = ()
    """Those at hand."""
    run: Run | None = None

    def steps(self) -> Iterator[_Step]:
        """One after another: of a run, one at a time is read."""
        yield from self.made
        if self.run is not None:
            for step in self.numbers:
                yield _Step(step, self.run.node_table(step).credit_table(), self.run.attributions(step))


def _rollouts(given: Any, step: Any) -> _Rollouts:
    if isinstance(given, Run):
        chosen = _chosen(given, step)
        rule = given.attributions(chosen[-1]).config
        return _Rollouts(chosen, rule, True, share_by(given), run=given)
    if step is not None:
        raise ConfigError(f"step={quoted(step)} has a meaning only for a run")
    items: Any = [given] if isinstance(given, TrainStep | Group) else given
    if isinstance(items, Sequence) and items and all(isinstance(each, TrainStep) for each in items):
        made = [
            _Step(each.step, each.attributions.table, each.attributions, each.groups)
            for each in _whole(items)
        ]
        rule = _whole(items)[-1].attributions.config
        return _Rollouts(tuple(each.step for each in made), rule, True, made=made)
    if isinstance(items, Sequence) and items and all(isinstance(each, Group) for each in items):
        by_step: dict[int, list[Group]] = {}
        for each in items:
            if not each.probe:
                by_step.setdefault(each.step, []).append(each)
        if not by_step:
            raise InputError("these groups are probes, which get no credit")
        made = [_Step(at, tabulate(groups), None, groups) for at, groups in sorted(by_step.items())]
        return _Rollouts(tuple(sorted(by_step)), CreditConfig(), False, made=made)
    raise ConfigError(
        f"rl.compare_rules takes an open run, steps of training or groups, not {quoted(given)}"
        + (": open it with rl.open_run(path)" if isinstance(given, str) else "")
    )


def _whole(steps: Sequence[Any]) -> list[Any]:
    """Raises: MissingError, if none has credit."""
    found = [each for each in steps if each.attributions is not None]
    if not found:
        raise MissingError("these steps have no credit: step 0 has probes alone")
    return found


def _chosen(run: Run, step: Any) -> tuple[int, ...]:
    known = credited_steps(run)
    if not known:
        raise MissingError(why_no_credit(run, None))
    if step is None:
        return (max(known),)
    if step == "all":
        return tuple(known)
    wanted = [step] if isinstance(step, int) else step
    if not isinstance(wanted, Sequence) or isinstance(wanted, str) or not wanted:
        raise ConfigError(f"step={quoted(step)} is no step: give a number, a list of them, or 'all'")
    for each in wanted:
        if whole("step", each, least=0) not in known:
            raise MissingError(why_no_credit(run, each))
    return tuple(sorted(set(wanted)))


def _credited(
    rollouts: _Rollouts,
    at: _Step,
    name: str,
    config: CreditConfig | None,
    means: dict[str, tuple[int, Floats | None]],
) -> Attributions:
    """The credit of a step by a rule. `means` carries moving means from step to step."""
    if config is None:
        assert at.recorded is not None
        return at.recorded
    moving = None
    if config.baseline == "moving":
        after, known = means.get(name, (-1, None))
        if rollouts.run is None:
            moving = known
        else:
            moving = known if after == at.step else means_before(rollouts.run, at.step, config)
    found = attribute_table(at.table, config, rollouts.share_by, moving=moving)
    means[name] = (at.step + 1, found.moving_after)
    return found


def _gradients(rollouts: _Rollouts, at: _Step, credited: Sequence[Attributions], gradient: Any) -> Any:
    from rao_lab.training.rule_gradients import rule_gradients  # with torch, as the next
    from rao_lab.training.setup import trainable

    groups = at.groups if rollouts.run is None else rollouts.run.groups(at.step)
    policy = _weights(rollouts, groups, gradient)
    learner = trainable(policy)
    with taken(policy, training=True):
        return rule_gradients(learner, groups, credited, _loss(rollouts.run))


def _weights(rollouts: _Rollouts, groups: Sequence[Group], gradient: Any) -> Policy:
    from rao_lab.api.given import check_policy
    from rao_lab.api.weights import weights_of

    if gradient is not True:
        check_policy(gradient, "rl.compare_rules(run, rules, gradient=policy)")
        found: Policy = gradient
        return found
    if rollouts.run is None:
        raise ConfigError("gradient=True needs a run, which keeps weights: give gradient=policy")
    tree = groups[0].trees[0]
    return weights_of(tree, tree.header.policy_version, None, rollouts.run)[0]


def _loss(run: Run | None) -> LossConfig:
    train = {} if run is None else run.config.get("train")
    loss = train.get("loss") if isinstance(train, Mapping) else None
    return LossConfig.from_dict(loss) if isinstance(loss, Mapping) else LossConfig()
