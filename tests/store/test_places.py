"""Where a run file may lie: under any name, behind links, in a folder that is read-only or shares no memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from rao_lab.errors import MissingError, RaoLabError, RunFileError, UnavailableError
from rao_lab.store import RunWriter, export_copy, files, open_run, salvage
from tests.support.run_files import MOST_SECONDS, names, record, second_process
from tests.support.trees import random_group

DIES = """
    import os, sys
    from rao_lab.store import RunWriter
    from tests.support.trees import random_group
    writer = RunWriter(sys.argv[1], {}, journal=sys.argv[2])
    writer.begin_step(1)
    for tree in random_group(5, size=3, nodes=4, tokens=False).trees:
        writer.tree_done(tree)
    writer.end_step(1)
    if sys.argv[3:] == ["in a commit"]:
        db = writer._tables.connection
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM nodes")
        db.execute("UPDATE texts SET body = zeroblob(9000)")
    os.kill(os.getpid(), 9)
"""
RECORDED = random_group(5, size=3, nodes=4, tokens=False)


def crashed(path: Path, journal: str, *how: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    other = second_process(DIES, path, journal, *how)
    other.communicate()
    assert other.returncode == -signal.SIGKILL
    return path


# Names


@pytest.mark.parametrize("given", [None, 5, b"a.rao", "a\0b.rao", "\ud800.rao"])
def test_what_cannot_be_a_name_is_said(tmp_path: Path, given: object) -> None:
    acts = (open_run, lambda it: RunWriter(it, {}), lambda it: export_copy(it, tmp_path / "b.rao"))
    for act in (*acts, lambda it: salvage(it, tmp_path / "b.rao")):
        with pytest.raises(RunFileError, match="a run file is named by a path, not by"):
            act(given)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, r"a\.rao is a device or a pipe"),
        (os.mkdir, r"a\.rao is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), r"a\.rao is a device or a pipe"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels of symbolic links"),
        (lambda path: path.symlink_to("/" + "x" * 300), "cannot be read: File name too long"),
    ],
)
def test_what_is_no_file_is_refused_unread(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    path = tmp_path / "a.rao"
    make(path)
    for act in (open_run, lambda it: export_copy(it, tmp_path / "b"), lambda it: salvage(it, tmp_path / "b")):
        with pytest.raises(RunFileError, match=said):
            act(path)
    with pytest.raises(RaoLabError):
        RunWriter(path, {}, resume=True)
    assert names(tmp_path) == ["a.rao"]


def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(tmp_path: Path) -> None:
    path = record(tmp_path / "a.rao", {})
    os.mkfifo(tmp_path / "a.rao.lock")
    assert not open_run(path).being_written
    with pytest.raises(UnavailableError, match="its lock file cannot be made"):
        RunWriter(path, {}, resume=True)
    RunWriter(path, {}, resume=True).close()  # the pipe is gone


def test_a_name_of_300_letters_is_one_short_line(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    run = record(tmp_path / "a", {})
    for act in (open_run, lambda it: RunWriter(it, {}), lambda it: export_copy(run, it)):
        with pytest.raises(RaoLabError, match="File name too long") as caught:
            act(path)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["file:a.rao?mode=memory", os.fsdecode(b"\xff\xfe.rao"), "line\nbreak.rao"])
def test_names_that_look_like_addresses_or_are_no_text_are_names(tmp_path: Path, name: str) -> None:
    group = random_group(1, size=2)
    path = record(tmp_path / name, {1: [group]})
    copy = export_copy(path, tmp_path / f"copy {name}")
    assert open_run(path).groups(1) == open_run(copy).groups(1) == [group]
    assert names(tmp_path) == sorted([name, f"copy {name}"])


# Links


def test_all_names_of_a_file_share_one_lock_and_one_journal(tmp_path: Path) -> None:
    link = tmp_path / "links" / "b.rao"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "a.rao")
    with RunWriter(tmp_path / "a.rao", {}):
        with pytest.raises(RunFileError, match="is being written by process"):
            RunWriter(link, {}, resume=True)
        assert open_run(link).being_written
    assert names(link.parent) == ["b.rao"]


def test_a_crashed_run_is_read_through_a_link_as_in_its_place(tmp_path: Path) -> None:
    path = crashed(tmp_path / "k" / "a.rao", "rollback", "in a commit")
    link = tmp_path / "b.rao"
    link.symlink_to(path)
    assert open_run(link).groups(1) == [RECORDED]
    assert salvage(link, tmp_path / "c.rao").trees == 3


# In a folder without shared memory


@pytest.fixture(params=["a folder in its place", "a link to nowhere"])
def unshared(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The name of a run file for which SQLite itself is refused the shared memory of WAL."""
    path = tmp_path / "a.rao"
    memory = tmp_path / "a.rao-shm"
    if request.param == "a link to nowhere":
        memory.symlink_to(tmp_path / "none" / "x")
    else:
        memory.mkdir()
    return path


