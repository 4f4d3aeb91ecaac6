"""The light rows of a run, read when it is opened: steps, trees, metrics, configurations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import RunFileError
from rao_lab.store.cells import cells, names
from rao_lab.store.columns.bytes import Allowance
from rao_lab.store.rows.decode import task_from_text
from rao_lab.store.rows.texts import Texts, named, table
from rao_lab.tree import Task, Tree
from rao_lab.tree.ranges import LONG, METRIC

MOST_PROBLEMS = 20
"""Lines that are kept on what cannot be read."""


@dataclass(frozen=True, slots=True)
class StepSummary:
    """One step without its trees. Step 0 holds the probes before the first update."""

    step: int
    attempt: int
    """Which try of the run made it: more than 1 after a resume."""
    started: float | None
    """Seconds since 1970; None if nobody said that the step began."""
    ended: float | None
    """None while it runs, or if the run was stopped in it."""
    groups: int
    """Groups that were trained on."""
    trees: int
    """Finished trees of these groups."""
    probe_trees: int
    nodes: int
    """Nodes of all finished trees, probes included."""


@dataclass(frozen=True, slots=True)
class TreeSummary:
    """A tree without its nodes; `load` reads it whole."""

    id: int
    step: int
    probe: bool
    group: int
    rollout: int
    task: str
    """The task's id."""
    goal: str
    """The task's."""
    difficulty: str
    status: str
    """The root's; "running" while it runs."""
    success: float | None
    """The root's s."""
    nodes: int
    depth: int
    turns: int
    """That all nodes began, those without a reply (a fault of a server, a cut by time) included."""
    tokens_in: int
    tokens_out: int
    policy_version: int
    ended: float | None
    """Seconds from start to end; None while it runs."""
    not_reproducible: str
    """See `Tree`."""
    running: bool
    fork: bool
    """Cut from another tree: in no group."""
    origin: Mapping[str, Any] | None
    """Of a fork: where it was cut, and what was changed (`rao_lab.tree.origin`)."""
    _read: Callable[[int], Tree] = field(repr=False, compare=False)

    def load(self) -> Tree:
        """Raises: RunFileError, MissingError."""
        return self._read(self.id)


def meta_value(connection: sqlite3.Connection, key: str) -> object:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else row[0]


def meta_number(connection: sqlite3.Connection, key: str, default: int) -> int:
    value = meta_value(connection, key)
    if value is None:
        return default
    if not LONG.holds(value):
        raise RunFileError(f"its {key} is {quoted(value)}: {LONG} is due")
    assert isinstance(value, int)
    return value


def last_commit(connection: sqlite3.Connection) -> int:
    return meta_number(connection, "revision", 0)


def state_of(connection: sqlite3.Connection) -> tuple[object, int]:
    """Which run it is, and its last commit: another run may be put in the place of the file."""
    return meta_value(connection, "created"), last_commit(connection)


@contextmanager
def left_out(problems: list[str], what: str) -> Iterator[None]:
    """A record that cannot be read is left out of a list, and a line says so: the others are shown."""
    try:
        yield
    except RunFileError as error:
        note(problems, f"{what} cannot be read ({error})")


def note(problems: list[str], line: str) -> None:
    """Keeps a line, once for each thing that cannot be read."""
    what, _, _ = line.partition(" cannot be read (")
    if len(problems) < MOST_PROBLEMS and not any(
        known.partition(" cannot be read (")[0] == what for known in problems
    ):
        problems.append(line)


