"""Files that are missing, cut off, newer, locked or no run files: one clear line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rao_lab.errors import MissingError, RaoLabError, RunFileError
from rao_lab.store import SCHEMA_VERSION, RunWriter, export_copy, open_run, salvage
from tests.support.run_files import copy_of, forging, outcome


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"no run file .*nothing\.rao"):
        open_run(tmp_path / "nothing.rao")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", r"a\.rao is empty"),
        (b"SQLite", r"a\.rao is no run file"),
        (b"PK\x03\x04" + bytes(500), r"a\.rao is no run file"),
        (b"SQLite format 3\0", r"a\.rao is (damaged|no run file)"),
        (b"SQLite format 3\0" + bytes(5000), r"a\.rao is (damaged|no run file)"),
    ],
)
def test_what_is_no_run_file_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "a.rao").write_bytes(data)
    with pytest.raises(RunFileError, match=said):
        open_run(tmp_path / "a.rao")
    if data:
        with pytest.raises(RunFileError):
            RunWriter(tmp_path / "a.rao", {}, resume=True)
        assert (tmp_path / "a.rao").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a.rao"]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="is a folder"):
        open_run(tmp_path)


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    with forging(tmp_path / "a.rao") as connection:
        connection.execute("CREATE TABLE notes (x)")
    for path in (tmp_path / "a.rao",):
        with pytest.raises(RunFileError, match="an SQLite file of another program"):
            open_run(path)
        with pytest.raises(RunFileError, match="an SQLite file of another program"):
            RunWriter(path, {}, resume=True)
        with pytest.raises(RunFileError, match="an SQLite file of another program"):
            salvage(path, tmp_path / "b.rao")
        with pytest.raises(RunFileError, match="an SQLite file of another program"):
            export_copy(path, tmp_path / "b.rao")


def test_a_newer_file_is_refused_by_its_version(tmp_path: Path, sound: Path) -> None:
    path = copy_of(sound, tmp_path)
    with forging(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    said = rf"a\.rao has schema version 99, this RAO Lab reads up to {SCHEMA_VERSION}"
    with pytest.raises(RunFileError, match=said):
        open_run(path)
    with pytest.raises(RunFileError, match=said):
        RunWriter(path, {}, resume=True)
    with pytest.raises(RunFileError, match="newer"):
        salvage(path, tmp_path / "b.rao")


def test_a_locked_file_is_said_to_be_locked(
    tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rao_lab.store.files.READ_WAIT", 0.05)
    path = copy_of(sound, tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RunFileError, match=r"a\.rao is locked by another program"):
            open_run(path)
    assert open_run(path).steps


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_damaged(tmp_path: Path, sound: Path, share: float) -> None:
    path = copy_of(sound, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "a.rao is damaged" in (outcome(path) or "")
    with pytest.raises(RaoLabError):
        RunWriter(path, {}, resume=True)
