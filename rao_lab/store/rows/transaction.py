"""What the writer does to the tables, call by call, inside its transactions. Used by one thread."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.credit import Attributions
from rao_lab.errors import RecordError, RunFileError
from rao_lab.store.cells import cells
from rao_lab.store.columns.bytes import Allowance
from rao_lab.store.rows.credit import insert_attributions
from rao_lab.store.rows.encode import (
    finish_tree,
    insert_events,
    insert_header,
    portable,
)
from rao_lab.store.rows.texts import TextIds, Texts
from rao_lab.store.rows.whole import lost, note_lost
from rao_lab.tree import Event, Tree, TreeHeader
from rao_lab.tree.ranges import LONG

_CHECKPOINT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")

Place = tuple[Hashable, int, bool, int, int]
"""(the caller's key, step, probe, group, rollout) of a running tree."""


@dataclass
class _Running:
    id: int
    waiting: list[Event] = field(default_factory=list)
    """Events of this transaction. They are never written if the tree ends in it too."""


class RunTables:
    """The tables of an open run file: puts records in and numbers the commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.texts = TextIds(connection)
        self._running: dict[Place, _Running] = {}
        self.revision = self._meta("revision", 0)
        self.attempt = self._meta("attempt", 1)

    # Transactions

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.revision += 1

    def commit(self) -> None:
        for running in self._running.values():
            if running.waiting:
                insert_events(self.connection, running.id, running.waiting, self.revision)
                running.waiting = []
        self._set_meta("revision", self.revision)
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def whole(self) -> Iterator[None]:
        """If it fails inside, nothing of it stays behind, and the transaction can go on."""
        self.connection.execute("SAVEPOINT whole")
        running = {place: (each, len(each.waiting)) for place, each in self._running.items()}
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO whole")
            self.texts = TextIds(self.connection)  # it may know ids that are gone
            self._running = {place: each for place, (each, _) in running.items()}
            for each, count in running.values():
                del each.waiting[count:]
            raise
        finally:
            self.connection.execute("RELEASE whole")

    # Calls

    def set_config(self, config: Mapping[str, Any], packages: Mapping[str, str]) -> None:
        row = (self.attempt, self.texts.json(portable(dict(config))), self.texts.json(dict(packages)))
        self.connection.execute("INSERT OR REPLACE INTO configs VALUES (?, ?, ?)", row)

    def begin_step(self, step: int, attempt: int) -> None:
        ended = self.connection.execute("SELECT ended FROM steps WHERE step = ?", (step,)).fetchone()
        if ended and ended[0] is not None:
            raise RecordError(f"step {step} is already in this run: rewind to the step before it first")
        self._delete_steps("step = ?", step)
        self.connection.execute(
            "INSERT INTO steps (step, attempt, rev, started) VALUES (?, ?, ?, ?)",
            (step, attempt, self.revision, _now()),
        )

    def add_event(self, key: Hashable, header: TreeHeader, event: Event) -> None:
        place = (key, header.step, header.probe, header.group, header.rollout)
        running = self._running.get(place)
        if running is None:
            running = self._running[place] = _Running(self._insert_header(header))
        if not running.waiting:  # followers find a running tree that has news by its own revision
            self.connection.execute("UPDATE trees SET rev = ? WHERE id = ?", (self.revision, running.id))
        running.waiting.append(event)

    def tree_done(self, tree: Tree, key: Hashable | None) -> int:
        header = tree.header
        place = (header.step, header.probe, header.group, header.rollout)
        known = [p for p in self._running if p[1:] == place and (key is None or p[0] == key)]
        tree_id = self._running.pop(known[0]).id if known else self._insert_header(header)
        finish_tree(self.connection, self.texts, tree_id, tree, self.revision)
        return tree_id

    def end_step(
        self, step: int, attributions: Sequence[Attributions], metrics: Mapping[str, Any] | None
    ) -> None:
        numbers = None if metrics is None else self.texts.json(_plain_numbers(metrics))
        self.connection.execute(
            "INSERT OR IGNORE INTO steps (step, attempt) VALUES (?, ?)", (step, self.attempt)
        )
        self.connection.execute(
            "UPDATE steps SET rev = ?, ended = ?, metrics = ? WHERE step = ?",
            (self.revision, _now(), numbers, step),
        )
        for number, each in enumerate(attributions):
            insert_attributions(self.connection, self.texts, step, each, used=number == 0)

    def note_checkpoint(self, step: int, folder: str) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (step, self.texts.id(folder))
        )

    def checkpoints(self) -> list[tuple[int, str]]:
        """Steps and names of folders, newest first.

        Raises:
            RunFileError: a name that leads out of the checkpoint folder.
        """
        rows = self.connection.execute("SELECT step, folder FROM checkpoints ORDER BY step DESC").fetchall()
        texts = Texts(self.connection, Allowance.of(self.connection))
        rows = cells("checkpoints", ("step", "folder"), rows)
        return [(step, checkpoint_name(step, texts.text(folder))) for step, folder in rows]

    def rewind(self, step: int, without: Sequence[int] = ()) -> int:
        """Deletes what follows a step, every tree that never ended and those with these ids; returns the new
        attempt."""
        self._delete_steps("step > ?", step)
        self._delete_trees("done = ?", 0)
        for tree in without:
            self._delete_trees("id = ?", tree)
        self.connection.execute("DELETE FROM checkpoints WHERE step > ?", (step,))
        self._running.clear()
        self.attempt += 1
        self._set_meta("attempt", self.attempt)
        self._set_meta("rewound", self.revision)
        return self.attempt

    # Rows

    def _insert_header(self, header: TreeHeader) -> int:
        try:
            return insert_header(self.connection, self.texts, header, self.revision)
        except sqlite3.IntegrityError:
            kind = "probe tree" if header.probe else "tree"
            raise RecordError(
                f"{kind} {header.rollout} of group {header.group}, step {header.step}, is already in this run"
            ) from None

    def _delete_steps(self, condition: str, step: int) -> None:
        self._delete_trees(condition, step)
        for table in ("attributions", "steps"):
            self.connection.execute(f"DELETE FROM {table} WHERE {condition}", (step,))
        told = lost(self.connection)
        if told:  # of a step that is made anew nothing is lost
            kept = {step for (step,) in self.connection.execute("SELECT step FROM steps")}
            note_lost(self.connection, {step: count for step, count in told.items() if step in kept})

    def _delete_trees(self, condition: str, value: int) -> None:
        for table in ("events", "nodes", "turns", "tokens", "columns"):
            self.connection.execute(
                f"DELETE FROM {table} WHERE tree IN (SELECT id FROM trees WHERE {condition})", (value,)
            )
        self.connection.execute(f"DELETE FROM trees WHERE {condition}", (value,))

    def _meta(self, key: str, default: int) -> int:
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is not None and not LONG.holds(row[0]):
            raise RunFileError(f"the run file is damaged: its {key} is {quoted(row[0])}, not {LONG}")
        return default if row is None else row[0]

    def _set_meta(self, key: str, value: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def checkpoint_name(step: int, name: str) -> str:
    """The name of a checkpoint's folder, as it was recorded.

    Raises:
        RunFileError: it leads out of the folder of checkpoints.
    """
    if not _CHECKPOINT.fullmatch(name):
        raise RunFileError(f"the checkpoint of step {step} lies in {quoted(name)}, which is no folder's name")
    return name


def _now() -> float:
    return round(time.time(), 3)


def _plain_numbers(value: Any) -> Any:
    """Numbers of numpy and the like become Python's, at any depth."""
    if isinstance(value, Mapping):
        return {key: _plain_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_numbers(item) for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if hasattr(value, "tolist"):  # an array, or numpy's own bool
        return value.tolist()
    return value
