"""What a forger may try: schema, texts, columns, names of checkpoints and deep JSON."""

from __future__ import annotations

import zlib
from hashlib import blake2b
from pathlib import Path

import pytest

from rao_lab.errors import RunFileError
from rao_lab.store import Run, RunWriter, open_run
from rao_lab.store.columns.bytes import Allowance, pack, unpack
from rao_lab.tree import Node, Tree
from tests.support.run_files import changed_columns, copy_of, forging, outcome
from tests.support.trees import header_of


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON meta BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE extra (x)",
        "ALTER TABLE nodes ADD COLUMN extra",
        "DROP TABLE turns",
        "CREATE INDEX i ON meta (value)",
        "ANALYZE",
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_master"
        " SELECT 'table', 'sqlite_autoindex_x', 'x', rootpage, 'CREATE TABLE x (y)' FROM sqlite_master LIMIT 1",
        "DROP INDEX trees_rev; CREATE INDEX trees_rev ON trees (length(hex(zeroblob(100000000 + id))))",
        "DROP INDEX trees_rev; CREATE INDEX trees_rev ON trees (rev) WHERE rev < 0",
        "DROP TABLE checkpoints; CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, folder INTEGER,"
        " CHECK (length(hex(zeroblob(200000000))) > 0))",
        "DROP TABLE checkpoints; CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, folder INTEGER,"
        " UNIQUE (folder) ON CONFLICT REPLACE)",
        "DROP TABLE checkpoints; CREATE TABLE checkpoints (step INTEGER PRIMARY KEY,"
        " folder INTEGER DEFAULT (zeroblob(1000000000)))",
    ],
)
def test_a_forged_schema_is_refused_to_readers_and_writers(
    tmp_path: Path, sound: Path, statement: str
) -> None:
    path = copy_of(sound, tmp_path)
    with forging(path) as connection:
        connection.executescript(statement)
    with pytest.raises(RunFileError):
        open_run(path)
    with pytest.raises(RunFileError):
        RunWriter(path, {}, resume=True)


def test_a_view_in_the_place_of_a_table_is_refused(tmp_path: Path, sound: Path) -> None:
    path = copy_of(sound, tmp_path)
    with forging(path) as connection:
        connection.execute("ALTER TABLE texts RENAME TO other")
        connection.execute(
            "CREATE VIEW texts AS SELECT id, hash, size, zeroblob(1000000000) AS body FROM other"
        )
    with pytest.raises(RunFileError):
        open_run(path)


def test_a_text_that_was_altered_is_noticed(tmp_path: Path, sound: Path) -> None:
    path = copy_of(sound, tmp_path)
    with forging(path) as connection:
        connection.execute("UPDATE texts SET body = zeroblob(length(body)) WHERE size = length(body)")
    assert "is not what was written" in (outcome(path) or "")


def test_a_bomb_is_not_unpacked(tmp_path: Path, sound: Path) -> None:
    path = copy_of(sound, tmp_path)
    bomb = zlib.compress(bytes(20 * 2**20), 9)
    with forging(path) as connection:
        connection.execute("UPDATE tokens SET body = ?, size = 100000", (bomb,))
        said_small = outcome(path)
        connection.execute("UPDATE tokens SET size = 1000000000000")
    assert "does not unpack to its" in (said_small or "")
    assert "claims 1000000000000 bytes" in (outcome(path) or "")


FORGED_COLUMNS: list[tuple[str, list[float], str]] = [
    ("parent", [-1, 1, 0], "does not stand above"),
    ("parent", [-1, 0, -1], "does not stand above"),
    ("depth", [0, 1, 5], "not one more than its parent's"),
    ("status", [2, 2, 99], "unknown status"),
    ("spawn_index", [0, -1, 0], "no place among its siblings"),
    ("tokens_out", [0, -1, 0], "tree 1 is not whole: it has -1 tokens written"),
    ("success", [2.0, 0.0, 0.0], r"outside \[0, 1\]"),
    ("ended", [0.0, float("inf"), 0.0], "infinite"),
]


@pytest.mark.parametrize(("name", "values", "said"), FORGED_COLUMNS)
def test_columns_that_no_tree_has_are_refused(
    tmp_path: Path, name: str, values: list[float], said: str
) -> None:
    with pytest.raises(RunFileError, match=said):
        forged_columns(tmp_path, ["0", "0.0", "0.1"], name, values).node_table(1)


def test_columns_out_of_path_order_are_refused(tmp_path: Path) -> None:
    paths = ["0", "0.0", "0.0.0", "0.1", "0.1.0"]
    with pytest.raises(RunFileError, match="path order"):
        forged_columns(tmp_path, paths, "parent", [-1, 0, 1, 0, 1]).node_table(1)


def test_a_tree_without_its_columns_is_not_left_out(tmp_path: Path, sound: Path) -> None:
    path = copy_of(sound, tmp_path)
    with forging(path) as connection:
        connection.execute("DELETE FROM columns WHERE tree = 2")
    with pytest.raises(RunFileError, match="the columns of tree 2: nothing is stored; try"):
        open_run(path).node_table(1)


def forged_columns(folder: Path, paths: list[str], name: str, values: list[float]) -> Run:
    """A run of one tree in whose columns one number of each node is another."""
    header = header_of("task", "goal", 1, 0, 0)
    nodes = [
        Node(path, path.rpartition(".")[0] or None, int(path[-1]), depth=path.count(".")) for path in paths
    ]
    with RunWriter(folder / "a.rao", {}) as writer:
        writer.tree_done(Tree(header, tuple(nodes)))
    with changed_columns(folder / "a.rao") as rows:
        rows[name] = values
    return open_run(folder / "a.rao")


def test_many_bodies_share_one_allowance() -> None:
    size, body = pack(bytes(1000))
    allowance = Allowance(total=2500)
    assert [len(unpack(size, body, allowance, "a text")) for _ in range(2)] == [1000, 1000]
    with pytest.raises(RunFileError, match="more than is allowed at once"):
        unpack(size, body, allowance, "a text")


@pytest.mark.parametrize("name", ["../../etc", "/etc", "..", "a/b", "", "step-1\n"])
def test_a_checkpoint_never_lies_outside_its_folder(tmp_path: Path, sound: Path, name: str) -> None:
    path = copy_of(sound, tmp_path)
    with forging(path) as connection:
        row = (blake2b(name.encode(), digest_size=16).digest(), *pack(name.encode()))
        connection.execute("INSERT INTO texts (hash, size, body) VALUES (?, ?, ?)", row)
        connection.execute("UPDATE checkpoints SET folder = (SELECT max(id) FROM texts)")
    writer = RunWriter(path, {}, resume=True)
    with pytest.raises(RunFileError, match="no folder's name"):
        writer.checkpoints()
    writer.close()


@pytest.mark.parametrize("nested", ["[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000])
def test_deep_json_is_one_clear_line(tmp_path: Path, sound: Path, nested: str) -> None:
    path = copy_of(sound, tmp_path)
    raw = nested.encode()
    with forging(path) as connection:
        row = (blake2b(raw, digest_size=16).digest(), *pack(raw))
        connection.execute("INSERT INTO texts (hash, size, body) VALUES (?, ?, ?)", row)
        connection.execute("UPDATE nodes SET value = (SELECT max(id) FROM texts)")
    assert "cannot be read" in (outcome(path) or "")
