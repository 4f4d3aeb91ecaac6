"""What can still be read of a damaged run file, written into a sound one.

It works on a copy. Each tree, step and attribution is looked up by itself, so that a damaged page costs the
records on it and no others. Each is read as strictly as from a sound file, so that only what was recorded
comes over. The first page holds the header and the schema. If it is beyond reading, that of an empty run
file takes its place: all run files have their tables in the same places.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rao_lab.base.words import counted
from rao_lab.errors import RaoLabError, RunFileError, UnavailableError
from rao_lab.store import schema
from rao_lab.store.cells import cells
from rao_lab.store.columns.bytes import Allowance, unpack
from rao_lab.store.columns.credit import attributions_from_bytes
from rao_lab.store.copies import refuse_to_overwrite
from rao_lab.store.files import (
    MAGIC,
    PAGE_SIZE,
    UNREADABLE,
    check_regular,
    copy_with_journal,
    file_path,
    guard,
)
from rao_lab.store.journal import close_to_one_file, open_for_writing
from rao_lab.store.lock import WriteLock
from rao_lab.store.rows.credit import insert_attributions
from rao_lab.store.rows.decode import load_trees
from rao_lab.store.rows.live import load_events, running_trees
from rao_lab.store.rows.texts import Texts, table
from rao_lab.store.rows.transaction import RunTables, checkpoint_name
from rao_lab.store.rows.whole import lost, misplaced, missing, note_lost
from rao_lab.tree.ranges import SIGNED

_MISSES = 2000
"""Ids looked for one by one, in vain, before the search between damaged pages ends."""


@dataclass
class SalvageReport:
    """What came over, and what is known to be lost. Rows whose number is lost too are not counted."""

    trees: int = 0
    running_trees: int = 0
    """Trees that had not ended, with the events they had."""
    steps: int = 0
    attributions: int = 0
    checkpoints: int = 0
    config: bool = False
    lost_trees: int = 0
    lost_attributions: int = 0
    first_page_replaced: bool = False
    problems: list[str] = field(default_factory=list)
    """The first of each kind, in words."""

    def __str__(self) -> str:
        """What came over and what did not, in a line."""
        parts = [
            counted(count, name)
            for name, count in (
                ("tree", self.trees),
                ("running tree", self.running_trees),
                ("step", self.steps),
                ("attribution", self.attributions),
                ("checkpoint", self.checkpoints),
            )
        ]
        lost = [counted(self.lost_trees, "tree")] * bool(self.lost_trees)
        lost += [counted(self.lost_attributions, "attribution")] * bool(self.lost_attributions)
        lost += ["the configuration"] * (not self.config)
        told = ", ".join(parts) + (f"; lost: {', '.join(lost)}" if lost else "")
        return told + (f"; first problem: {self.problems[0]}" if self.problems else "; nothing was damaged")

    def note(self, what: str, error: Exception) -> None:
        if len(self.problems) < 20:
            said = str(error)
            self.problems.append(said if said.startswith(what) else f"{what}: {said}")


def salvage(path: str | Path, out: str | Path) -> SalvageReport:
    """Reads what is readable of `path` into the new run file `out`.

    Raises:
        MissingError: there is no such file.
        RunFileError: newer, of another program, nothing readable, or `out` exists.
        UnavailableError: `out` cannot be written.
    """
    source, target = file_path(path), file_path(out)
    check_regular(source)
    refuse_to_overwrite(target)
    report = SalvageReport()
    with tempfile.TemporaryDirectory() as folder:
        try:
            copy = copy_with_journal(source, Path(folder))
        except OSError as error:
            raise RunFileError(f"{source.name} cannot be copied to be read: {error.strerror}") from None
        with _opened(copy, source.name, report) as damaged:
            try:
                _pour(damaged, target, report)
                if not (report.trees or report.running_trees or report.steps):
                    raise RunFileError(f"nothing in {source.name} can be read any more")
            except BaseException:
                target.unlink(missing_ok=True)
                raise
    return report


@contextmanager
def _opened(copy: Path, name: str, report: SalvageReport) -> Iterator[sqlite3.Connection]:
    with copy.open("rb") as file:
        head = file.read(100)
    whole = head[:16] == MAGIC and len(head) == 100
    ours = int.from_bytes(head[68:72]) == schema.APPLICATION_ID
    if whole and ours and int.from_bytes(head[60:64]) > schema.SCHEMA_VERSION:
        raise RunFileError(f"{name} is of a newer RAO Lab: salvage it with that one")
    try:
        connection = _open(copy)
    except (*UNREADABLE, RunFileError) as error:
        if whole and not ours:
            raise RunFileError(f"{name} is an SQLite file of another program") from None
        report.note("the first page", error)
        report.first_page_replaced = True
        _replace_first_page(copy)
        try:
            connection = _open(copy)
        except (*UNREADABLE, RunFileError):
            raise RunFileError(f"nothing in {name} can be read any more") from None
    try:
        yield connection
    finally:
        connection.close()


def _open(copy: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        guard(connection, 100 * copy.stat().st_size)  # every record is looked up by itself
        connection.execute("PRAGMA writable_schema = ON")  # else SQLite refuses a file that was cut off
        schema.check_tables(connection, "it")
    except BaseException:
        connection.close()
        raise
    return connection


def _replace_first_page(copy: Path) -> None:
    """Puts the first page of an empty run file, which says "as many pages as there are", in its place."""
    fresh = copy.with_name("fresh.rao")
    connection = sqlite3.connect(fresh, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    schema.create(connection)
    connection.close()
    page = bytearray(fresh.read_bytes()[:PAGE_SIZE])
    page[28:32] = bytes(4)  # size in pages: unknown
    page[32:40] = bytes(8)  # no free pages
    with copy.open("r+b") as file:
        file.write(page)


def _pour(damaged: sqlite3.Connection, target: Path, report: SalvageReport) -> None:
    lock = WriteLock(target)
    try:
        connection, _ = open_for_writing(target, False, "rollback", lambda _: None)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # a copy that can be made again
            tables = RunTables(connection)
            tables.begin()
            for part in (_configs, _steps, _trees, _running, _attributions, _checkpoints, _gaps):
                part(damaged, tables, report)
            try:
                tables.commit()
            except sqlite3.IntegrityError as error:  # what was read contradicts itself in a way of its own
                raise RunFileError(f"what can be read cannot be written together: {error}") from None
        finally:
            close_to_one_file(connection)
    finally:
        lock.release()


def _configs(damaged: sqlite3.Connection, tables: RunTables, report: SalvageReport) -> None:
    for attempt in _keys(damaged, "configs", "attempt"):
        with _kept(report, tables, f"the configuration of attempt {attempt}"):
            query = "SELECT config, packages FROM configs WHERE attempt = ?"
            row = damaged.execute(query, (attempt,)).fetchone()
            ((_, config, packages),) = cells("configs", ("attempt", "config", "packages"), [(attempt, *row)])
            texts = Texts(damaged, Allowance.of(damaged))
            config, packages = (table(texts.plain(each), "a configuration") for each in (config, packages))
            tables.attempt = max(tables.attempt, attempt)
            tables.set_config(config, packages)
            report.config = True


def _steps(damaged: sqlite3.Connection, tables: RunTables, report: SalvageReport) -> None:
    for step in _keys(damaged, "steps", "step"):
        with _kept(report, tables, f"step {step}"):
            query = "SELECT attempt, started, ended, metrics FROM steps WHERE step = ?"
            found = (step, *damaged.execute(query, (step,)).fetchone())
            cells("steps", ("step", "attempt", "started", "ended", "metrics"), [found])
            _, attempt, started, ended, metrics = found
            numbers = table(Texts(damaged, Allowance.of(damaged)).plain(metrics, {}), "metrics")
            row = (
                step,
                attempt or 1,
                tables.revision,
                started,
                ended,
                None if metrics is None else tables.texts.json(numbers),
            )
            tables.connection.execute("INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?)", row)
            report.steps += 1


def _trees(damaged: sqlite3.Connection, tables: RunTables, report: SalvageReport) -> None:
    lost_of: Counter[Any] = Counter()
    wrong: dict[int, str] = {}
    with suppress(*UNREADABLE):
        lost_of.update(lost(damaged))
    for each in _keys(damaged, "steps", "step"):
        with suppress(*UNREADABLE):
            wrong |= misplaced(damaged, each)
    for tree_id in _keys(damaged, "trees", "id"):
        step: Any = None
        with _kept(report, tables, f"tree {tree_id}") as kept:
            done, step = damaged.execute("SELECT done, step FROM trees WHERE id = ?", (tree_id,)).fetchone()
            if tree_id in wrong:
                raise RunFileError(wrong[tree_id])
            if done == 0:
                continue
            (tree,) = load_trees(damaged, [tree_id], Allowance.of(damaged))
            tables.tree_done(tree, None)
            report.trees += 1
        report.lost_trees += kept.failed
        if kept.failed and SIGNED.holds(step):
            lost_of[step] += 1
    if lost_of:
        note_lost(tables.connection, lost_of)


def _running(damaged: sqlite3.Connection, tables: RunTables, report: SalvageReport) -> None:
    for tree_id in sorted(set(_keys(damaged, "events", "tree"))):
        with _kept(report, tables, f"the events of running tree {tree_id}"):
            tree = running_trees(damaged, tree_id).get(tree_id)
            if tree is None:  # it has ended, and its rows were read
                continue
            for event in load_events(damaged, -1, Allowance.of(damaged), tree_id)[tree_id]:
                tables.add_event(tree_id, tree.header, event)
            report.running_trees += 1


def _attributions(damaged: sqlite3.Connection, tables: RunTables, report: SalvageReport) -> None:
    for row_id in _keys(damaged, "attributions", "rowid"):
        with _kept(report, tables, f"attributions {row_id}") as kept:
            query = "SELECT step, config, used, size, body FROM attributions WHERE rowid = ?"
            step, config, used, size, body = damaged.execute(query, (row_id,)).fetchone()
            stored = table(Texts(damaged, Allowance.of(damaged)).plain(config), "a credit config")
            cells("attributions", ("step", "config", "used"), [(step, config, used)])
            found = attributions_from_bytes(
                unpack(size, body, Allowance.of(damaged), f"the credit of step {step}"), stored
            )
            insert_attributions(tables.connection, tables.texts, step, found, bool(used))
            report.attributions += 1
        report.lost_attributions += kept.failed


def _checkpoints(damaged: sqlite3.Connection, tables: RunTables, report: SalvageReport) -> None:
    for step in _keys(damaged, "checkpoints", "step"):
        with _kept(report, tables, f"the checkpoint of step {step}"):
            query = "SELECT folder FROM checkpoints WHERE step = ?"
            (folder,) = damaged.execute(query, (step,)).fetchone()
            cells("checkpoints", ("step", "folder"), [(step, folder)])
            tables.note_checkpoint(
                step, checkpoint_name(step, Texts(damaged, Allowance.of(damaged)).text(folder))
            )
            report.checkpoints += 1


def _gaps(damaged: sqlite3.Connection, tables: RunTables, report: SalvageReport) -> None:
    """Says what else steps lack: a tree that was moved to another step, or made a fork, can be read where it is."""
    for step in _keys(damaged, "steps", "step"):
        with suppress(*UNREADABLE, RunFileError):
            lacks = missing(damaged, step)
            if lacks and lacks not in report.problems:
                report.note(f"step {step} is incomplete", RunFileError(lacks))


@dataclass
class _Kept:
    failed: int = 0


@contextmanager
def _kept(report: SalvageReport, tables: RunTables, what: str) -> Iterator[_Kept]:
    """A record that cannot be read, or not be written again, is noted and left out."""
    kept = _Kept()
    try:
        with tables.whole():
            yield kept
    except (*UNREADABLE, RaoLabError, TypeError, ValueError, OverflowError) as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            raise UnavailableError(f"no room for what was salvaged: {error}") from None
        kept.failed = 1
        report.note(what, error)


def _keys(damaged: sqlite3.Connection, name: str, key: str) -> list[int]:
    """The keys of a table in order: read from both ends up to what is damaged, then one by one between."""
    low, broken = _scan(damaged, f"SELECT {key} FROM {name} NOT INDEXED ORDER BY {key}")
    if not broken:
        return low
    high, _ = _scan(damaged, f"SELECT {key} FROM {name} NOT INDEXED ORDER BY {key} DESC")
    between: list[int] = []
    candidate, missed = (low[-1] + 1 if low else 0), 0
    while missed < _MISSES and not (high and candidate >= high[-1]):
        found, _ = _scan(damaged, f"SELECT {key} FROM {name} WHERE {key} = ?", candidate)
        between += found
        missed = 0 if found else missed + 1
        candidate += 1
    return sorted({*low, *between, *high})


def _scan(damaged: sqlite3.Connection, query: str, *values: int) -> tuple[list[int], bool]:
    """The whole numbers that a query gives before it fails, and whether it failed."""
    found: list[int] = []
    try:
        for (value,) in damaged.execute(query, values):
            if isinstance(value, int):
                found.append(value)
    except UNREADABLE:
        return found, True
    return found, False
