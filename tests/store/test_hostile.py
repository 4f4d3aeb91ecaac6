"""Run files that are damaged, forged, newer, locked or none: one clear line, or a readable run."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from random import Random

import pytest

from rao_lab.errors import MissingError, RaoLabError, RunFileError
from rao_lab.store import SCHEMA_VERSION, Run, RunWriter, export_copy, open_run, salvage
from rao_lab.store import schema as schema_module
from rao_lab.store.columns.bytes import Allowance, from_planes, pack, to_planes, unpack
from rao_lab.store.columns.nodes import ROW
from rao_lab.store.schema import INDEXES, TABLES, check_tables, migrate
from rao_lab.tree import Node, Tree
from rao_lab.tree.values import loads
from tests.store.test_store import record
from tests.support.make_kept_run import DATA, contents, make
from tests.support.trees import header_of, random_group


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with everything in it."""
    path = tmp_path_factory.mktemp("sound") / "run.rao"
    make(path)
    return path


def copy_of(path: Path, folder: Path, name: str = "a.rao") -> Path:
    return Path(shutil.copyfile(path, folder / name))


@contextmanager
def forging(path: Path) -> Iterator[sqlite3.Connection]:
    """SQL on a run file, as a forger would do it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def read_all(path: Path) -> None:
    """Every way to read a run."""
    with open_run(path) as run:
        assert isinstance(run.config, dict) and isinstance(run.packages, dict)
        assert isinstance(run.metrics, list)
        for step in [each.step for each in run.steps]:
            for probe in (False, True):
                run.groups(step, probe)
            columns = run.node_table(step)
            columns.credit_table()
            run.texts(columns.goal.tolist()[:3])
            with suppress(MissingError):
                list(run.attributions(step))
        for tree in run.trees()[-2:]:
            if tree.nodes:
                run.node(tree.id, "0")
            tree.load()
        run.live()
        run.changes_since(0)


def outcome(path: Path) -> str | None:
    """None where all could be read, else the one line said; anything else that is raised is a bug."""
    try:
        read_all(path)
    except RaoLabError as error:
        assert isinstance(error, (RunFileError, MissingError))
        line = str(error)
        assert 0 < len(line) < 400 and "\n" not in line and "Traceback" not in line
        return line
    return None


# What is said


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


# What a forger may try


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
    ("tokens_out", [0, -1, 0], "fewer than no tokens"),
    ("success", [2.0, 0.0, 0.0], r"outside \[0, 1\]"),
    ("started", [0.0, float("inf"), 0.0], "infinite"),
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
    with pytest.raises(RunFileError, match="claims None bytes"):
        open_run(path).node_table(1)


def forged_columns(folder: Path, paths: list[str], name: str, values: list[float]) -> Run:
    """A run of one tree in whose columns one number of each node is another."""
    header = header_of("task", "goal", 1, 0, 0)
    nodes = [
        Node(path, path.rpartition(".")[0] or None, int(path[-1]), depth=path.count(".")) for path in paths
    ]
    with RunWriter(folder / "a.rao", {}) as writer:
        writer.tree_done(Tree(header, tuple(nodes)))
    with forging(folder / "a.rao") as connection:
        size, body = connection.execute("SELECT size, body FROM columns").fetchone()
        rows = from_planes(unpack(size, body, Allowance(size)), ROW, len(paths))
        rows[name] = values
        connection.execute("UPDATE columns SET body = ?, size = ?", (to_planes(rows), size))
    return open_run(folder / "a.rao")


def test_many_bodies_share_one_allowance() -> None:
    size, body = pack(bytes(1000))
    allowance = Allowance(total=2500)
    assert [len(unpack(size, body, allowance)) for _ in range(2)] == [1000, 1000]
    with pytest.raises(RunFileError, match="more than is allowed at once"):
        unpack(size, body, allowance)


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


def fuzz(sound: Path, folder: Path, seeds: range) -> dict[str, int]:
    counts = {"refused": 0, "read": 0}
    for seed in seeds:
        random = Random(seed)
        path = copy_of(sound, folder, "f.rao")
        mutate: Callable[[Path, Random], None] = random.choice([forge_rows, damage_bytes])
        mutate(path, random)
        counts["read" if outcome(path) is None else "refused"] += 1
    return counts


def test_300_mutations_give_one_clear_line_or_a_readable_run(sound: Path, tmp_path: Path) -> None:
    counts = fuzz(sound, tmp_path, range(300))
    assert sum(counts.values()) == 300
    assert min(counts.values()) > 30


@pytest.mark.slow
def test_3000_mutations_give_one_clear_line_or_a_readable_run(sound: Path, tmp_path: Path) -> None:
    assert sum(fuzz(sound, tmp_path, range(1000, 4000)).values()) == 3000


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


# Salvage


def test_a_sound_file_is_salvaged_whole(sound: Path, tmp_path: Path) -> None:
    report = salvage(sound, tmp_path / "b.rao")
    told = (report.trees, report.running_trees, report.steps, report.attributions, report.checkpoints)
    assert told == (5, 1, 4, 2, 2)
    assert (report.problems, report.lost_trees, report.first_page_replaced) == ([], 0, False)
    with open_run(sound) as before, open_run(tmp_path / "b.rao") as after:
        assert json.dumps(contents(after)) != ""
        assert repr(contents(after)["groups"]) == repr(contents(before)["groups"])
        assert contents(after)["coefficients"] == contents(before)["coefficients"]
        assert list(after.live().values()) == list(before.live().values())


def test_without_its_first_page_a_file_is_salvaged_whole(sound: Path, tmp_path: Path) -> None:
    export_copy(sound, tmp_path / "copied.rao")
    for name in (sound, tmp_path / "copied.rao"):
        path = copy_of(name, tmp_path)
        with path.open("r+b") as file:
            file.write(bytes(8192))
        with pytest.raises(RunFileError):
            open_run(path)
        out = tmp_path / "b.rao"
        out.unlink(missing_ok=True)
        report = salvage(path, out)
        assert (report.first_page_replaced, report.trees, report.steps) == (True, 5, 4)
        with open_run(sound) as before, open_run(out) as after:
            assert repr(contents(after)["groups"]) == repr(contents(before)["groups"])


def test_what_a_lost_tail_did_not_hold_is_salvaged(tmp_path: Path) -> None:
    first = random_group(1, size=4, nodes=6)
    path = tmp_path / "a.rao"
    with RunWriter(path, {}) as writer:
        for step in range(1, 61):
            for tree in first.trees:
                writer.tree_done(replace(tree, header=replace(tree.header, step=step)))
            writer.flush()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert outcome(path) is not None
    report = salvage(path, tmp_path / "b.rao")
    assert report.trees > 100
    assert report.lost_trees > 0
    with open_run(tmp_path / "b.rao") as run:
        saved = [summary.load() for summary in run.trees()]
    assert len(saved) == report.trees
    for tree in saved:
        assert tree.nodes == first.trees[tree.header.rollout].nodes


def test_a_damaged_page_costs_the_records_on_it_only(tmp_path: Path) -> None:
    groups = [random_group(seed, size=4, nodes=6, index=seed) for seed in range(4)]
    path = record(tmp_path / "a.rao", {1: groups})
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("SELECT pageno FROM dbstat WHERE name = 'tokens' AND pagetype = 'leaf'")
        victim = [page for (page,) in pages][2]
    with path.open("r+b") as file:
        file.seek((victim - 1) * 8192)
        file.write(b"\xff" * 8192)
    assert outcome(path) is not None
    report = salvage(path, tmp_path / "b.rao")
    assert report.trees + report.lost_trees == 16
    assert report.trees > 0 < report.lost_trees


def test_salvage_writes_over_nothing_and_leaves_nothing(sound: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"b\.rao exists already"):
        salvage(sound, copy_of(sound, tmp_path, "b.rao"))
    (tmp_path / "b.rao").unlink()
    (tmp_path / "a.rao").write_bytes(bytes(100_000))
    with pytest.raises(RunFileError, match=r"nothing in a\.rao can be read"):
        salvage(tmp_path / "a.rao", tmp_path / "b.rao")
    with pytest.raises(MissingError):
        salvage(tmp_path / "none.rao", tmp_path / "b.rao")
    assert [path.name for path in tmp_path.iterdir()] == ["a.rao"]


# Versions


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
