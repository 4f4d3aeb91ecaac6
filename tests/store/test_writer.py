"""The writer: what it leaves, what it records as it happens, and how it resumes."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rao_lab.credit import attribute
from rao_lab.errors import InputError, RecordError, RunFileError, UnavailableError
from rao_lab.store import RunWriter, open_run
from tests.support.run_files import names, record
from tests.support.trees import Plan, events_of, header_of, random_group, showcase_plan, tree_of


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
    with pytest.raises(RunFileError, match=r"a\.rao exists already: --resume goes on with it"):
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

    with RunWriter(tmp_path / "a.rao", {}) as writer, ThreadPoolExecutor(8) as pool:
        list(pool.map(play, range(8)))
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