def configs(
    connection: sqlite3.Connection, texts: Texts, attempt: int | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and versions of an attempt, by default of the newest; empty if there are none."""
    query = (
        "SELECT attempt, config, packages FROM configs WHERE ? IN (attempt, -1) ORDER BY attempt DESC LIMIT 1"
    )
    row = connection.execute(query, (-1 if attempt is None else attempt,)).fetchone()
    if row is None:
        return {}, {}
    ((_, config, packages),) = cells("configs", ("attempt", "config", "packages"), [row])
    return named(texts.plain(config), "the configuration"), named(texts.plain(packages), "the versions")


def metrics(connection: sqlite3.Connection, texts: Texts, problems: list[str]) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT step, metrics FROM steps WHERE metrics IS NOT NULL ORDER BY step"
    ).fetchall()
    found = []
    for row in rows:
        with left_out(problems, f"the metrics of step {quoted(row[0])}"):
            ((step, text_id),) = cells("steps", ("step", "metrics"), [row])
            numbers = table(texts.plain(text_id), "the metrics")
            _check_metrics(numbers)
            found.append({"step": step, **numbers})
    return found


def _check_metrics(value: Any) -> None:
    """A loss may be no number, but what is one can be added up and drawn."""
    if isinstance(value, dict):
        for inner in value.values():
            _check_metrics(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_metrics(inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        finite = isinstance(value, int) or isfinite(value)
        if finite and not METRIC.holds(value):
            raise RunFileError(f"a metric is {quoted(value)}: {METRIC} is due")


def step_summaries(connection: sqlite3.Connection, problems: list[str]) -> list[StepSummary]:
    rows = connection.execute(
        "SELECT s.step, s.attempt, s.started, s.ended, count(DISTINCT CASE WHEN probe = 0 THEN grp END),"
        " total(probe = 0), total(probe = 1), total(nodes) FROM steps s LEFT JOIN trees t"
        " ON t.step = s.step AND t.done = 1 AND t.origin IS NULL GROUP BY s.step ORDER BY s.step"
    )
    found = []
    for row in rows:
        with left_out(problems, f"step {quoted(row[0])}"):
            cells("steps", ("step", "attempt", "started", "ended"), [row])
            step, attempt, started, ended, groups, trees, probes, nodes = row
            if not LONG.holds(int(nodes) if isfinite(nodes) else nodes):
                raise RunFileError(f"its trees have {quoted(nodes)} nodes")
            counts = (int(trees), int(probes), int(nodes))
            found.append(StepSummary(step, attempt or 1, started, ended, groups, *counts))
    return found


_TREE = (
    "id, step, probe, grp, rollout, task, difficulty, not_reproducible, status, success, ended, nodes,"
    " depth, turns, tokens_in, tokens_out, policy_version, done, origin"
)


def tree_summaries(
    connection: sqlite3.Connection, step: int, read: Callable[[int], Tree], problems: list[str]
) -> list[TreeSummary]:
    rows = connection.execute(
        f"SELECT {_TREE} FROM trees WHERE step = ? ORDER BY origin IS NOT NULL, probe, grp, rollout, id",
        (step,),
    ).fetchall()
    texts = Texts(connection, Allowance.of(connection))
    tasks: dict[int, Task] = {}
    found = []
    for row in rows:
        with left_out(problems, f"tree {quoted(row[0])} of step {step}"):
            cells("trees", names(_TREE), [row])
            if row[5] not in tasks:
                tasks[row[5]] = task_from_text(texts, row[5])
            found.append(_summary(row, tasks[row[5]], texts, read))
    return found


def _summary(row: tuple[Any, ...], task: Task, texts: Texts, read: Callable[[int], Tree]) -> TreeSummary:
    (
        tree_id,
        step,
        probe,
        group,
        rollout,
        _,
        difficulty,
        why,
        status,
        success,
        ended,
        *counts,
        done,
        origin,
    ) = row
    nodes, depth, turns, tokens_in, tokens_out, version = (each or 0 for each in counts)
    return TreeSummary(
        id=tree_id,
        step=step,
        probe=bool(probe),
        group=group,
        rollout=rollout,
        task=task.id,
        goal=task.goal,
        difficulty=texts.text(difficulty),
        status=status or "running",
        success=success,
        nodes=nodes,
        depth=depth,
        turns=turns,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        policy_version=version,
        ended=ended,
        not_reproducible=texts.maybe(why) or "",
        running=not done,
        fork=origin is not None,
        origin=None if origin is None else named(texts.plain(origin), "the origin of a fork"),
        _read=read,
    )
