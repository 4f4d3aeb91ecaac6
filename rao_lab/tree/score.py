"""What a verifier or a judge says of a node, checked when it is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from numbers import Real
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import LARGEST
from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError

_SOURCE = re.compile(r"[^\n()]{0,80}")
_INSTEAD = "; of another range: Score(reward=r), and reward_range = (low, high) on the environment"


@checked_call
@dataclass(frozen=True, slots=True)
class Score:
    """What a verifier or a judge says of a node.

    >>> rl.Score(0.5).success, rl.Score(1.0, fraction=0.75).fraction
    (0.5, 0.75)

    Raises:
        InputError: a number that is not finite or not in its range, or a source that is no short text.
    """

    success: float | None = None
    """In [0, 1]; None = this source cannot tell, or s is mapped from `reward`."""
    source: str = ""
    """Who says so; "" = "verifier" if a world gives the score, "judge" if a judge does."""
    fraction: float | None = None
    """Share of the goal that was met, in [0, 1], for metrics only; None = not known."""
    reward: float | None = None
    """In the range that the environment declares (`rao_lab.protocols.Ranged`). s is mapped from it, unless
    `success` is given too."""

    def __post_init__(self) -> None:
        for name, instead in (("success", _INSTEAD), ("fraction", "")):
            object.__setattr__(self, name, _within(name, getattr(self, name), (0.0, 1.0), instead))
        object.__setattr__(self, "reward", _within("reward", self.reward, (-LARGEST, LARGEST)))
        if not isinstance(self.source, str) or not _SOURCE.fullmatch(self.source):
            raise InputError(f"source={quoted(self.source)} is no short name of who gives the score")


def _within(name: str, value: Any, span: tuple[float, float], instead: str = "") -> float | None:
    """The number as Python's own float, numpy's too; None for None.

    Raises:
        InputError: it is no finite number of this span.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        advice = f": write float({value})" if isinstance(value, bool) else ""
        raise InputError(f"{name} must be a number, not {quoted(value)}{advice}")
    low, high = span
    if not low <= float(value) <= high:  # NaN too
        raise InputError(f"{name}={quoted(value)} is no finite number in [{low:g}, {high:g}]{instead}")
    return float(value)
