"""Several tries at each task by each arm of a comparison: so many for everyone, or until an equal budget is used up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from rao_lab.errors import Interrupted
from rao_lab.evaluation.budgets import Budget
from rao_lab.evaluation.evaluate import Evaluation, Options, Record, evaluate
from rao_lab.evaluation.rows import TaskRow, task_rows
from rao_lab.execution.limits import Limits
from rao_lab.protocols import Environment, Policy
from rao_lab.tree import Agent, Event, Task, Tree, TreeHeader

MOST_TRIES = 64
"""At a task by an arm, however cheap they are."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Who tries."""

    name: str
    policy: Policy
    agent: Agent


@dataclass(frozen=True, slots=True)
class Tried:
    """What all arms did. Tasks stand in the same order everywhere."""

    first: Mapping[str, Evaluation]
    """Of each arm, its first try at every task."""
    rows: Mapping[str, Sequence[Sequence[TaskRow]]]
    """Of each arm and task, its tries in their order."""
    amounts: Sequence[float] = ()
    """Of each task, its budget; empty without one."""


class _OneStep:
    """Keeps all tries of an arm in one step of the file: a try is a rollout of its task's group."""

    def __init__(self, record: Record, step: int) -> None:
        self._record, self._step = record, step
        self._found: Evaluation | None = None

    def begin(self, step: int) -> None:
        self._record.begin(self._step)

    def event(self, header: TreeHeader, event: Event) -> None:
        self._record.event(header, event)

    def tree(self, tree: Tree) -> None:
        self._record.tree(tree)

    def end(self, found: Evaluation) -> None:
        self._found = self._found or found

    def close(self) -> None:
        """All tries of the arm have ended; the figures of the step are those of the first."""
        if self._found is not None:
            self._record.begin(self._step)
            self._record.end(self._found)


class Tries:
    """Runs the tries of all arms.

    Args:
        repeats: tries at each task by every arm, at least.
        options: as in `evaluate`.
    """

    def __init__(
        self,
        environment: Environment,
        arms: Sequence[Arm],
        tasks: Sequence[Task],
        limits: Limits | None,
        repeats: int = 1,
        budget: Budget | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._environment, self._arms, self._tasks, self._limits = environment, arms, tasks, limits
        self._repeats, self._budget, self._options = repeats, budget, options
        self._rows: dict[str, list[list[TaskRow]]] = {arm.name: [[] for _ in tasks] for arm in arms}

    def run(self) -> Tried:
        """The first tries of all arms, which tell the budgets, then the others.

        Raises:
            as `evaluate`. ConfigError: what the budget counts was not recorded.
        """
        record = self._options.pop("record", None)
        keepers = [_OneStep(record, at + 1) if record else None for at in range(len(self._arms))]
        first: dict[str, Evaluation] = {}
        now = ""
        try:
            for arm, keeper in zip(self._arms, keepers, strict=True):
                now = arm.name
                first[now] = self._try(arm, 0, range(len(self._tasks)), keeper)
            amounts = self._amounts()
            for arm, keeper in zip(self._arms, keepers, strict=True):
                for attempt in range(1, MOST_TRIES):
                    due = self._due(arm.name, attempt, amounts)
                    if not due:
                        break
                    self._try(arm, attempt, due, keeper)
        except Interrupted as stop:
            first.setdefault(now, stop.evaluation)
            raise Interrupted(stop.trees, stop.evaluation, first) from None
        finally:
            for keeper in filter(None, keepers):
                keeper.close()
        return Tried(first, self._rows, amounts)

    def _amounts(self) -> list[float]:
        """Of each task what each arm may spend on it; empty without a budget."""
        budget = self._budget
        if budget is None:
            return []
        spent = [
            max(budget.spent(rows[at][0]) for rows in self._rows.values()) for at in range(len(self._tasks))
        ]
        return spent if budget.amount is None else [budget.amount] * len(spent)

    def _due(self, name: str, attempt: int, amounts: Sequence[float]) -> list[int]:
        """The tasks that this arm has to try again."""
        budget, places = self._budget, []
        for at, rows in enumerate(self._rows[name]):
            left = budget is not None and sum(map(budget.spent, rows)) < amounts[at]
            if len(rows) == attempt and (attempt < self._repeats or left):
                places.append(at)
        return places

    def _try(self, arm: Arm, attempt: int, places: Iterable[int], record: Record | None) -> Evaluation:
        chosen = list(places)
        options: dict[str, Any] = {**self._options, "record": record}
        found = evaluate(
            self._environment,
            arm.policy,
            arm.agent,
            [self._tasks[at] for at in chosen],
            self._limits,
            attempt=attempt,
            places=chosen,
            **options,
        )
        for at, row in zip(chosen, task_rows(found, self._environment, options.get("fits")), strict=True):
            self._rows[arm.name][at].append(row)
        return found
