"""Which tasks are tried again and again, in which steps, and their trees.

A column is a step, a row a task. Probe tasks are tried every `probe_every` steps with the same noise and are never
trained. Tasks of training may come back, too, if there are few of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable, Words

Kind = Literal["probes", "training"]
KINDS: tuple[Kind, ...] = ("probes", "training")
MOST_STEPS = 400
"""Columns; of more steps, every second is left out until so many remain."""
MOST_TASKS = 24
"""Rows; of more tasks, those that come back most often."""
MOST_NODES = 240
"""Of one tree; of a larger one, the shallow nodes."""


@dataclass(frozen=True)
class Columns:
    """The steps and tasks of one kind."""

    kind: Kind
    steps: tuple[int, ...]
    """The columns, in order."""
    tasks: tuple[Mapping[str, Any], ...]
    """The rows: task, goal, difficulty."""
    of_steps: int
    """How many steps there are, those that are left out among them."""
    of_tasks: int

    @property
    def every(self) -> int:
        """Every which step is a column."""
        return _stride(self.of_steps)

    def place_of(self, task: str) -> int:
        """The row of a task, -1 if it has none."""
        return next((place for place, each in enumerate(self.tasks) if each["task"] == task), -1)


def columns_of(source: Source, kind: str | None = None) -> Columns:
    """What of a source comes back.

    Args:
        kind: by default the probes; if there are none, the tasks that came back.

    Raises:
        ConfigError: there is no such kind.
        RunFileError: the source cannot be read.
    """
    if kind is None:
        probes = _columns(source, "probes")
        others = probes if probes.steps else _columns(source, "training")
        return others if others.steps else probes
    for each in KINDS:
        if each == kind:
            return _columns(source, each)
    raise ConfigError(f"of={quoted(kind)}: choose one of {', '.join(KINDS)}")


def _columns(source: Source, kind: Kind) -> Columns:
    probe = kind == "probes"
    known: dict[str, Mapping[str, Any]] = {}
    times: Counter[str] = Counter()
    tried: dict[int, set[str]] = {}
    for step, tasks in sorted(source.tried(probe).items()):
        groups = {str(group["task"]): group for group in tasks}
        known = {**known, **{name: group for name, group in groups.items() if name not in known}}
        times.update(groups.keys())
        tried[step] = set(groups)
    back = [name for name in sorted(known, key=lambda name: -times[name]) if probe or times[name] > 1]
    order = {name: place for place, name in enumerate(known)}
    kept = sorted(back[:MOST_TASKS], key=order.__getitem__)
    steps = [step for step, names in tried.items() if names & set(kept)]
    return Columns(kind, tuple(_thinned(steps)), tuple(known[name] for name in kept), len(steps), len(back))


def _stride(count: int) -> int:
    stride = 1
    while count > MOST_STEPS * stride:
        stride *= 2
    return stride


def _thinned(steps: Sequence[int]) -> list[int]:
    """Every so manieth step and the newest: a step that comes changes nothing before it, until the stride doubles."""
    stride = _stride(len(steps))
    return [step for place, step in enumerate(steps) if not place % stride or place == len(steps) - 1]


@dataclass(frozen=True)
class Column:
    """The trees of one step, the tasks in the order of the rows, the trees of a task in theirs."""

    table: StepTable
    """These trees alone; of large ones, the shallow nodes."""
    task: tuple[int, ...]
    """Of each tree, the row of its task."""
    tree: tuple[int, ...]
    """Of each tree, its place among those of its task, from 0."""
    place: tuple[int, ...]
    """Of each tree, its place in the table of the whole step."""
    nodes: tuple[int, ...]
    """Of each tree, how many it has, those that are cut off among them."""
    whole: StepTable
    """The table of the whole step."""

    def rows(self, at: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The rows of a tree in the table of the whole step."""
        return self.whole.rows_of(self.place[at])


def column_of(source: Source, columns: Columns, step: int) -> Column:
    """The trees of a column.

    Raises:
        MissingError: there is no such step.
        RunFileError: it cannot be read.
    """
    whole = source.bare(step)
    probe = columns.kind == "probes"
    rows = [columns.place_of(str(group["task"])) for group in whole.groups]
    mine = [
        place
        for place, group in enumerate(whole.groups)
        if rows[place] >= 0 and group["probe"] is probe and "fork" not in group
    ]
    mine.sort(key=lambda place: (rows[place], whole.labels[place]))
    found = [
        place
        for group in mine
        for place in sorted(
            (place for place, tree in enumerate(whole.trees) if tree.group == group),
            key=lambda place: whole.trees[place].rollout,
        )
        if len(whole.rows_of(place))
    ]
    kept = [_shallow(whole, place) for place in found]
    counts: Counter[int] = Counter()
    numbers = []
    for place in found:
        row = rows[whole.trees[place].group]
        numbers.append((row, counts[row]))
        counts[row] += 1
    chosen = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    return Column(
        _own_words(whole.arranged(mine, found, chosen)),
        tuple(row for row, _ in numbers),
        tuple(number for _, number in numbers),
        tuple(found),
        tuple(len(whole.rows_of(place)) for place in found),
        whole,
    )


def _shallow(table: StepTable, place: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    rows = table.rows_of(place)
    if len(rows) <= MOST_NODES:
        return rows
    order = np.argsort(table.columns["depth"][rows], kind="stable")[:MOST_NODES]
    return rows[np.sort(order)]


def _own_words(table: StepTable) -> StepTable:
    """The same table with no more words than its rows name."""
    words = Words()
    goals = table.columns["goal"].tolist()
    goal = np.array([words(table.words[each]) if each >= 0 else -1 for each in goals], "<i4")
    return replace(table, columns={**table.columns, "goal": goal}, words=words.known)
