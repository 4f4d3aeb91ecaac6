"""Rules of credit by short names: what `rl.compare_rules` and the command line take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, get_args

from rao_lab.base.safe_text import quoted
from rao_lab.credit.config import Baseline, CreditConfig, Estimator
from rao_lab.credit.rule import Rule
from rao_lab.errors import ConfigError

RECORDED = "recorded"
"""What the trainer multiplied."""
NAMES = (*get_args(Estimator), "group_mean", "moving", "none", "platoon_sum")
"""Every name but "recorded": estimators, baselines of `rao`, a preset."""
BESIDE = ("rao_root_adv", "grpo_mean", "root_only", "tree_relative", "moving", "platoon_sum")
"""What a rule is compared with if nobody says."""


def named_rules(
    given: Sequence[Any] | Mapping[str, Any] | None, base: CreditConfig, recorded: bool
) -> dict[str, CreditConfig | None]:
    """Rules by name, in order; None = as recorded.

    Args:
        given: names, configs and functions; or these by names of one's own. None = all that there are.
        base: what a name or a function leaves as it is, such as lam.
        recorded: whether there is a credit that was recorded.

    Raises:
        ConfigError: one of them is no rule, or is there twice.
    """
    if isinstance(given, str) or not (given is None or isinstance(given, Sequence | Mapping)):
        raise ConfigError(
            f"rules={quoted(given)} is no list of rules: give names, CreditConfig(...), functions"
        )
    if given is None:
        given = [RECORDED if recorded else "rao", *BESIDE]
    pairs = given.items() if isinstance(given, Mapping) else ((None, each) for each in given)
    found: dict[str, CreditConfig | None] = {}
    for own, each in pairs:
        if each == RECORDED and not recorded:
            raise ConfigError(
                "these trees come without recorded credit: rules='recorded' has a meaning for a run"
            )
        config = None if isinstance(each, str) and each == RECORDED else _rule(each, base)
        name = str(own) if own is not None else _name(each, config, base)
        if name in found:
            raise ConfigError(f"two rules are called {quoted(name)}: give rules={{name: rule, ...}}")
        found[name] = config
    if len(found) < 2:
        raise ConfigError("rules must be two at least: the others are compared with the first")
    return found


def _rule(given: Any, base: CreditConfig) -> CreditConfig:
    if isinstance(given, CreditConfig):
        return given
    if isinstance(given, Rule) or (callable(given) and not isinstance(given, type)):
        return replace(base, estimator=given, std=False)
    if given == "platoon_sum":
        return CreditConfig.preset(given)
    if given in get_args(Estimator):
        usual: Baseline = "group_mean" if given == "grpo_mean" else "leave_one_out"
        return replace(base, estimator=given, baseline=usual, decay=None)
    if given in get_args(Baseline):
        moving = given == "moving"
        decay, std = (base.decay, False) if moving else (None, base.std)
        return replace(base, estimator="rao", baseline=given, decay=decay, std=std)
    known = ", ".join((RECORDED, *NAMES))
    raise ConfigError(f"{quoted(given)} is no rule: give one of {known}, a CreditConfig, or a function")


def _name(given: Any, config: CreditConfig | None, base: CreditConfig) -> str:
    if isinstance(given, str):
        return given
    assert config is not None
    return rule_words(config, base)


def rule_words(config: CreditConfig, base: CreditConfig | None = None) -> str:
    """A rule in a few words: its estimator, and what differs from `base`, or from the paper's rule."""
    base = base or CreditConfig()
    other = [
        f"{item.name}={getattr(config, item.name)}"
        for item in fields(config)
        if item.name != "estimator" and getattr(config, item.name) != getattr(base, item.name)
    ]
    return " ".join([config.estimator_name, *other])
