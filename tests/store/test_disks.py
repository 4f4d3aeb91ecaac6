"""Disks that are full, refuse to be written, or lie on a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from rao_lab.errors import RunFileError, UnavailableError
from rao_lab.store import RunWriter, open_run
from rao_lab.store.files import on_network
from rao_lab.store.lock import WriteLock
from tests.support.run_files import names, second_process
from tests.support.trees import Plan, events_of, header_of, random_group


def test_a_full_disk_is_said_once_and_costs_nothing_committed(tmp_path: Path) -> None:
    code = """
        import resource, sys
        from rao_lab.errors import UnavailableError
        from rao_lab.store import RunWriter
        from tests.support.trees import random_group
        writer = RunWriter(sys.argv[1], {})
        for tree in random_group(1, size=2, tokens=False).trees:
            writer.tree_done(tree)
        writer.flush()
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        try:
            for tree in random_group(2, size=12, nodes=30, step=2).trees:
                writer.tree_done(tree)
            writer.flush()
        except UnavailableError as error:
            print(error)
        writer.close()
        print("closed")
    """
    other = second_process(code, tmp_path / "a.rao")
    said, _ = other.communicate()
    assert said.splitlines() == [
        "a.rao cannot be written any more: the disk failed or is full; what was saved stays readable, "
        "and a training can be resumed when this is mended",
        "closed",
    ]
    assert open_run(tmp_path / "a.rao").groups(1) == [random_group(1, size=2, tokens=False)]


def test_a_disk_without_a_single_byte_left_leaves_nothing(tmp_path: Path) -> None:
    code = """
        import resource, sys
        from rao_lab.errors import UnavailableError
        from rao_lab.store import RunWriter
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        try:
            RunWriter(sys.argv[1], {})
        except UnavailableError as error:
            print(error)
    """
    said, _ = second_process(code, tmp_path / "a.rao").communicate()
    assert said == "a.rao cannot be written: its lock file cannot be made (File too large)\n"
    assert names(tmp_path) == []


def test_a_full_file_system_stops_the_next_call_of_any_kind(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "a.rao", {})
    writer.flush()
    pages = writer._tables.connection.execute("PRAGMA page_count").fetchone()[0]
    writer._tables.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    for tree in random_group(2, size=8, nodes=20).trees:
        writer.tree_done(tree)
    header = header_of("easy 1", "make", 2, 0, 0)
    with pytest.raises(UnavailableError, match="the disk is full; what was saved stays readable"):
        writer.flush()
    with pytest.raises(UnavailableError, match="the disk is full"):
        writer.event(0, header, events_of(Plan("make"), header)[0])
    with pytest.raises(UnavailableError, match="the disk is full"):
        writer.begin_step(3)
    writer.close()
    assert names(tmp_path) == ["a.rao"]
    assert open_run(tmp_path / "a.rao").steps == []


def test_close_says_what_no_call_said(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "a.rao", {})
    writer.flush()
    pages = writer._tables.connection.execute("PRAGMA page_count").fetchone()[0]
    writer._tables.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    writer.tree_done(random_group(2, size=1, nodes=60).trees[0])
    with pytest.raises(UnavailableError, match="the disk is full"):
        writer.close()
    writer.close()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="cannot be made"):
        RunWriter(tmp_path / "file" / "a.rao", {})
    with pytest.raises(RunFileError):
        RunWriter(tmp_path, {})


def test_if_wal_is_refused_a_rollback_journal_is_used_and_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    group = random_group(1, size=2)
    with RunWriter(tmp_path / "a.rao", {}, notice=said.append, journal="rollback") as writer:
        for tree in group.trees:
            writer.tree_done(tree)
        writer.flush()
        assert names(tmp_path) == ["a.rao", "a.rao.lock"]
        assert open_run(tmp_path / "a.rao").groups(1) == [group]
    assert said == []
    monkey = pytest.MonkeyPatch()
    monkey.setattr("rao_lab.store.journal.on_network", lambda folder: True)
    with monkey.context(), RunWriter(tmp_path / "b.rao", {}, notice=said.append) as writer:
        writer.begin_step(1)
        writer.end_step(1)
    monkey.undo()
    assert said == [
        "b.rao lies on a network file system: its readers may make the writer wait;"
        " a local folder has no such limit"
    ]


@pytest.mark.parametrize(
    ("folder", "network"),
    [
        ("/home/a/runs", True),
        ("/home", False),
        ("/homes", False),
        ("/mnt/s p/x", True),
        ("/", False),
        ("/a\\b", True),
    ],
)
def test_network_file_systems_are_known_by_their_mount(folder: str, network: bool) -> None:
    mounts = (
        "21 1 8:1 / / rw - ext4 /dev/sda rw\n"
        "22 21 0:40 / /home/a rw,noatime shared:1 - nfs4 server:/a rw\n"
        "23 21 0:41 / /mnt/s\\040p rw - fuse.sshfs u@h:/ rw\n"
        "24 21 0:42 / /a\\134b rw - panfs realm rw\n"
    )
    assert on_network(Path(folder), mounts) is network


def test_a_lock_file_that_cannot_be_removed_hides_no_other_error(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    lock = WriteLock(folder / "a.rao")
    folder.rename(tmp_path / "moved")
    folder.touch()
    lock.release()
    WriteLock(tmp_path / "moved" / "a.rao").release()  # what is left of it stops nobody
