"""One writer at a time, and what a killed one leaves: all that was said to be kept, and no lock."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random

import pytest

from rao_lab.credit import attribute
from rao_lab.errors import MissingError, RunFileError
from rao_lab.store import NotedCheckpoint, RunWriter, checkpoint_folder, open_run
from tests.support.run_files import names, second_process
from tests.support.trees import random_group


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
