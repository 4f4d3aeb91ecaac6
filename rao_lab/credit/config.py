"""The rule that gives credit: the settings of equations 1, 3 and 4, checked when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import Settings
from rao_lab.base.checks import arguments, choice, flag, number
from rao_lab.base.safe_text import quoted
from rao_lab.credit.rule import Rule, RuleFunction
from rao_lab.errors import ConfigError, MissingError

Bonus = Literal["mean", "min", "capped_sum"]
Estimator = Literal["rao", "rao_root_adv", "grpo_mean", "root_only", "tree_relative"]
Baseline = Literal["leave_one_out", "group_mean", "moving", "none"]
DepthWeighting = Literal["inverse_frequency", "per_group", "none"]

USUAL_DECAY = 0.9
"""Of a moving baseline: it follows about the last ten steps."""


@checked_call
@dataclass(frozen=True, slots=True, repr=False)
class CreditConfig(Settings):
    """The rule that gives credit. The defaults are those of the paper, arXiv 2605.06639.

        >>> rl.CreditConfig(lam=0.2, baseline="group_mean").estimator
        'rao'

    Args:
        lam: lambda of equation 1: the weight of the children's success in R, at least 0. Use 0 if the policy
            already delegates.
        bonus: The second term of equation 1. mean: lam * mean(s of scored children). min: lam * their
            minimum, so that one failed child shows. capped_sum: min(lam * their sum, `cap`), so that
            delegating more pays until the cap.
        cap: Largest value of the second term, for `capped_sum` only; None with any other bonus.
        estimator: A of equation 3. rao: A = own R - b. rao_root_adv: every node gets its root's A. grpo_mean:
            A = own R - mean R of all scored nodes of the group. root_only: A = own R - b, and only roots are
            trained. tree_relative: A = own R - b, with the b of a child from its siblings, as in TreeRPO; siblings
            that are not scored or were cancelled are in no baseline, and a child without another one is not
            trained, since there is nothing that it did better or worse than. Or a function of your own: `Rule`.
        baseline: b of equation 3. leave_one_out: mean R of the other trees' scored roots. group_mean: mean R
            of all scored roots, the own one included (for grpo_mean: of all scored nodes). For the children of
            tree_relative, both are of siblings and not of roots. moving: an exponential mean of R at the node's
            depth over the steps before; see `rao_lab.credit.moving`. none: b = 0.
        std: Divide A by the population standard deviation of the returns that a group compares: those of its
            scored roots, or of its scored nodes for grpo_mean. If they are all alike, A stays as it is.
        depth_weighting: w of equation 4. inverse_frequency: over the whole batch. per_group: within each
            group. none: w = 1.
        decay: What a step leaves of a moving mean, in [0, 1): m = decay * m + (1 - decay) * mean R. For
            `baseline="moving"` only; None = 0.9.

    Raises:
        ConfigError: a value that means nothing, or two fields that contradict each other.
    """

    lam: float = 0.4
    bonus: Bonus = "mean"
    cap: float | None = None
    estimator: Estimator | Rule | RuleFunction = "rao"
    baseline: Baseline = "leave_one_out"
    std: bool = False
    depth_weighting: DepthWeighting = "inverse_frequency"
    decay: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.estimator, str):
            object.__setattr__(self, "estimator", _own_rule(self.estimator))
        number("lam", self.lam)
        number("cap", 0.0 if self.cap is None else self.cap)
        flag("std", self.std)
        for name, kind in _CHOICES.items():
            if not (name == "estimator" and self.rule):
                choice(name, getattr(self, name), get_args(kind))
        if self.decay is not None and number("decay", self.decay) >= 1:
            raise ConfigError(f"decay={self.decay} never takes a step in: give at least 0 and less than 1")
        self._check_pairs()

    def _check_pairs(self) -> None:
        if self.bonus == "capped_sum" and self.cap is None:
            raise ConfigError("bonus='capped_sum' needs cap: give the most that the second term may add")
        if self.bonus != "capped_sum" and self.cap is not None:
            raise ConfigError(f"cap={self.cap} has no meaning with bonus={self.bonus!r}: use 'capped_sum'")
        if self.estimator == "grpo_mean" and self.baseline != "group_mean":
            raise ConfigError(
                "estimator='grpo_mean' compares with the mean over all nodes of the group: set "
                f"baseline='group_mean', not {self.baseline!r}"
            )
        if self.estimator == "tree_relative" and self.baseline in ("moving", "none"):
            raise ConfigError(
                "estimator='tree_relative' compares siblings: set baseline='leave_one_out' or 'group_mean', "
                f"not {self.baseline!r}"
            )
        if self.decay is not None and self.baseline != "moving":
            raise ConfigError(
                f"decay={self.decay} has no meaning with baseline={self.baseline!r}: use 'moving'"
            )
        if self.std and self.baseline == "moving":
            raise ConfigError(
                "std=True divides by the spread of what a group compares, and baseline='moving' compares with "
                "other steps: set std=False"
            )
        if self.std and self.rule:
            raise ConfigError(
                f"std=True has no meaning with the estimator {self.rule.name!r}: divide in the rule"
            )

    @property
    def rule(self) -> Rule | None:
        """The estimator, if it is a function of the user."""
        return self.estimator if isinstance(self.estimator, Rule) else None

    @property
    def estimator_name(self) -> str:
        return self.rule.name if self.rule else str(self.estimator)

    @property
    def kept(self) -> float:
        """What a step leaves of a moving mean."""
        return USUAL_DECAY if self.decay is None else self.decay

    @classmethod
    def preset(cls, name: str) -> CreditConfig:
        """A named rule: "rao" of the paper, or "platoon_sum" of platoon's trainer.

        platoon_sum adds 0.2 for each successful child, at most 0.4, and subtracts the mean over all roots.

        Raises:
            MissingError: there is no rule of this name.
        """
        if name == "rao":
            return cls()
        if name == "platoon_sum":
            return cls(0.2, "capped_sum", 0.4, "rao", "group_mean", False, "none")
        raise MissingError(f"no credit preset {name!r}: there are rao, platoon_sum")

    def check_group_size(self, size: int) -> None:
        """Refuses G trees per task if there is no baseline for so few.

        Raises:
            ConfigError: the message names the baseline and G.
        """
        if size < 2 and self.baseline == "leave_one_out" and not self.rule:
            raise ConfigError(
                f"baseline='leave_one_out' needs at least 2 trees of each task, G is {size}: "
                "sample more, or set baseline='none'"
            )

    def to_dict(self) -> dict[str, Any]:
        """All fields, as JSON can hold them; a function of the user as its name and a hash of its text."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return plain | ({"estimator": self.rule.to_json()} if self.rule else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CreditConfig:
        """The inverse of `to_dict`; a field that is missing keeps its default. A function of the user comes back
        by name alone: it can be shown, and not be computed.

        Raises:
            ConfigError: there is no such field, or a value means nothing.
        """
        return cls(**arguments(cls, data, "a credit config"))


_CHOICES = {
    "bonus": Bonus,
    "estimator": Estimator,
    "baseline": Baseline,
    "depth_weighting": DepthWeighting,
}


def _own_rule(given: Any) -> Rule:
    """Raises: ConfigError, if it is no function."""
    if isinstance(given, Rule):
        return given
    if isinstance(given, Mapping):
        return Rule.from_json(given)
    if not callable(given):
        known = ", ".join(get_args(Estimator))
        raise ConfigError(f"estimator={quoted(given)} is unknown: choose one of {known}, or give a function")
    return Rule.of(given)
