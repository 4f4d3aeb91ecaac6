"""The light rows of a run, read when it is opened: steps, trees, metrics, configurations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from rao_lab.errors import RunFileError
from rao_lab.store.columns.bytes import Allowance
from rao_lab.store.rows.decode import task_from_text
from rao_lab.store.rows.texts import Texts, table
from rao_lab.tree import Task, Tree


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
    if not isinstance(value, int):
        raise RunFileError(f"its {key} {value!r:.40} is no number")
    return value


def last_commit(connection: sqlite3.Connection) -> int:
    return meta_number(connection, "revision", 0)


def configs(
    connection: sqlite3.Connection, texts: Texts, attempt: int | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and versions of an attempt, by default of the newest; empty if there are none."""
    query = "SELECT config, packages FROM configs WHERE ? IN (attempt, -1) ORDER BY attempt DESC LIMIT 1"
    row = connection.execute(query, (-1 if attempt is None else attempt,)).fetchone()
    if row is None:
        return {}, {}
    return table(texts.plain(row[0]), "the configuration"), table(texts.plain(row[1]), "the versions")


def metrics(connection: sqlite3.Connection, texts: Texts) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT step, metrics FROM steps WHERE metrics IS NOT NULL ORDER BY step"
    ).fetchall()
    texts.want(text_id for _, text_id in rows)
    return [{"step": step, **table(texts.plain(text_id), "the metrics")} for step, text_id in rows]


def step_summaries(connection: sqlite3.Connection) -> list[StepSummary]:
    rows = connection.execute(
        "SELECT s.step, s.attempt, s.started, s.ended, count(DISTINCT CASE WHEN probe = 0 THEN grp END),"
        " total(probe = 0), total(probe = 1), total(nodes) FROM steps s LEFT JOIN trees t"
        " ON t.step = s.step AND t.done = 1 AND t.origin IS NULL GROUP BY s.step ORDER BY s.step"
    )
    return [
        StepSummary(
            step,
            _count(attempt or 1),
            _number(started),
            _number(ended),
            groups,
            int(trees),
            int(probes),
            int(nodes),
        )
        for step, attempt, started, ended, groups, trees, probes, nodes in rows
    ]


def tree_summaries(
    connection: sqlite3.Connection, step: int, read: Callable[[int], Tree]
) -> list[TreeSummary]:
    rows = connection.execute(
        "SELECT id, step, probe, grp, rollout, task, difficulty, not_reproducible, status, success, ended, nodes,"
        " depth, turns, tokens_in, tokens_out, policy_version, done, origin FROM trees WHERE step = ?"
        " ORDER BY probe, grp, rollout, id",
        (step,),
    ).fetchall()
    texts = Texts(connection, Allowance.of(connection))
    texts.want(text_id for row in rows for text_id in row[5:8])
    tasks = {text_id: task_from_text(texts, text_id) for text_id in {row[5] for row in rows}}
    return [_summary(row, tasks[row[5]], texts, read) for row in rows]


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
    nodes, depth, turns, tokens_in, tokens_out, version = (_count(each or 0) for each in counts)
    return TreeSummary(
        id=tree_id,
        step=step,
        probe=bool(probe),
        group=_count(group),
        rollout=_count(rollout),
        task=task.id,
        goal=task.goal,
        difficulty=texts.text(difficulty),
        status=str(status or "running"),
        success=_number(success),
        nodes=nodes,
        depth=depth,
        turns=turns,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        policy_version=version,
        ended=_number(ended),
        not_reproducible=texts.maybe(why) or "",
        running=not done,
        fork=origin is not None,
        _read=read,
    )


def _count(value: Any) -> int:
    if not isinstance(value, int):
        raise RunFileError(f"a whole number was due, not {value!r:.40}")
    return value


def _number(value: Any) -> float | None:
    if value is not None and not (isinstance(value, (int, float)) and isfinite(value)):
        raise RunFileError(f"a number was due, not {value!r:.40}")
    return None if value is None else float(value)
