"""Files of every version are read, resumed and turned into the newest form."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rao_lab.errors import RunFileError
from rao_lab.store import SCHEMA_VERSION, RunWriter, open_run
from rao_lab.store import schema as schema_module
from rao_lab.store.schema import INDEXES, TABLES, check_tables, migrate
from rao_lab.tree.values import loads
from tests.support.make_kept_run import DATA, contents
from tests.support.run_files import copy_of
from tests.support.trees import random_group


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_kept_files_of_every_version_are_read_as_they_were_written(version: int, tmp_path: Path) -> None:
    path = copy_of(DATA / f"run_v{version}.rao", tmp_path)
    kept = loads((DATA / f"run_v{version}.json").read_text())
    with open_run(path) as run:
        assert json.loads(json.dumps(contents(run))) == kept


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_kept_files_of_every_version_can_be_resumed(version: int, tmp_path: Path) -> None:
    path = copy_of(DATA / f"run_v{version}.rao", tmp_path)
    with RunWriter(path, {"policy": "tiny"}, resume=True) as writer:
        assert [each.step for each in writer.checkpoints()] == [2, 1]
        writer.rewind(1)
        writer.begin_step(2)
        for tree in random_group(1, size=2, step=2).trees:
            writer.tree_done(tree)
        writer.end_step(2)
    with open_run(path) as run:
        assert run.groups(2) == [random_group(1, size=2, step=2)]
        assert run.schema_version == SCHEMA_VERSION


def test_a_migration_runs_once_in_one_transaction(tmp_path: Path, sound: Path) -> None:
    path = copy_of(sound, tmp_path)
    newest = SCHEMA_VERSION + 2
    steps = {
        SCHEMA_VERSION: lambda connection: connection.execute("ALTER TABLE steps ADD COLUMN mood"),
        SCHEMA_VERSION + 1: lambda connection: connection.execute("UPDATE steps SET mood = 'good'"),
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert migrate(connection, "a.rao", steps, newest) == SCHEMA_VERSION
        assert connection.execute("SELECT DISTINCT mood FROM steps").fetchall() == [("good",)]
        assert migrate(connection, "a.rao", steps, newest) == newest


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path, sound: Path) -> None:
    path = copy_of(sound, tmp_path)
    before = path.read_bytes()

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE steps ADD COLUMN mood")
        raise RunFileError("cannot be turned")

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(RunFileError):
            migrate(connection, "a.rao", {SCHEMA_VERSION: broken}, SCHEMA_VERSION + 1)
        with pytest.raises(RunFileError, match="can no longer be read"):
            migrate(connection, "a.rao", {}, SCHEMA_VERSION + 1)
    assert path.read_bytes() == before


def test_a_reader_turns_an_older_file_in_memory_and_leaves_it_alone(
    tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy_of(sound, tmp_path)
    before = path.read_bytes()
    turned: list[int] = []
    monkeypatch.setattr(schema_module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr(schema_module, "MIGRATIONS", {SCHEMA_VERSION: lambda connection: turned.append(1)})
    with open_run(path) as run:
        assert len(run.groups(1)) == 1
    assert turned
    assert path.read_bytes() == before


def test_the_schema_checked_is_the_schema_made(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        schema_module.create(connection)
        check_tables(connection, "a.rao")
        made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql NOT NULL")}
    assert made == {*TABLES, *INDEXES}