def test_if_no_memory_is_shared_a_rollback_journal_is_used_and_said_once(unshared: Path) -> None:
    said: list[str] = []
    with RunWriter(unshared, {}, notice=said.append) as writer:
        writer.begin_step(1)
        for tree in RECORDED.trees:
            writer.tree_done(tree)
        writer.flush()
        assert open_run(unshared, follow=True).groups(1) == [RECORDED]
        assert "a.rao-wal" not in names(unshared.parent)
        writer.end_step(1)
    assert [line.split(":")[0] for line in said] == ["a.rao lies where SQLite cannot use WAL"]
    assert names(unshared.parent) == ["a.rao", "a.rao-shm"]
    assert open_run(unshared).groups(1) == [RECORDED]


def test_a_run_that_crashed_in_wal_is_read_and_resumed_if_no_memory_is_shared(unshared: Path) -> None:
    path = crashed(unshared.parent / "k" / "a.rao", "wal")
    for name in ("a.rao", "a.rao-wal"):
        shutil.copy(path.with_name(name), unshared.with_name(name))
    before = unshared.read_bytes()
    assert open_run(unshared).groups(1) == [RECORDED]
    assert export_copy(unshared, unshared.with_name("b.rao")).is_file()
    assert unshared.read_bytes() == before
    with RunWriter(unshared, {}, resume=True, notice=lambda _: None) as writer:
        assert writer.rewind(1) == 2
    assert open_run(unshared).groups(1) == [RECORDED]
    assert "a.rao-wal" not in names(unshared.parent)


def test_a_run_that_has_to_be_copied_to_be_read_is_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = crashed(tmp_path / "a.rao", "rollback", "in a commit")
    copied: list[str] = []

    def copyfile(source: Path, to: Path) -> Path:
        copied.append(source.name)
        return shutil.copyfile(source, to)

    monkeypatch.setattr(files, "copyfile", copyfile)
    with open_run(path) as run:
        assert run.groups(1) == [RECORDED]
        assert [run.tree(each.id) for each in run.trees(1)] == [*RECORDED.trees]
        assert copied == ["a.rao", "a.rao-journal"]
        path.unlink()
        with pytest.raises(MissingError, match="no run file"):
            run.groups(1)


# In a folder that may not be written


def as_a_stranger(path: Path, *acts: str) -> list[str]:
    """What each of `acts` prints of the run file at `path`, done by a user who may write nothing there."""
    code = """
        import os, sys
        from pathlib import Path
        from rao_lab.errors import RaoLabError
        from rao_lab.store import RunWriter, export_copy, open_run, salvage
        from rao_lab.store.files import salvage_hint
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        path = sys.argv[1]
        for act in sys.argv[2:]:
            try:
                print(eval(act))
            except RaoLabError as error:
                print(f"{type(error).__name__}: {error}")
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), str(path), *acts]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=MOST_SECONDS)
    return done.stdout.splitlines()


@pytest.mark.parametrize("journal", ["wal", "rollback"])
@pytest.mark.parametrize("how", [(), ("in a commit",)])
def test_a_crashed_run_is_read_by_who_may_not_write_there(
    reachable: Path, journal: str, how: tuple[str, ...]
) -> None:
    path = crashed(reachable / "k" / "a.rao", journal, *how)
    path.with_name("a.rao-shm").unlink(missing_ok=True)  # as on a medium it was copied to
    for each in path.parent.iterdir():
        each.chmod(0o444)
    path.parent.chmod(0o555)
    before = names(path.parent)
    read, said = as_a_stranger(path, "len(open_run(path).groups(1)[0])", "RunWriter(path, {}, resume=True)")
    assert read == "3" and "cannot be written: its lock file cannot be made" in said
    assert names(path.parent) == before
    path.parent.chmod(0o755)


def test_a_file_of_somebody_else_is_one_line(reachable: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only the superuser can make a file that this user may not read")
    path = record(reachable / "a.rao", {1: []})
    path.chmod(0o600)
    acts = ("open_run(path)", "export_copy(path, path + 'b')", "salvage(path, path + 'b')")
    for said in as_a_stranger(path, *acts):
        assert said.startswith("RunFileError: a.rao cannot be ") and said.endswith("Permission denied")


def test_runs_of_one_name_in_two_folders_are_salvaged_under_two_names(reachable: Path) -> None:
    """As those of students on a drive where nothing can be written: both are pasted in the same folder."""
    for student in ("ada", "bob"):
        path = reachable / student / "runs/first.rao"
        path.parent.mkdir(parents=True)
        path.parent.chmod(0o555)
        (said,) = as_a_stranger(path, "salvage_hint(Path(path))")
        assert said == f"try `rao-lab export {path} --salvage --out {student}.runs.first.salvaged.rao`"
        path.parent.chmod(0o755)


def test_a_missing_file_is_missing_to_salvage_too(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no run file"):
        salvage(tmp_path / "a.rao", tmp_path / "b.rao")
