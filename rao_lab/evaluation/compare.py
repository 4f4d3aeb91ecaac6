"""Several evaluations of the same tasks side by side, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from rao_lab.base.cell import table_html
from rao_lab.base.words import counted
from rao_lab.evaluation.evaluate import Evaluation, Options, chosen_tasks, evaluate
from rao_lab.evaluation.intervals import paired_interval
from rao_lab.evaluation.summary import FIGURES, figures
from rao_lab.execution.limits import Limits
from rao_lab.protocols import Environment, Policy
from rao_lab.tree import AGENTS, Agent, Task


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second, task by task."""

    first: str
    second: str
    tasks: int
    """Scored by both."""
    difference: float
    low: float
    """Newcombe's 95 % interval for paired shares (his method 10)."""
    high: float
    all_tasks: int = 0
    """With those that one of them, or both, was not scored on."""

    def __str__(self) -> str:
        if not self.tasks:
            return f"{self.first} minus {self.second}: none of {counted(self.all_tasks, 'task')} was scored by both"
        interval = f"[{self.low:+.2f}, {self.high:+.2f}]"
        left_out = self.tasks < self.all_tasks
        on = (
            f"{self.tasks:,} of {counted(self.all_tasks, 'task')}"
            if left_out
            else counted(self.tasks, "task")
        )
        return (
            f"{self.first} minus {self.second}: {self.difference:+.2f} {interval} "
            f"on {on}{' that both were scored on' if left_out else ''}"
        )


@dataclass(frozen=True, repr=False)
class Comparison:
    """Several evaluations of the same tasks and how they differ.

    >>> found = rl.compare(env, {"a": policy, "b": policy}, agents=["recursive"], tasks=4)
    >>> sorted(found.evaluations), found.differences[0].difference
    (['a recursive', 'b recursive'], 0.0)
    """

    evaluations: Mapping[str, Evaluation]
    differences: tuple[Difference, ...]
    """Of each pair, the earlier minus the later."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "evaluations": {name: found.to_dict() for name, found in self.evaluations.items()},
            "differences": [
                {name: getattr(pair, name) for name in pair.__slots__} for pair in self.differences
            ],
        }

    def __str__(self) -> str:
        lines = [
            str(found) if name == found.agent else f"{name}: {found}"
            for name, found in self.evaluations.items()
        ]
        return "\n".join([*lines, *map(str, self.differences)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(name, *figures(found.overall)) for name, found in self.evaluations.items()]
        return table_html("Comparison", ("", *FIGURES), rows, [*map(str, self.differences)])


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
    **options: Unpack[Options],
) -> Comparison:
    """Evaluates every policy as every agent on the same tasks, under the same budgets.

    Args:
        policies: one, or several by name; a name is put before the agent's ("trained recursive").
        options: as in `evaluate`; its record keeps each evaluation as a step from 1.

    Raises:
        as `evaluate`.
    """
    named = policies if isinstance(policies, Mapping) else {"": policies}
    chosen = chosen_tasks(environment, tasks, split)
    found: dict[str, Evaluation] = {}
    for name, policy in named.items():
        for agent in agents:
            found[title(name, agent)] = evaluate(
                environment, policy, agent, chosen, limits, step=len(found) + 1, **options
            )
    names = list(found)
    pairs = [(first, second) for at, first in enumerate(names) for second in names[at + 1 :]]
    return Comparison(found, tuple(difference(first, second, found) for first, second in pairs))


def difference(first: str, second: str, evaluations: Mapping[str, Evaluation]) -> Difference:
    """Newcombe's interval for the difference of two shares measured on the same tasks."""
    pairs = [
        (one.success, two.success)
        for one, two in zip(evaluations[first].trees, evaluations[second].trees, strict=True)
        if one.success is not None and two.success is not None
    ]
    every = len(evaluations[first].trees)
    return Difference(first, second, len(pairs), *paired_interval(pairs), all_tasks=every)
