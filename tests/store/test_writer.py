"""The writer: its thread, its lock, what it leaves, and what a crash or a full disk costs."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from random import Random

import pytest

from rao_lab.credit import attribute
from rao_lab.errors import InputError, MissingError, RecordError, RunFileError, UnavailableError
from rao_lab.store import NotedCheckpoint, RunWriter, checkpoint_folder, open_run
from rao_lab.store.files import on_network
from tests.conftest import REPO
from tests.store.test_store import record
from tests.support.trees import Plan, events_of, header_of, random_group, showcase_plan, tree_of


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def second_process(code: str, *args: object) -> subprocess.Popen[str]:
    """Another Python in the checkout; its standard output is read line by line."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        cwd=REPO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_close_leaves_one_plain_file(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "a.rao", {})
    writer.begin_step(1)
    writer.flush()
    while_open = names(tmp_path)
    writer.close()
    assert while_open == ["a.rao", "a.rao-shm", "a.rao-wal", "a.rao.lock"]
    assert names(tmp_path) == ["a.rao"]


def test_an_interrupted_close_can_be_called_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C in a notebook: neither the lock nor what waits stays behind for the kernel's life."""
    writer = RunWriter(tmp_path / "a.rao", {"seed": 1})
    writer.begin_step(1)
    join = writer._thread.join

    def interrupted() -> None:
        monkeypatch.setattr(writer._thread, "join", join)
        raise KeyboardInterrupt

    monkeypatch.setattr(writer._thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.close()
    with pytest.raises(UnavailableError, match="is closed"):
        writer.begin_step(2)
    writer.close()
    writer.close()
    assert names(tmp_path) == ["a.rao"]
    with open_run(tmp_path / "a.rao") as run:
        assert [step.step for step in run.steps] == [1]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    record(tmp_path / "runs" / "today" / "a.rao", {1: []})
    assert open_run(tmp_path / "runs" / "today" / "a.rao").steps[0].step == 1


def test_a_run_is_not_written_over(tmp_path: Path) -> None:
    record(tmp_path / "a.rao", {1: []})
    with pytest.raises(RunFileError, match=r"a\.rao exists already: resume it, or choose another name"):
        RunWriter(tmp_path / "a.rao", {})
    assert names(tmp_path) == ["a.rao"]
    assert len(open_run(tmp_path / "a.rao").steps) == 1


def test_a_file_that_could_not_be_begun_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        RunWriter(tmp_path / "a.rao", {"policy": object()})
    assert names(tmp_path) == []


def test_events_stand_in_the_file_until_the_tree_ends(tmp_path: Path) -> None:
    header = header_of("easy 1", "make", 1, 0, 0)
    events = events_of(showcase_plan(), header)
    tree = tree_of(showcase_plan(), header)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for event in events[:40]:
            writer.event(0, header, event)
        writer.flush()
        run = open_run(tmp_path / "a.rao", follow=True)
        assert [(t.running, t.status, t.nodes) for t in run.trees()] == [(True, "running", 0)]
        (live,) = run.live().values()
        assert (live.header, len(live)) == (header, len({e.node for e in events[:40]}))
        for event in events[40:]:
            writer.event(0, header, event)
        writer.flush()
        assert run.live() == {1: tree}
        writer.tree_done(tree)
        writer.flush()
        assert run.live() == {}
        assert [(t.id, t.running, t.nodes) for t in run.trees()] == [(1, False, len(tree))]
        assert run.tree(1) == tree
    with sqlite3.connect(tmp_path / "a.rao") as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
    connection.close()


def test_many_threads_may_record_at_once(tmp_path: Path) -> None:
    plans = [Plan(f"make {number}", turns=3) for number in range(8)]
    headers = [header_of("easy 1", "make", 1, 0, rollout) for rollout in range(8)]

    def play(rollout: int) -> None:
        for event in events_of(plans[rollout], headers[rollout]):
            writer.event(rollout, headers[rollout], event)
        writer.tree_done(tree_of(plans[rollout], headers[rollout]))

    with RunWriter(tmp_path / "a.rao", {}) as writer:
        threads = [threading.Thread(target=play, args=(rollout,)) for rollout in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (group,) = open_run(tmp_path / "a.rao").groups(1)
    assert list(group.trees) == [tree_of(plan, header) for plan, header in zip(plans, headers, strict=True)]


def test_a_key_used_again_in_the_next_step_is_another_tree(tmp_path: Path) -> None:
    plan = Plan("make")
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for step in (1, 2):
            header = header_of("easy 1", "make", step, 0, 0)
            for event in events_of(plan, header):
                writer.event(0, header, event)
            writer.flush()
        for step in (2, 1):
            writer.tree_done(tree_of(plan, header_of("easy 1", "make", step, 0, 0)))
    run = open_run(tmp_path / "a.rao")
    assert [(tree.step, tree.load().header.step) for tree in run.trees()] == [(1, 1), (2, 2)]


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    code = """
        import sys
        from rao_lab.store import RunWriter
        writer = RunWriter(sys.argv[1], {})
        print("open", flush=True)
        sys.stdin.read()
        writer.close()
    """
    other = second_process(code, tmp_path / "a.rao")
    assert other.stdout is not None and other.stdout.readline() == "open\n"
    with pytest.raises(RunFileError, match=rf"a\.rao is being written by process {other.pid}"):
        RunWriter(tmp_path / "a.rao", {}, resume=True)
    assert open_run(tmp_path / "a.rao").being_written
    other.communicate()
    assert not open_run(tmp_path / "a.rao").being_written
    RunWriter(tmp_path / "a.rao", {}, resume=True).close()
    assert names(tmp_path) == ["a.rao"]


def test_a_second_writer_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with (
        RunWriter(tmp_path / "a.rao", {}),
        pytest.raises(RunFileError, match="which is this one: stop its session, or end the loop"),
    ):
        RunWriter(tmp_path / "a.rao", {}, resume=True)


def test_what_was_committed_survives_kill_9_and_the_lock_does_not(tmp_path: Path) -> None:
    code = """
        import sys
        from rao_lab.store import RunWriter
        from tests.support.trees import events_of, header_of, random_group, showcase_plan
        writer = RunWriter(sys.argv[1], {"seed": 1})
        writer.begin_step(1)
        for tree in random_group(5, size=4, tokens=False).trees:
            writer.tree_done(tree)
        writer.end_step(1, None, {"loss": 0.5})
        writer.note_checkpoint(1, "step-1")
        header = header_of("easy 1", "make", 2, 0, 0)
        for event in events_of(showcase_plan(), header)[:50]:
            writer.event(0, header, event)
        writer.flush()
        print("written", flush=True)
        sys.stdin.read()
    """
    other = second_process(code, tmp_path / "a.rao")
    assert other.stdout is not None and other.stdout.readline() == "written\n"
    other.send_signal(signal.SIGKILL)
    other.communicate()
    with open_run(tmp_path / "a.rao") as run:
        assert run.groups(1) == [random_group(5, size=4, tokens=False)]
        assert [len(tree) > 1 for tree in run.live().values()] == [True]
        assert not run.being_written
    with RunWriter(tmp_path / "a.rao", {"seed": 1}, resume=True) as writer:
        assert writer.checkpoints() == [NotedCheckpoint(1, checkpoint_folder(tmp_path / "a.rao") / "step-1")]
        assert writer.rewind(1) == 2
        assert open_run(tmp_path / "a.rao").live() == {}
    assert names(tmp_path) == ["a.rao"]


def test_a_child_that_outlives_the_writer_does_not_keep_the_lock(tmp_path: Path) -> None:
    code = """
        import os, sys
        from rao_lab.store import RunWriter
        writer = RunWriter(sys.argv[1], {})
        if os.fork() == 0:
            print("child", flush=True)
            sys.stdin.read()
            sys.exit()
        os.wait() if sys.argv[2] == "stay" else os.kill(os.getpid(), 9)
    """
    other = second_process(code, tmp_path / "a.rao", "die")
    assert other.stdout is not None and other.stdout.readline() == "child\n"
    other.wait()
    RunWriter(tmp_path / "a.rao", {}, resume=True).close()
    other.communicate()
    assert open_run(tmp_path / "a.rao").steps == []
    other = second_process(code, tmp_path / "b.rao", "stay")
    other.communicate()
    assert other.returncode == 0
    assert open_run(tmp_path / "b.rao").steps == []
    assert names(tmp_path) == ["a.rao", "b.rao"]


def is_run(path: Path) -> bool:
    try:
        open_run(path)
    except (MissingError, RunFileError) as error:
        assert "no run file" in str(error) or "is empty" in str(error)
        return False
    return True


def kill_while_writing(path: Path, after: float) -> None:
    """A run of nothing but records, which dies at some moment; the last line it said is the last step that
    it knew to be on the disk."""
    code = """
        import sys
        from rao_lab.credit import attribute
        from rao_lab.store import RunWriter
        from tests.support.trees import Plan, events_of, header_of, random_group, tree_of
        print("begun", flush=True)
        with RunWriter(sys.argv[1], {}, packages={"a": "1"}) as writer:
            for step in range(1, 1000):
                writer.begin_step(step)
                group = random_group(step, size=3, nodes=3, step=step, tokens=False)
                for tree in group.trees:
                    for event in events_of(Plan("make"), tree.header, tokens=False):
                        writer.event(0, tree.header, event)
                    writer.tree_done(tree)
                writer.end_step(step, attribute([group]), {"loss": step})
                print(step, flush=True)
    """
    other = second_process(code, path)
    assert other.stdout is not None and other.stdout.readline() == "begun\n"
    time.sleep(after)
    other.kill()
    lines, _ = other.communicate()
    told = int(lines.split()[-1]) if lines.split() else 0
    if told == 0 and not is_run(path):
        with RunWriter(path, {}, resume=True) as writer:
            assert not writer.resumed
        return
    with open_run(path) as run:
        ended = [step.step for step in run.steps if step.ended is not None]
        assert ended == list(range(1, len(ended) + 1))
        assert told <= len(ended) <= told + 1
        for step in ended[-2:]:
            group = random_group(step, size=3, nodes=3, step=step, tokens=False)
            assert run.groups(step) == [group]
            assert run.attributions(step).c.tobytes() == attribute([group]).c.tobytes()
    with RunWriter(path, {}, resume=True) as writer:
        writer.rewind(max(ended, default=-1))
    with open_run(path) as run:
        assert [step.step for step in run.steps] == ended
    assert names(path.parent) == [path.name]


def test_kill_9_at_random_moments_loses_nothing_that_was_said_to_be_kept(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        kill_while_writing(tmp_path / str(number) / "a.rao", Random(number).random() * 0.6)


@pytest.mark.slow
def test_kill_9_at_100_random_moments(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).mkdir()
        kill_while_writing(tmp_path / str(number) / "a.rao", Random(f"kill {number}").random() * 0.6)


def test_a_commit_cut_off_in_rollback_mode_is_read_around_and_then_mended(tmp_path: Path) -> None:
    code = """
        import os, sys
        from rao_lab.store import RunWriter
        from tests.support.trees import random_group
        writer = RunWriter(sys.argv[1], {}, journal="rollback")
        for tree in random_group(1, size=2, tokens=False).trees:
            writer.tree_done(tree)
        writer.end_step(1)
        db = writer._tables.connection
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM nodes")
        db.execute("UPDATE texts SET body = zeroblob(9000)")
        os.kill(os.getpid(), 9)
    """
    second_process(code, tmp_path / "a.rao").communicate()
    assert names(tmp_path) == ["a.rao", "a.rao-journal", "a.rao.lock"]
    before = (tmp_path / "a.rao").read_bytes()
    assert open_run(tmp_path / "a.rao").groups(1) == [random_group(1, size=2, tokens=False)]
    assert (tmp_path / "a.rao").read_bytes() == before
    RunWriter(tmp_path / "a.rao", {}, resume=True).close()
    assert names(tmp_path) == ["a.rao"]
    assert open_run(tmp_path / "a.rao").groups(1) == [random_group(1, size=2, tokens=False)]


def test_rewinding_deletes_what_follows_and_raises_the_attempt(tmp_path: Path) -> None:
    groups = {step: [random_group(step, size=2, step=step)] for step in (1, 2, 3)}
    record(tmp_path / "a.rao", groups)
    with RunWriter(tmp_path / "a.rao", {"again": True}, resume=True) as writer:
        assert (writer.resumed, writer.attempt, writer.rewind(1)) == (True, 1, 2)
        writer.begin_step(2)
        for tree in groups[2][0].trees:
            writer.tree_done(tree)
        writer.end_step(2, attribute(groups[2]), {"loss": 9.0})
    run = open_run(tmp_path / "a.rao")
    assert [(step.step, step.attempt) for step in run.steps] == [(1, 1), (2, 2)]
    assert (run.groups(1), run.groups(2)) == (groups[1], groups[2])
    assert run.metrics == [{"step": 1, "loss": 0.1}, {"step": 2, "loss": 9.0}]
    assert run.config == {"again": True}
    with sqlite3.connect(tmp_path / "a.rao") as connection:
        for table in ("nodes", "turns", "tokens"):
            query = f"SELECT count(*) FROM {table} WHERE tree NOT IN (SELECT id FROM trees)"
            assert connection.execute(query).fetchone() == (0,)
    connection.close()


def test_rewinding_before_everything_leaves_an_empty_run(tmp_path: Path) -> None:
    record(
        tmp_path / "a.rao", {0: [random_group(1, size=1, step=0, probe=True)], 1: [random_group(1, size=2)]}
    )
    with RunWriter(tmp_path / "a.rao", {}, resume=True) as writer:
        writer.rewind(-1)
    run = open_run(tmp_path / "a.rao")
    assert (run.steps, run.trees(), run.metrics) == ([], [], [])


def test_resuming_what_is_absent_or_empty_begins_afresh(tmp_path: Path) -> None:
    (tmp_path / "b.rao").touch()
    for name in ("a.rao", "b.rao"):
        with RunWriter(tmp_path / name, {}, resume=True) as writer:
            assert (writer.resumed, writer.checkpoints(), writer.attempt) == (False, [], 1)
        assert open_run(tmp_path / name).steps == []


def test_an_ended_step_cannot_begin_again_but_a_broken_one_can(tmp_path: Path) -> None:
    group = random_group(1, size=2)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for _ in range(2):  # the first try breaks off before its end
            writer.begin_step(1)
            for tree in group.trees:
                writer.tree_done(tree)
        writer.end_step(1)
        assert open_run(tmp_path / "a.rao").groups(1) == [group]
        writer.begin_step(1)
        with pytest.raises(RecordError, match="step 1 is already in this run"):
            writer.flush()
    assert open_run(tmp_path / "a.rao").groups(1) == [group]


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
        "a.rao cannot be written any more: the disk failed or is full; what was saved stays readable",
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


def test_where_wal_is_refused_a_rollback_journal_is_used_and_said_once(tmp_path: Path) -> None:
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


def test_an_interpreter_that_ends_without_close_still_writes_what_waits(tmp_path: Path) -> None:
    code = """
        import sys
        from rao_lab.store import RunWriter
        from tests.support.trees import random_group
        writer = RunWriter(sys.argv[1], {})
        for tree in random_group(1, size=2, tokens=False).trees:
            writer.tree_done(tree)
    """
    other = second_process(code, tmp_path / "a.rao")
    other.communicate()
    assert (other.returncode, names(tmp_path)) == (0, ["a.rao"])
    assert open_run(tmp_path / "a.rao").groups(1) == [random_group(1, size=2, tokens=False)]
