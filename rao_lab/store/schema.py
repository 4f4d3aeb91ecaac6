"""The tables of a run file, who reads them, and how an older file is brought up to date.

One run is one SQLite file. Rows are narrow numbers. Every string is a row of `texts`, kept once by its
content, and is named by its id (0 = the empty string, NULL = None). A tree keeps its id from its first
event to its last row. `rev` is the number of the commit that wrote a row: followers ask what is newer.

    table         holds                                          read by
    meta          created, revision, attempt, rewound            every opening; followers; a resumption
    configs       configuration and versions of an attempt       `Run.config`, `packages`, `made_with`
    steps         one row a step; metrics as JSON                `Run.steps`, `metrics`
    checkpoints   the folder of the weights after a step         `RunWriter.checkpoints`, for a resumption
    texts         every string, by id                            all that shows or loads one; `Run.texts`
    trees         one row a tree; `done` = 0 while it runs       `Run.trees`, `node_table`, `changes_since`
    events        of running trees; at its end a tree's rows     `Run.live`, `changes_since`
                  replace them
    columns       the numbers of a tree's nodes, one blob        `Run.node_table`: views, credit by other rules
    nodes, turns  one row each, in path and in turn order        `Run.node`: a node's text in a view;
    tokens        the token arrays of a node, one blob           `Run.tree`, `groups`: JSON, replay, salvage
    attributions  what the trainer multiplied by, one blob for   `Run.attributions`: views, `rao-lab credit`
                  each step and credit config

    index         serves
    trees_place   a place in a step is taken once
    trees_step    the trees of a step; those that a rewind deletes
    trees_rev     `changes_since`: trees that ended
    events_rev    `changes_since`: new events

`turns` of a tree and of the columns counts the rows of its turns: those that were begun, also without a reply.

The numbers of a node stand twice, in `nodes` and in `columns`. The columns take 0.1 to 4 % of a file and
5 % of the time to record a tree; without them a step of 13,000 nodes opens in seconds. Salvage reads the
rows and makes the columns anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from rao_lab.base.safe_text import quoted
from rao_lab.errors import RunFileError

APPLICATION_ID = 0x52414F4C
"""The letters RAOL, in the header of every run file."""
SCHEMA_VERSION = 1

TABLES: Mapping[str, str] = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "configs": "CREATE TABLE configs (attempt INTEGER PRIMARY KEY, config INTEGER, packages INTEGER)",
    "steps": """CREATE TABLE steps (step INTEGER PRIMARY KEY, attempt INTEGER, rev INTEGER,
        started REAL, ended REAL, metrics INTEGER)""",
    "checkpoints": "CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, folder INTEGER)",
    "texts": "CREATE TABLE texts (id INTEGER PRIMARY KEY, hash BLOB UNIQUE, size INTEGER, body BLOB)",
    "trees": """CREATE TABLE trees (id INTEGER PRIMARY KEY, rev INTEGER, done INTEGER, step INTEGER,
        probe INTEGER, grp INTEGER, rollout INTEGER, task_id INTEGER, difficulty INTEGER, task INTEGER,
        environment INTEGER, agent INTEGER, seed INTEGER, policy INTEGER, policy_version INTEGER,
        limits INTEGER, origin INTEGER, ended REAL, ended_tick INTEGER, not_reproducible INTEGER,
        status TEXT, success REAL, nodes INTEGER, depth INTEGER, turns INTEGER,
        tokens_in INTEGER, tokens_out INTEGER)""",
    "events": """CREATE TABLE events (tree INTEGER, seq INTEGER, rev INTEGER, size INTEGER, body BLOB,
        PRIMARY KEY (tree, seq)) WITHOUT ROWID""",
    "nodes": """CREATE TABLE nodes (tree INTEGER, place INTEGER, path TEXT, parent INTEGER,
        spawn_index INTEGER, parent_turn INTEGER, launch_batch INTEGER, together INTEGER, depth INTEGER,
        goal INTEGER, args INTEGER, template INTEGER, value INTEGER, status TEXT, reason INTEGER,
        success REAL, source INTEGER, fraction REAL, refusals INTEGER, started REAL, ended REAL,
        started_tick INTEGER, ended_tick INTEGER, window INTEGER,
        PRIMARY KEY (tree, place)) WITHOUT ROWID""",
    "columns": "CREATE TABLE columns (tree INTEGER PRIMARY KEY, size INTEGER, body BLOB)",
    "turns": """CREATE TABLE turns (tree INTEGER, place INTEGER, turn INTEGER, continues INTEGER,
        policy_version INTEGER, messages INTEGER, text INTEGER, thought INTEGER, code INTEGER, stop INTEGER,
        calls INTEGER, output INTEGER, error INTEGER, children INTEGER, started REAL, sampled REAL,
        ended REAL, started_tick INTEGER, sampled_tick INTEGER, ended_tick INTEGER, waiting REAL,
        decode_steps INTEGER, PRIMARY KEY (tree, place, turn)) WITHOUT ROWID""",
    "tokens": """CREATE TABLE tokens (tree INTEGER, place INTEGER, size INTEGER, body BLOB,
        PRIMARY KEY (tree, place))""",
    "attributions": """CREATE TABLE attributions (step INTEGER, config INTEGER, used INTEGER, size INTEGER,
        body BLOB, PRIMARY KEY (step, config))""",
}
INDEXES: Mapping[str, str] = {
    "trees_place": """CREATE UNIQUE INDEX trees_place ON trees (step, probe, grp, rollout)
        WHERE origin IS NULL""",
    "trees_step": "CREATE INDEX trees_step ON trees (step, probe, grp, rollout)",
    "trees_rev": "CREATE INDEX trees_rev ON trees (rev)",
    "events_rev": "CREATE INDEX events_rev ON events (rev)",
}

Migration = Callable[[sqlite3.Connection], None]
MIGRATIONS: Mapping[int, Migration] = {}
"""`MIGRATIONS[n]` turns the tables of version n into those of version n + 1."""


def create(connection: sqlite3.Connection) -> None:
    """Makes the tables of the present version; the caller's transaction holds them."""
    for statement in (*TABLES.values(), *INDEXES.values()):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def version_of(connection: sqlite3.Connection, name: str, newest: int | None = None) -> int:
    """The schema version of a run file; `newest` is the one that can be read, by default ours.

    Raises:
        RunFileError: the database belongs to another program, or to a newer RAO Lab.
    """
    newest = SCHEMA_VERSION if newest is None else newest
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise RunFileError(f"{name} is an SQLite file of another program (application id {application})")
    if version > newest:
        raise RunFileError(
            f"{name} has schema version {version}, this RAO Lab reads up to {newest}: install a newer one"
        )
    if version < 1:
        raise RunFileError(f"{name} has schema version {version}, which never existed: it is damaged")
    return version


