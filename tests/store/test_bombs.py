"""Small run files that would cost much: memory, work, disk. Each is refused before it does."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from rao_lab.errors import InputError, RunFileError
from rao_lab.store import export_copy, open_run, salvage
from rao_lab.tree.values import MAX_PARTS, loads
from tests.support.make_kept_run import make
from tests.support.run_files import MOST_SECONDS, forging, outcome

MB = 2**20


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    make(tmp_path / "a.rao")
    return tmp_path / "a.rao"


def add_text(connection: sqlite3.Connection, pieces: Iterator[bytes]) -> int:
    """A text of any size, packed piece by piece; returns its id."""
    packer, digest = zlib.compressobj(9), blake2b(digest_size=16)
    body, size = b"", 0
    for piece in pieces:
        body += packer.compress(piece)
        digest.update(piece)
        size += len(piece)
    row = (digest.digest(), size, body + packer.flush())
    found = connection.execute("INSERT INTO texts (hash, size, body) VALUES (?, ?, ?)", row).lastrowid
    assert found is not None
    return found


def repeated(unit: bytes, size: int) -> Iterator[bytes]:
    block = unit * (MB // len(unit))
    yield from (block for _ in range(size // len(block)))


def memory_of(path: Path, act: str) -> tuple[str, float]:
    """What `act` says of the run at `path`, and the most memory it takes, in MB, in a process of its own."""
    code = """
        import resource, sys
        from rao_lab.errors import RaoLabError
        from rao_lab.store import open_run
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            run = open_run(sys.argv[1])
            eval(sys.argv[2])
            print(*(run.problems or ["read"]))
        except RaoLabError as error:
            print(error)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), str(path), act]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=MOST_SECONDS)
    said, used = done.stdout.splitlines()
    return said, int(used) / 1024


@pytest.mark.parametrize("unit", [b"[],", b"{},"])
def test_json_of_nothing_but_brackets_is_not_built(run_file: Path, unit: bytes) -> None:
    """60 MB of empty lists are 1.7 GB of Python, out of 60 kB in the file."""
    with forging(run_file) as connection:
        pieces = [b"[", *repeated(unit, 60 * MB), b"0]"]
        connection.execute("UPDATE configs SET config = ?", (add_text(connection, iter(pieces)),))
    assert run_file.stat().st_size < MB
    said, used = memory_of(run_file, "run.config")
    assert f"this JSON is too large: at most {MAX_PARTS} elements" in said
    assert used < 400


def test_a_small_file_does_not_unpack_to_what_a_large_one_may(run_file: Path) -> None:
    with forging(run_file) as connection:
        goal = add_text(connection, repeated(b"x", 250 * MB))
        connection.execute("UPDATE nodes SET goal = ?", (goal,))
    said, used = memory_of(run_file, "run.groups(1)")
    assert "would unpack to more than is allowed at once" in said
    assert used < 200


def test_the_settings_of_an_attempt_are_bounded_as_any_text(run_file: Path) -> None:
    with forging(run_file) as connection:
        said = add_text(connection, iter([b'"', *repeated(b"x", 250 * MB), b'"']))
        connection.execute("INSERT INTO configs VALUES (0, ?, ?)", (said, said))
    found, used = memory_of(run_file, "run.made_with(0)")
    assert "would unpack to more than is allowed at once" in found
    assert used < 200


