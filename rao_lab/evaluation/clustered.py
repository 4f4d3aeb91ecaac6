"""Intervals for repeats within tasks, and for differences of prompts on the same tasks.

Repeats of one task are alike, so 20 tasks with 8 repeats each say less than 160 tasks: tasks are the unit here. Each
task gives one number, the mean over its repeats.

share: Wilson's interval with the size that the design is worth. The size is p (1 - p) over the variance of the mean of
the task means, at least the number of tasks less one and at most the number of trees, and it is scaled by the quantile
of t at n - 1 degrees of freedom, since that variance is estimated (Korn and Graubard 1998; Franco et al. 2019). If
every tree succeeded, or every tree failed, nothing is known of how alike repeats are, and the size is the number of
tasks.

difference: the mean over tasks of (first minus second), with a t interval, shrunk as Agresti and Min (2005) do for
paired shares: two tasks are added, of which one differs by nothing and one by plus or minus 1 over the root of the
repeats, half a task each. For one repeat this is theirs. It keeps a few tasks that happen to agree from giving an
interval of no width.

`tests/evaluation/test_clustered.py` holds the coverage of both by simulation.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import atan, cos, inf, pi, sin, sqrt
from statistics import NormalDist, fmean
from typing import TypeVar

from rao_lab.evaluation.intervals import wilson

LEVEL = 0.95
POWER = 0.8
"""Chance that a difference of the size seen would be resolved by the tasks that are asked for."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval, over tasks."""

    value: float
    low: float
    high: float
    tasks: int
    p: float = 1.0
    """Two-sided, of the hypothesis that a difference is 0; 1 for a share."""
    spread: float = 0.0
    """Standard deviation over tasks."""

    def to_dict(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.__slots__}


def share(by_task: Sequence[Sequence[float]]) -> Estimate | None:
    """The mean success with its interval; None if nothing was scored.

    Args:
        by_task: of each task the success of each scored tree, in [0, 1]; tasks without any are passed over.
    """
    tasks = [scores for scores in by_task if scores]
    if not tasks:
        return None
    means = [fmean(scores) for scores in tasks]
    p, n = fmean(means), len(means)
    spread = _deviation(means)
    variance = spread**2 / n
    trees = sum(map(len, tasks))
    if n == 1 or not 0 < p < 1:
        size = float(n)
    else:
        worth = p * (1 - p) / variance if variance else inf
        size = min(max(worth, n - 1), trees)
    scale = _NORMAL.inv_cdf((1 + LEVEL) / 2) / t_quantile((1 + LEVEL) / 2, max(1, n - 1))
    low, high = wilson(p * size * scale**2, size * scale**2)
    return Estimate(p, low, high, n, spread=spread)


def difference(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Estimate | None:
    """First minus second over the tasks that both have scored trees of; None if there are none.

    Args:
        pairs: of each task the successes of the first and of the second, paired repeat by repeat as far as both were
            scored.
    """
    tasks = [(one, two) for one, two in pairs if one and two]
    if not tasks:
        return None
    each = [fmean(one) - fmean(two) for one, two in tasks]
    n, repeats = len(each), fmean(min(len(one), len(two)) for one, two in tasks)
    value = fmean(each)
    middle = sum(each) / (n + 2)
    squares = sum(x * x for x in each) + 1 / repeats
    error = sqrt(max(0.0, squares / (n + 2) - middle**2) / (n + 2))
    freedom = max(1, n - 1)
    reach = t_quantile((1 + LEVEL) / 2, freedom) * error
    low, high = max(-1.0, middle - reach), min(1.0, middle + reach)
    p = (1 - t_within(abs(middle) / error, freedom)) if error else 1.0
    return Estimate(value, min(low, value), max(high, value), n, p, _deviation(each))


Name = TypeVar("Name", bound=Hashable)


def holm(ps: Mapping[Name, float]) -> dict[Name, float]:
    """Holm's adjusted p values: a difference is resolved at 5 % if its own is below 0.05."""
    adjusted: dict[Name, float] = {}
    before = 0.0
    for place, name in enumerate(sorted(ps, key=lambda name: ps[name])):
        before = max(before, min(1.0, (len(ps) - place) * ps[name]))
        adjusted[name] = before
    return adjusted


def tasks_needed(seen: Estimate, comparisons: int = 1) -> float:
    """How many tasks in all would resolve a difference of the size seen, with the spread seen, in 8 of 10 such benches.

    Infinite if no difference was seen.
    """
    if not seen.value:
        return inf
    reach = _NORMAL.inv_cdf(1 - (1 - LEVEL) / 2 / comparisons) + _NORMAL.inv_cdf(POWER)
    spread = seen.spread or abs(seen.value) / 2  # all tasks alike says little of how tasks differ
    return max((reach * spread / seen.value) ** 2, 6.0)


def t_within(t: float, freedom: int) -> float:
    """The chance that Student's t lies within plus or minus t (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    total, term = 0.0, cos(angle) if freedom % 2 else 1.0
    for k in range(freedom % 2, freedom - 1, 2):
        total += term
        term *= cos(angle) ** 2 * (k + 1) / (k + 2)
    return 2 / pi * (angle + sin(angle) * total) if freedom % 2 else sin(angle) * total


def t_quantile(level: float, freedom: int) -> float:
    """The t that is not exceeded with the chance `level`, from 0.5, by bisection."""
    low, high = 0.0, 1.0
    while t_within(high, freedom) < 2 * level - 1:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_within(middle, freedom) < 2 * level - 1 else (low, middle)
    return high


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = fmean(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