def check_tables(connection: sqlite3.Connection, name: str) -> None:
    """Refuses a file whose tables are not made as ours are: SQLite computes the expressions in constraints and
    indexes for every row that is written.

    Raises:
        RunFileError: naming what is wrong.
    """
    kinds = check_plain(connection, name)
    for entry, kind in kinds.items():
        ours = TABLES if kind == "table" else INDEXES
        if entry not in ours and not entry.startswith("sqlite_autoindex_"):
            raise RunFileError(f"{name} is no run file as RAO Lab writes it: it holds the {kind} {entry:.40}")
    for table in TABLES:
        if kinds.get(table) != "table":
            raise RunFileError(f"{name} is damaged or no run file: it has no table {quoted(table)}")
        columns = connection.execute(f"PRAGMA table_xinfo({table})").fetchall()
        given = [column[1] for column in columns if not column[6]]
        if len(given) != len(columns) or given != _EXPECTED[table]:
            raise RunFileError(f"{name} is damaged or forged: table {quoted(table)} has other columns")
    for entry, made in connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL"):
        expected = TABLES.get(entry) or INDEXES.get(entry, "")
        if not isinstance(made, str) or made.split() != expected.split():
            raise RunFileError(
                f"{name} is damaged or forged: {quoted(entry)} is not made as RAO Lab makes it"
            )


def check_plain(connection: sqlite3.Connection, name: str) -> dict[str, str]:
    """The kinds of all entries by name. Views, triggers and virtual tables are refused, in a file of any version.

    Raises:
        RunFileError: naming the first such entry.
    """
    found = connection.execute("SELECT type, name, rootpage FROM sqlite_master").fetchall()
    for kind, entry, root in found:
        if (
            kind not in ("table", "index")
            or not isinstance(entry, str)
            or not isinstance(root, int)
            or root < 2
        ):
            raise RunFileError(
                f"{name} is no run file as RAO Lab writes it: it holds the {quoted(kind)} {quoted(entry)}"
            )
    return {entry: kind for kind, entry, _ in found}


def migrate(
    connection: sqlite3.Connection,
    name: str,
    migrations: Mapping[int, Migration] | None = None,
    newest: int | None = None,
) -> int:
    """Brings the tables up to `newest` in one transaction and returns the version they had.

    Raises:
        RunFileError: of another program, newer, or a version that no migration starts from.
    """
    migrations = MIGRATIONS if migrations is None else migrations
    newest = SCHEMA_VERSION if newest is None else newest
    first = version_of(connection, name, newest)
    check_plain(connection, name)
    if first == newest:
        return first
    connection.execute("BEGIN IMMEDIATE")
    try:
        for version in range(first, newest):
            if version not in migrations:
                raise RunFileError(f"{name} has schema version {version}, which can no longer be read")
            migrations[version](connection)
        connection.execute(f"PRAGMA user_version = {newest}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return first


def turned_copy(connection: sqlite3.Connection, name: str) -> sqlite3.Connection:
    """A private temporary database with all that the file holds, brought up to date; the file is left alone."""
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        connection.execute("ROLLBACK")
        connection.backup(copy)
        copy.execute("PRAGMA trusted_schema = OFF")
        migrate(copy, name)
        check_tables(copy, name)
    except BaseException:
        copy.close()
        raise
    return copy


def _expected_columns() -> dict[str, list[str]]:
    with sqlite3.connect(":memory:") as scratch:
        create(scratch)
        names = {table: scratch.execute(f"PRAGMA table_xinfo({table})").fetchall() for table in TABLES}
    scratch.close()
    return {table: [column[1] for column in columns] for table, columns in names.items()}


_EXPECTED = _expected_columns()
