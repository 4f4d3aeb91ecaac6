"""What each arm of a comparison may spend on a task, and what it reaches with it.

An arm tries a task again and again, each time with other noise, until the task's budget is used up. It has solved the
task within the budget if one of its tries did, and had ended by then: a try that goes over the budget counts for
nothing. So an arm whose tries are cheap has more of them, and no arm has more than another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, inf

from rao_lab.base.checks import number
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError
from rao_lab.evaluation.rows import TaskRow

UNITS: Mapping[str, tuple[str, str]] = {
    "tokens": ("generated_tokens", "generated tokens"),
    "turns": ("turns", "turns"),
    "seconds": ("seconds", "seconds"),
}
"""Unit -> the field of a row, and its words. Seconds: from a tree's start to its end, others running beside it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent on a task.

    >>> from rao_lab.evaluation.budgets import Budget
    >>> str(Budget.read("tokens=400")), str(Budget.read({"turns": 30}))
    ('400 generated tokens a task', '30 turns a task')
    """

    unit: str
    """One of `UNITS`."""
    amount: float | None = None
    """None = what the first try of the dearest arm took on that task."""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ConfigError(
                f"budget={quoted(self.unit)} is unknown: choose one of {', '.join(UNITS)}, or say how much, as in "
                "tokens=400"
            )
        if self.amount is not None:
            number(f"the budget in {self.unit}", self.amount, above=True)

    @classmethod
    def read(cls, given: object) -> Budget | None:
        """From "tokens", "tokens=400" or {"tokens": 400}; None stays None.

        Raises:
            ConfigError: this is no budget.
        """
        if given is None or isinstance(given, Budget):
            return given
        if isinstance(given, str):
            unit, equals, amount = given.partition("=")
            return cls(unit.strip(), _number(given, amount) if equals else None)
        if isinstance(given, Mapping) and len(given) == 1:
            ((unit, amount),) = given.items()
            return cls(str(unit), amount)
        raise ConfigError(f'budget={quoted(given)} is none: give "tokens", "tokens=400" or {{"tokens": 400}}')

    @property
    def words(self) -> str:
        """What is spent."""
        return UNITS[self.unit][1]

    def spent(self, row: TaskRow) -> float:
        """What a try took.

        Raises:
            ConfigError: nobody recorded it.
        """
        found = getattr(row, UNITS[self.unit][0])
        if found is None:
            others = " or ".join(unit for unit in UNITS if unit != self.unit)
            raise ConfigError(
                f"task {unquoted(row.task)} was played without counting {self.words}: choose {others} as the budget"
            )
        return float(found)

    def __str__(self) -> str:
        if self.amount is None:
            return f"on each task, the {self.words} that the first try of the dearest arm took"
        return f"{self.amount:,g} {self.words} a task"


def within(tries: Sequence[TaskRow], budget: Budget, amount: float) -> float | None:
    """The best success of the tries that ended within the amount, one after another; 0 if none did.

    None if a try within it was not scored and none of the others succeeded wholly: it may have.
    """
    best, spent, unknown = 0.0, 0.0, False
    for row in tries:
        spent += budget.spent(row)
        if spent > amount:
            break
        unknown |= row.success is None
        best = max(best, row.success or 0.0)
    return None if unknown and best < 1 else best


def pass_at(k: int, tries: Sequence[TaskRow]) -> float | None:
    """The chance that one of k tries succeeds, without bias from n scored ones: 1 - C(n - c, k) / C(n, k).

    c are those with success 1 (Chen et al. 2021). None if fewer than k were scored. For k = 1 it is the mean success.
    """
    scores = [row.success for row in tries if row.success is not None]
    if len(scores) < k:
        return None
    if k == 1:
        return sum(scores) / len(scores)
    failed = sum(score < 1 for score in scores)
    return 1 - comb(failed, k) / comb(len(scores), k)


def _number(given: str, amount: str) -> float:
    try:
        found = float(amount)
    except ValueError:
        found = inf
    if found == inf or found != found:
        raise ConfigError(f"budget={quoted(given)} names no number: write it as in tokens=400")
    return found
