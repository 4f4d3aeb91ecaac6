"""`rl.evolution`: the same tasks over training, as figures, as text and as trees to compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import MissingError
from rao_lab.tree import Tree
from rao_lab.tree.diff import TreeDiff, diff_trees
from rao_lab.views.evolution.columns import Column, Columns, column_of
from rao_lab.views.evolution.figures import StepFigures, TreeFigures, figures_of, trees_of
from rao_lab.views.explorer.earned import credit_of
from rao_lab.views.explorer.source import Source


@dataclass(frozen=True, eq=False)
class Evolution:
    """The trees of tasks that come back, a column a step."""

    source: Source = field(repr=False)
    columns: Columns = field(repr=False)

    @property
    def steps(self) -> list[int]:
        return list(self.columns.steps)

    @property
    def tasks(self) -> list[str]:
        """Ids of the tasks, in the order of the rows."""
        return [str(task["task"]) for task in self.columns.tasks]

    @cached_property
    def trees(self) -> list[TreeFigures]:
        """A row a tree: `pandas.DataFrame(evolution.trees)` is the table of them."""
        return [tree for step in self.columns.steps for tree in trees_of(self.columns, self.column(step))]

    @cached_property
    def trends(self) -> list[StepFigures]:
        """A row a step."""
        return [
            figures_of(step, [tree for tree in self.trees if tree.step == step])
            for step in self.columns.steps
        ]

    def column(self, step: int) -> Column:
        """Raises: MissingError, RunFileError."""
        return column_of(self.source, self.columns, step)

    def tree(self, step: int, task: int | str = 0, tree: int = 1) -> Tree:
        """One tree whole.

        Args:
            task: its id, or its place among `tasks`.
            tree: from 1, of the task's trees in this step.

        Raises:
            MissingError: there is no such step, task or tree.
            RunFileError: it cannot be read.
        """
        column, place = self._found(step, task, tree)
        return column.whole.tree(place)

    def diff(self, first: int, second: int, task: int | str = 0, tree: int = 1) -> TreeDiff:
        """One task at two steps, aligned: `print` it. Arguments and errors as of `tree`."""
        sides = [self._found(step, task, tree) for step in (first, second)]
        (a, credit_a), (b, credit_b) = (self._with_credit(column, place) for column, place in sides)
        names = (f"step {first}, tree {tree}", f"step {second}, tree {tree}")
        return diff_trees(a, b, credit_a, credit_b, names)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: what comes back, a row a tree, and a row a step."""
        return {
            "of": self.columns.kind,
            "steps": self.steps,
            "tasks": [
                {name: task[name] for name in ("task", "goal", "difficulty")} for task in self.columns.tasks
            ],
            "trees": [tree._asdict() for tree in self.trees],
            "trends": [step._asdict() for step in self.trends],
        }

    def _with_credit(self, column: Column, place: int) -> tuple[Tree, Any]:
        tree = column.whole.tree(place)
        if self.columns.kind == "probes":
            return tree, None
        table = self.source.table(column.whole.step)
        same = [at for at, each in enumerate(table.trees) if each.id == column.whole.trees[place].id]
        return tree, credit_of(table, same[0]) if same else None

    def _found(self, step: int, task: int | str, tree: int) -> tuple[Column, int]:
        if step not in self.columns.steps:
            raise MissingError(f"no step {quoted(step)} here: there are {_few(self.steps)}")
        row = self.columns.place_of(task) if isinstance(task, str) else task
        if not (isinstance(row, int) and 0 <= row < len(self.columns.tasks)):
            raise MissingError(f"no task {quoted(task)} here: `tasks` lists the {len(self.tasks)} there are")
        column = self.column(step)
        trees = [
            place
            for place, of, at in zip(column.place, column.task, column.tree, strict=True)
            if (of, at) == (row, tree - 1)
        ]
        if not trees:
            has = sum(of == row for of in column.task)
            raise MissingError(f"step {step} has no tree {quoted(tree)} of this task: it has {has}")
        return column, trees[0]

    def __repr__(self) -> str:
        return f"<Evolution of {len(self.tasks)} tasks over {len(self.steps)} steps>"


def _few(steps: list[int]) -> str:
    return "none" if not steps else ", ".join(map(str, steps[:8])) + (" and more" if len(steps) > 8 else "")
