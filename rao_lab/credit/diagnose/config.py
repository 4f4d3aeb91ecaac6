"""What a badge takes: the thresholds of `diagnose`, checked when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import arguments, flag, number, whole
from rao_lab.errors import ConfigError


@checked_call
@dataclass(frozen=True, slots=True)
class BadgeConfig:
    """From when on a badge is given. The defaults rather miss a case than name a wrong one.

        >>> rl.BadgeConfig(context_share=0.95).late_turns
        1

    Args:
        goal_likeness: own goal: share of words that a goal must have in common with an ancestor's, in (0, 1].
        late_turns: late launch: turns that the parent had, from the launch on, before a limit stopped it.
        late_share: late launch: share of the tree's turns that were spent at the launch, in (0, 1].
        across_turns: serial await: also between turns, if the parent learned nothing new in between.
        serial_steps: serial await: least decode steps that launching both together would have saved.
        failed_children: failed child: least number of failed children of a node that succeeded.
        good_children: failed alone: least number of children of a node that failed, all of which succeeded.
        success_from: least s that counts as success, in (0, 1].
        bonus_from: bonus only: least bonus of a node whose s is 0.
        leaf_advantage: punished leaf: least size of its negative advantage.
        context_share: nearly full: share of its context window that a node filled, in (0, 1].
        no_signal: no signal: largest advantage that counts as none.

    Raises:
        ConfigError: a value that means nothing, with the field's name.
    """

    goal_likeness: float = 0.9
    late_turns: int = 1
    late_share: float = 0.95
    across_turns: bool = True
    serial_steps: int = 1
    failed_children: int = 1
    good_children: int = 1
    success_from: float = 0.5
    bonus_from: float = 0.01
    leaf_advantage: float = 0.05
    context_share: float = 0.85
    no_signal: float = 1e-6

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "bool":
                flag(field.name, value)
            elif field.type == "int":
                whole(field.name, value, least=1)
            elif field.name in _SHARES:
                number(field.name, value, most=1.0, above=True)
            else:
                number(field.name, value)

    def to_dict(self) -> dict[str, Any]:
        """All fields, as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BadgeConfig:
        """The inverse of `to_dict`; a field that is missing keeps its default.

        Raises:
            ConfigError: there is no such field, or a value means nothing.
        """
        return cls(**arguments(cls, data, "a badge config"))

    @classmethod
    def of(cls, given: object) -> BadgeConfig:
        """What a caller passed as `config`; None = the defaults.

        Raises:
            ConfigError: it is neither.
        """
        if given is None:
            return cls()
        if isinstance(given, cls):
            return given
        raise ConfigError(f"config must be rl.BadgeConfig(...), not a {type(given).__name__}")


_SHARES = frozenset({"goal_likeness", "late_share", "success_from", "context_share"})
