"""What the tries of several arms amount to: pass@k, success within an equal budget, and what a try costs.

Intervals are over tasks, clustered by what the environment says is alike about them, and paired by task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from rao_lab.evaluation.bootstrap import Interval, difference, share
from rao_lab.evaluation.budgets import Budget, pass_at, within
from rao_lab.evaluation.rows import TaskRow

ByTask = Sequence[Sequence[TaskRow]]
"""Of each task its tries, in their order."""
Score = Callable[[Sequence[TaskRow], int], float | None]
"""From the tries at a task, and the task's place, to a number in [0, 1]; None = not known."""
POINTS = 60
"""Of the curve over what was spent."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of all arms on the same tasks."""

    name: str
    """Such as pass@1, or "within the budget"."""
    band: str
    """The difficulty of its tasks; "" = all tasks."""
    tasks: int
    values: Mapping[str, Interval | None]
    """By arm; None = nothing was scored."""
    differences: Mapping[tuple[str, str], Interval | None]
    """First minus second, of each pair of arms."""

    def to_dict(self) -> dict[str, Any]:
        pairs = [
            {"first": first, "second": second, **(found.to_dict() if found else {"value": None})}
            for (first, second), found in self.differences.items()
        ]
        values = {name: found and found.to_dict() for name, found in self.values.items()}
        return {
            "name": self.name, "band": self.band, "tasks": self.tasks, "values": values, "differences": pairs
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """Of an arm: means over the tries that were asked for, and what a success took on average, failed ones included."""

    tries: float
    """A task, with those that only a budget had room for."""
    tokens: float | None
    """None = nobody counts them."""
    turns: float
    seconds: float | None
    ticks: float | None
    tokens_a_success: float | None
    """None if it solved nothing, or nobody counts tokens."""

    def to_dict(self) -> dict[str, float | None]:
        return {name: getattr(self, name) for name in self.__slots__}


def measures_of(
    tries: Mapping[str, ByTask], repeats: int = 1, budget: Budget | None = None, amounts: Sequence[float] = ()
) -> tuple[Measure, ...]:
    """Every measure over all tasks and of each difficulty, if there are several."""
    first = next(iter(tries.values()))
    bands = list(dict.fromkeys(rows[0].difficulty for rows in first))
    scores: dict[str, Score] = {f"pass@{k}": _pass_at(k, repeats) for k in _ks(repeats)}
    if budget is not None:
        scores["within the budget"] = lambda rows, at: within(rows, budget, amounts[at])
    found = []
    for name, score in scores.items():
        for band in ("", *(bands if len(bands) > 1 else ())):
            places = [at for at, rows in enumerate(first) if not band or rows[0].difficulty == band]
            found.append(_measure(name, band, places, tries, score))
    return tuple(found)


def _ks(repeats: int) -> list[int]:
    """1, 2, 4 and so on, and the number of tries."""
    return sorted({2**power for power in range(repeats.bit_length()) if 2**power <= repeats} | {repeats})


def _pass_at(k: int, repeats: int) -> Score:
    return lambda rows, at: pass_at(k, rows[:repeats])


def _measure(
    name: str, band: str, places: Sequence[int], tries: Mapping[str, ByTask], score: Score
) -> Measure:
    first = next(iter(tries.values()))
    items = [cluster_of(first[at][0]) for at in places]
    scores = {arm: [score(rows[at], at) for at in places] for arm, rows in tries.items()}
    return Measure(
        name,
        band,
        len(places),
        {arm: share(values, items) for arm, values in scores.items()},
        {pair: difference(scores[pair[0]], scores[pair[1]], items) for pair in combinations(scores, 2)},
    )


def cluster_of(row: TaskRow) -> object:
    """Tasks with the same are alike: the labels of the environment, otherwise the task itself."""
    return tuple(row.labels.items()) or row.task


def cost_of(by_task: ByTask, repeats: int) -> Cost:
    """What the tries of an arm took.

    Only the tries that were asked for at every task count, as in pass@k: a budget has room for more of them where tasks
    are easy, so that the others would make an arm look cheaper than it is.
    """
    rows = [row for tries in by_task for row in tries[:repeats]]
    solved = sum(row.success == 1.0 for row in rows)
    told = [row.generated_tokens for row in rows if row.generated_tokens is not None]
    tokens = sum(told) if told else None
    return Cost(
        tries=sum(map(len, by_task)) / len(by_task),
        tokens=None if tokens is None else tokens / len(rows),
        turns=fmean(row.turns for row in rows),
        seconds=_mean([row.seconds for row in rows]),
        ticks=_mean([row.ticks for row in rows]),
        tokens_a_success=tokens / solved if solved and tokens else None,
    )


def curve_of(
    by_task: ByTask, budget: Budget, amounts: Sequence[float]
) -> tuple[list[float], list[float | None]]:
    """How the share of solved tasks grows with what is spent on each, up to its budget.

    Returns:
        What is spent, in units of the budget, and the share.
    """
    top = budget.amount or max(amounts)
    spent = [top * point / POINTS for point in range(POINTS + 1)]
    shares: list[float | None] = []
    for each in spent:
        scores = [
            within(rows, budget, min(amount, each)) for rows, amount in zip(by_task, amounts, strict=True)
        ]
        shares.append(_mean(scores))
    return spent, shares


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
