"""Run files changed at random: one clear line, or a readable run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import pytest

from rao_lab.credit import CreditConfig, attribute_table
from rao_lab.errors import RaoLabError, RunFileError
from rao_lab.store import RunWriter, open_run, salvage
from rao_lab.store.columns.nodes import ROW
from rao_lab.store.schema import TABLES
from tests.support.run_files import changed_columns, copy_of, forging, outcome, read_all

WEIRD: tuple[object, ...] = (
    None,
    -1,
    2**62,
    0,
    7,
    "x",
    "0.0.0",
    b"\0\xff",
    1.5,
    float("inf"),
    "",
    b"",
    "1e400",
)


def forge_rows(path: Path, random: Random) -> None:
    """One value of one row becomes something else."""
    table = random.choice([*TABLES])
    with forging(path) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        column = random.choice(columns)
        limit = random.choice([1, 1, 5, 1000])
        key = "rowid" if "WITHOUT ROWID" not in TABLES[table] else columns[0]
        try:
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {key} IN"
                f" (SELECT {key} FROM {table} ORDER BY {key} DESC LIMIT {limit})",
                (random.choice(WEIRD),),
            )
        except sqlite3.IntegrityError:
            connection.execute(f"DELETE FROM {table}")


def damage_bytes(path: Path, random: Random) -> None:
    """Bytes flip, pages swap, parts are lost or filled."""
    data = bytearray(path.read_bytes())
    page = 8192
    match random.randrange(7):
        case 0:
            for _ in range(random.choice([1, 2, 8, 64])):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        case 1:
            del data[random.randrange(len(data)) :]
        case 2:
            start = random.randrange(len(data))
            data[start : start + random.choice([10, 500, page])] = bytes(random.choice([10, 500]))
        case 3:
            one, two = (page * random.randrange(len(data) // page) for _ in range(2))
            data[one : one + page], data[two : two + page] = data[two : two + page], data[one : one + page]
        case 4:
            start = page * random.randrange(len(data) // page)
            data[start : start + 200] = random.randbytes(200)
        case 5:
            start = random.randrange(0, 100)
            data[start] = random.randrange(256)
        case 6:  # inside the first 12 bytes of a page: its kind, cells and free room
            start = page * random.randrange(len(data) // page) + random.randrange(12)
            data[start] = random.randrange(256)
    path.write_bytes(data)


def fuzz(sound: Path, folder: Path, seeds: Iterable[int]) -> dict[str, int]:
    counts = {"refused": 0, "read": 0}
    for seed in seeds:
        random = Random(seed)
        path = copy_of(sound, folder, "f.rao")
        mutate: Callable[[Path, Random], None] = random.choice([forge_rows, damage_bytes])
        mutate(path, random)
        counts["read" if outcome(path) is None else "refused"] += 1
    return counts


def test_100_mutations_give_one_clear_line_or_a_readable_run(sound: Path, tmp_path: Path) -> None:
    counts = fuzz(sound, tmp_path, range(100))
    assert sum(counts.values()) == 100
    assert min(counts.values()) > 10


@pytest.mark.slow
def test_3200_mutations_give_one_clear_line_or_a_readable_run(sound: Path, tmp_path: Path) -> None:
    assert sum(fuzz(sound, tmp_path, [*range(100, 300), *range(1000, 4000)]).values()) == 3200


def test_columns_changed_at_random_are_refused_or_give_credit(sound: Path, tmp_path: Path) -> None:
    said: list[str] = []
    for seed in range(100):
        random = Random(seed)
        path = copy_of(sound, tmp_path, "f.rao")
        with changed_columns(path, tree=2) as rows:
            for _ in range(random.choice([1, 1, 3])):
                rows[random.choice(ROW.names)][random.randrange(len(rows))] = random.choice(
                    [-2, -1, 0, 1, 2, 9]
                )
        with open_run(path) as run:
            try:
                columns = run.node_table(1)
            except RunFileError as error:
                said.append(str(error))
                continue
        assert len({*zip(columns.tree_id.tolist(), columns.path, strict=True)}) == len(columns)
        attribute_table(columns.credit_table(), CreditConfig())
    assert 20 < len(said) < 80
    assert all("f.rao is damaged: tree 2" in line for line in said)


def test_resuming_and_salvaging_mutated_files_gives_one_clear_line_or_works(
    sound: Path, tmp_path: Path
) -> None:
    worked = 0
    for seed in range(12):
        random = Random(seed)
        for mutate in (forge_rows, damage_bytes):
            path = copy_of(sound, tmp_path, "f.rao")
            mutate(path, random)
            out = tmp_path / "out.rao"
            out.unlink(missing_ok=True)
            try:
                salvage(path, out)
                read_all(out)
                worked += 1
            except RaoLabError as error:
                assert "\n" not in str(error)
            try:
                with RunWriter(path, {}, resume=True, packages={"a": "1"}) as writer:
                    writer.checkpoints()
                    writer.rewind(0)
            except RaoLabError as error:
                assert "\n" not in str(error)
    assert worked > 12
