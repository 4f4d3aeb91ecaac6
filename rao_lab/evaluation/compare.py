"""Several evaluations of the same tasks side by side, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, Unpack

from rao_lab.base.cell import table_html
from rao_lab.base.lazy import later
from rao_lab.base.words import counted, fixed
from rao_lab.evaluation import bootstrap
from rao_lab.evaluation.attempts import Arm, Tries
from rao_lab.evaluation.budgets import Budget
from rao_lab.evaluation.evaluate import Evaluation, Options, chosen_tasks
from rao_lab.evaluation.measures import Cost, Measure, cluster_of, cost_of, measures_of
from rao_lab.evaluation.rows import TaskRow
from rao_lab.evaluation.short_names import short_names
from rao_lab.evaluation.summary import FIGURES, figures
from rao_lab.execution.limits import Limits
from rao_lab.protocols import Environment, Policy
from rao_lab.tree import AGENTS, Agent, Task
from rao_lab.tree.text import signed_interval


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second, task by task."""

    first: str
    second: str
    tasks: int
    """Scored by both."""
    difference: float
    low: float
    """The 95 % interval over tasks, those that are alike together, by t on their spread when resampled, as if one tree
    more disagreed: as in `Comparison.measures`."""
    high: float
    all_tasks: int = 0
    """With those that one of them, or both, was not scored on."""

    def __str__(self) -> str:
        said = f"{self.first} minus {self.second}: "
        if not self.tasks:
            return f"{said}none of {counted(self.all_tasks, 'task')} was scored by both"
        interval = signed_interval(self.difference, self.low, self.high, "-")
        every = counted(self.all_tasks, "task")
        on = every if self.tasks == self.all_tasks else f"{self.tasks:,} of {every} that both were scored on"
        return f"{said}{interval} on {on}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """Several evaluations of the same tasks and how they differ.

    >>> found = rl.compare(env, {"a": policy, "b": policy}, agents=["recursive"], tasks=4)
    >>> sorted(found.evaluations), found.differences[0].difference
    (['a recursive', 'b recursive'], 0.0)
    """

    evaluations: Mapping[str, Evaluation]
    """Of the first try at each task."""
    differences: tuple[Difference, ...]
    """Of each pair, the earlier minus the later, in the first try."""
    tries: Mapping[str, Sequence[Sequence[TaskRow]]] = field(default_factory=dict, repr=False)
    """Of each arm and task, all of its tries in their order."""
    repeats: int = 1
    budget: Budget | None = None
    amounts: Sequence[float] = field(default=(), repr=False)
    """Of each task, what each arm could spend on it; empty without a budget."""

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """pass@k, and success within the budget if there is one: over all tasks, then by difficulty."""
        return measures_of(self.tries, self.repeats, self.budget, self.amounts) if self.tries else ()

    @cached_property
    def costs(self) -> Mapping[str, Cost]:
        """Of each arm, over the tries that pass@k is of."""
        return {name: cost_of(by_task, self.repeats) for name, by_task in self.tries.items()}

    @cached_property
    def shown(self) -> Comparison:
        """The same, with a policy that was given by its path called by its own name: what people see of it."""
        names = short_names({name: title(each.policy, each.agent) for name, each in self.evaluations.items()})
        if all(name == short for name, short in names.items()):
            return self
        return replace(
            self,
            evaluations={names[name]: each for name, each in self.evaluations.items()},
            differences=tuple(
                replace(pair, first=names[pair.first], second=names[pair.second]) for pair in self.differences
            ),
            tries={names[name]: rows for name, rows in self.tries.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "evaluations": {name: found.to_dict() for name, found in self.evaluations.items()},
            "differences": [
                {name: getattr(pair, name) for name in pair.__slots__} for pair in self.differences
            ],
            "budget": None
            if self.budget is None
            else {"unit": self.budget.unit, "amount": self.budget.amount, "words": str(self.budget)},
            "repeats": self.repeats,
            "measures": [each.to_dict() for each in self.measures],
            "cost": {name: cost.to_dict() for name, cost in self.costs.items()},
            "rows": {
                name: [row.to_dict() for rows in by_task for row in rows]
                for name, by_task in self.tries.items()
            },
        }

    def __str__(self) -> str:
        lines = [
            str(found) if name == found.agent else f"{name}: {found}"
            for name, found in self.evaluations.items()
        ]
        return "\n".join(["first tries, with Wilson's 95 % intervals:", *lines, *self.summary()])

    def summary(self) -> list[str]:
        """What the arms reach, how they differ, and what it took, in lines."""
        alone = self.repeats == 1 and self.budget is None
        return [
            f"{'the same' if alone else 'all tries'}, 95 % intervals over tasks (shares: Wilson's; differences: t, "
            "widened):",
            *measure_lines(self.measures, self.repeats, self.budget),
            *cost_lines(self.costs, self.repeats),
        ]

    def figures(self) -> dict[str, Any]:
        """Plotly figures by title: success by difficulty, over what is spent and over tries, and cost."""
        return later("rao_lab.views.compare.figures", "comparison_figures")(self)

    def save_html(self, path: str | Path) -> None:
        """Saves tables and figures as one page that needs nothing else.

        Raises:
            InputError, RunFileError: something else lies there.
            UnavailableError: it cannot be written.
        """
        later("rao_lab.views.compare.page", "save_comparisons")({"": self}, Path(path))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(name, *figures(found.overall)) for name, found in self.evaluations.items()]
        return table_html("Comparison", ("", *FIGURES), rows, self.summary())


def title(name: str, agent: str) -> str:
    """What an evaluation is called: by its policy's name, if that has one, and its agent."""
    return f"{name} {agent}".strip()


