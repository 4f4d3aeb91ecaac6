"""A row a tree: what became of each task, and what it cost. Tables, intervals and plots are made of rows.

An environment that is `Labelled` says what else tasks may be grouped by. Tasks that share a label are alike, so
intervals can be clustered by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rao_lab.base.blame import blamed
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import CallbackError, RaoLabError
from rao_lab.protocols import Environment, Labelled
from rao_lab.tree import Task, Tree
from rao_lab.tree.told_counts import tokens_told

Label = str | int


class Evaluated(Protocol):
    """What rows are made of: an `Evaluation`, for example."""

    @property
    def trees(self) -> Sequence[Tree]: ...


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One tree.

    >>> from rao_lab.evaluation.rows import task_rows
    >>> row = task_rows(rl.evaluate(env, policy, tasks=4), env)[0]
    >>> row.task, row.labels, row.success, row.nodes, row.root_delegated
    ('textcraft/small-0/medium/test/0', {'item': 'm17_i4', 'tier': 4}, 1.0, 4, True)
    """

    task: str
    """Its id."""
    difficulty: str
    success: float | None
    """Of the root; None = not scored."""
    status: str
    """How the root ended."""
    nodes: int
    depth: int
    root_delegated: bool
    """The root launched a child."""
    generated_tokens: int | None
    """By all nodes; None = nobody counted, as for a policy without tokens."""
    turns: int
    """That all nodes began, those without a reply included."""
    ticks: int | None
    """Decode steps of the logical clock from its start to its end; None = not recorded."""
    seconds: float | None
    """From its start to its end, other trees running beside it; None = not recorded."""
    flat_tokens: int | None = None
    """Of the task's shortest flat transcript in the policy's dialect, one call a turn; None = unknown."""
    attempt: int = 0
    """Which of several tries at the task this is, from 0."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """What the environment groups tasks by."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "labels": dict(self.labels)}


def task_rows(
    evaluation: Evaluated, environment: Environment | None = None, fits: Callable[..., Any] | None = None
) -> list[TaskRow]:
    """A row for each tree of an evaluation, in its order.

    Args:
        environment: tells the labels of tasks, if it is `Labelled`.
        fits: from `flat_fits`: it knows how long flat transcripts are. Another function does not.

    Raises:
        CallbackError: the environment's own `labels` raised an exception, or returned no labels.
    """
    count = getattr(fits, "tokens", None)
    known: dict[str, tuple[Mapping[str, Label], int | None]] = {}
    rows = []
    for tree in evaluation.trees:
        task = tree.task
        if task.id not in known:
            known[task.id] = labels_of(task, environment), None if count is None else count(task)
        rows.append(row_of(tree, *known[task.id]))
    return rows


def row_of(tree: Tree, labels: Mapping[str, Label] | None = None, flat_tokens: int | None = None) -> TaskRow:
    """The row of one tree."""
    return TaskRow(
        task=tree.task.id,
        difficulty=tree.task.difficulty,
        success=tree.success,
        status=str(tree.root.status) if tree.nodes else "",
        nodes=len(tree),
        depth=tree.depth,
        root_delegated=bool(tree.nodes and tree.root.children),
        generated_tokens=tokens_told(tree.nodes),
        turns=sum(len(node.turns) for node in tree.nodes),
        ticks=tree.ended_tick,
        seconds=tree.ended,
        flat_tokens=flat_tokens,
        attempt=tree.header.rollout,
        labels=labels or {},
    )


def labels_of(task: Task, environment: Environment | None) -> Mapping[str, Label]:
    """What the environment groups the task by; nothing if it is not `Labelled`.

    Raises:
        CallbackError: its `labels` raised an exception, or returned no labels.
    """
    if environment is None or not isinstance(environment, Labelled):
        return {}
    said = f"environment {unquoted(environment.name)}: labels of task {unquoted(task.id)}"
    with blamed(said, "correct labels", RaoLabError):
        found: Any = environment.labels(task)
    if isinstance(found, Mapping) and all(
        isinstance(name, str) and isinstance(value, (str, int)) for name, value in found.items()
    ):
        return dict(found)
    raise CallbackError(f"{said} are {quoted(found)}: return a dict from names to text or whole numbers")