def test_brackets_and_commas_in_strings_are_no_elements() -> None:
    many = MAX_PARTS + 10
    text = '["' + "," * many + '", "' + '\\"[' * 3 + '"]'
    assert loads(text) == ["," * many, '"[' * 3]
    with pytest.raises(InputError, match="this JSON is too large"):
        loads("[" + "0," * many + "0]")
    for broken in ('["' + '\\"' * (many // 2), '"\\' * many):  # strings that never end
        with pytest.raises(InputError, match="this is not JSON"):
            loads(broken)


def looped(path: Path) -> None:
    """The table of turns becomes a page that holds itself 500 times, and so on down."""
    with forging(path) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'texts'").fetchone()
    data = bytearray(path.read_bytes())
    start = (root - 1) * 8192
    cells = 500
    page = bytearray(8192)
    page[0] = 5  # an inner page of a table
    page[3:5] = cells.to_bytes(2)
    page[8:12] = root.to_bytes(4)
    at = 8192
    for cell in range(cells):
        at -= 5
        page[at : at + 5] = root.to_bytes(4) + bytes([cell % 128])
        page[12 + 2 * cell : 14 + 2 * cell] = at.to_bytes(2)
    page[5:7] = at.to_bytes(2)
    data[start : start + 8192] = page
    path.write_bytes(data)


def test_pages_that_hold_themselves_end_every_way_of_reading(run_file: Path, tmp_path: Path) -> None:
    looped(run_file)
    for act in (lambda: open_run(run_file).groups(1), lambda: export_copy(run_file, tmp_path / "b.rao")):
        with pytest.raises(RunFileError, match="is damaged"):
            act()
    assert [path.name for path in tmp_path.iterdir()] == ["a.rao"]
    report = salvage(run_file, tmp_path / "b.rao")
    assert (report.trees, report.lost_trees) == (0, 5)


def test_a_copy_that_fails_leaves_nothing(run_file: Path, tmp_path: Path) -> None:
    with forging(run_file) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'turns'").fetchone()
    with run_file.open("r+b") as file:
        file.seek((root - 1) * 8192)
        file.write(b"\xff" * 8192)
    with pytest.raises(RunFileError, match=r"is damaged .* --salvage"):
        export_copy(run_file, tmp_path / "b.rao")
    assert [path.name for path in tmp_path.iterdir()] == ["a.rao"]


def test_a_disk_without_room_is_said_of_the_copy_and_leaves_nothing(run_file: Path, tmp_path: Path) -> None:
    code = """
        import resource, sys
        from rao_lab.errors import UnavailableError
        from rao_lab.store import export_copy
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            export_copy(sys.argv[1], sys.argv[2])
        except UnavailableError as error:
            print(error)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), run_file, tmp_path / "b.rao"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=MOST_SECONDS)
    assert done.stdout == "b.rao cannot be written: the disk failed or is full\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.rao"]


FORGED = [
    ("UPDATE turns SET decode_steps = 4611686018427387904", "salvaged without its trees"),
    ("UPDATE attributions SET step = 9e999 WHERE step = 2", "salvaged without its attributions"),
    (
        "UPDATE trees SET grp = 4611686018427387904 WHERE id = 2",
        "group 0 has 1 trees, and its credit is of 2",
    ),
]


@pytest.mark.parametrize(("statement", "said"), FORGED)
def test_numbers_beyond_every_column_are_one_line(
    run_file: Path, tmp_path: Path, statement: str, said: str
) -> None:
    with forging(run_file) as connection:
        connection.execute(statement)
    report = salvage(run_file, tmp_path / "b.rao")
    assert report.problems
    with open_run(tmp_path / "b.rao") as run:  # a record is there whole or not at all
        assert all(not tree.running or len(tree.load()) for tree in run.trees())
        assert report.trees == sum(not tree.running for tree in run.trees())
        assert len(run.live()) == report.running_trees
    if "number" in said:
        with pytest.raises(RunFileError, match=said):
            open_run(run_file).groups(1)


def test_messages_may_name_no_text_beyond_what_a_file_can_number(run_file: Path) -> None:
    with forging(run_file) as connection:
        pieces = [b'[["user",1180591620717411303424]', *repeated(b" ", MB), b"]"]
        text = add_text(connection, iter(pieces))
        connection.execute("UPDATE turns SET messages = ?", (text,))
    with pytest.raises(RunFileError, match="there is no text 1180591620717411303424"):
        open_run(run_file).groups(1)


@pytest.mark.parametrize(
    "place", ["turns SET started", "nodes SET ended", "trees SET ended", "steps SET started"]
)
def test_no_time_is_infinite(run_file: Path, place: str) -> None:
    with forging(run_file) as connection:
        connection.execute(f"UPDATE {place} = 9e999")
    with open_run(run_file) as run:
        said = [*run.problems, outcome(run_file) or ""]
    assert "is inf, which none of ours is" in said[0]


def test_one_text_that_many_turns_use_is_not_built_again_and_again(run_file: Path) -> None:
    """A file of 0.25 MB took 2.9 GB to read: each turn made its own values out of the same text."""
    with forging(run_file) as connection:
        calls = add_text(connection, iter([b'[{"name":"x","args":["', *repeated(b"x", 40 * MB), b'"]}]']))
        connection.execute("UPDATE turns SET calls = ?", (calls,))
    with forging(run_file) as connection:
        rows = connection.execute("SELECT * FROM turns LIMIT 1").fetchall()
        more = [(*rows[0][:2], number, *rows[0][3:]) for number in range(100, 400)]
        connection.executemany(f"INSERT INTO turns VALUES ({', '.join('?' * 22)})", more)
    said, used = memory_of(run_file, "run.groups(1)")
    assert "its values take more than is allowed at once" in said
    assert used < 1200