def compare(
    environment: Environment,
    policies: Policy | Mapping[str, Policy],
    agents: Sequence[Agent] = AGENTS,
    tasks: int | Sequence[Task] = 100,
    limits: Limits | None = None,
    *,
    split: str = "test",
    repeats: int = 1,
    budget: Budget | None = None,
    arms: Sequence[Arm] = (),
    **options: Unpack[Options],
) -> Comparison:
    """Evaluates every policy as every agent on the same tasks, under the same limits and perhaps an equal budget.

    Args:
        policies: one, or several by name; a name is put before the agent's ("trained recursive").
        repeats: tries at each task by everyone, for pass@k.
        budget: what everyone may spend on a task.
        arms: who is compared, in place of `policies` and `agents`.
        options: as in `evaluate`; its record keeps each evaluation as a step from 1.

    Raises:
        as `evaluate`.
    """
    named = policies if isinstance(policies, Mapping) else {"": policies}
    chosen = chosen_tasks(environment, tasks, split)
    compared = arms or [
        Arm(title(name, agent), policy, agent) for name, policy in named.items() for agent in agents
    ]
    tried = Tries(environment, compared, chosen, limits, repeats, budget, **options).run()
    pairs = combinations(tried.first, 2)
    return Comparison(
        tried.first,
        tuple(difference(first, second, tried.rows) for first, second in pairs),
        tried.rows,
        repeats,
        budget,
        tried.amounts,
    )


def measure_lines(measures: Sequence[Measure], repeats: int, budget: Budget | None) -> list[str]:
    """A line for each measure over all tasks, and one for each difference in it."""
    lines = [] if budget is None else [f"budget: {budget}"]
    for each in measures:
        if each.band:
            continue
        values = ", ".join(f"{name} {found or 'not scored'}" for name, found in each.values.items())
        lines.append(f"{each.name} ({_meaning(each, repeats)}) on {counted(each.tasks, 'task')}: {values}")
        for (first, second), gap in each.differences.items():
            lines.append(f"  {_difference(first, second, gap, each.tasks)}")
    return lines


def _meaning(measure: Measure, repeats: int) -> str:
    """What counts as solved."""
    if not measure.name.startswith("pass@"):
        return "one of the tries until the budget is used up"
    k = measure.name.removeprefix("pass@")
    if k == str(repeats):
        return "the one try" if repeats == 1 else f"one of {repeats} tries"
    return f"mean of {repeats} tries" if k == "1" else f"one of {k} tries, mean of all choices of {repeats}"


def cost_lines(costs: Mapping[str, Cost], repeats: int) -> list[str]:
    """A line for each arm: what a try took, and why there were more tries than asked for."""
    lines = []
    for name, cost in costs.items():
        tokens = f"{cost.tokens:,.0f} generated tokens, " if cost.tokens else ""
        solved = (
            "" if cost.tokens_a_success is None else f"; {cost.tokens_a_success:,.0f} tokens for each success"
        )
        more = (
            f" ({repeats} asked for, the others until the budget was used up)" if cost.tries > repeats else ""
        )
        lines.append(
            f"cost of {name}: {fixed(cost.tries, 1)} tries a task{more}; "
            f"a try {'that was asked for ' if more else ''}{tokens}{cost.turns:,.1f} turns{solved}"
        )
    return lines


def difference(first: str, second: str, tries: Mapping[str, Sequence[Sequence[TaskRow]]]) -> Difference:
    """Of two arms, in the first try at each task."""
    ones, twos = ([rows[0] for rows in tries[name]] for name in (first, second))
    gap = bootstrap.difference(
        [row.success for row in ones], [row.success for row in twos], [cluster_of(row) for row in ones]
    )
    return _difference(first, second, gap, len(ones))


def _difference(first: str, second: str, gap: bootstrap.Interval | None, tasks: int) -> Difference:
    if gap is None:
        return Difference(first, second, 0, 0.0, -1.0, 1.0, all_tasks=tasks)
    return Difference(first, second, gap.trees, gap.value, gap.low, gap.high, all_tasks=tasks)
