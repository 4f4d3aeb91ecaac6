"""Readers beside a writer: in other processes, while it writes, without a say in when it ends."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import MissingError, RaoLabError, RunFileError
from rao_lab.store import Run, RunWriter, export_copy, open_run
from rao_lab.tree import Tree
from rao_lab.tree.codec import event_to_json, header_to_json, tree_to_json
from rao_lab.tree.fold import Fold
from rao_lab.tree.values import dumps
from tests.support.run_files import names, record, second_process
from tests.support.trees import Plan, events_of, header_of, random_group, showcase_plan, tree_of

FOLLOWER = """
    import json, sys, time
    from rao_lab.tree.values import dumps
    from rao_lab.tree.codec import tree_to_json
    from rao_lab.tree.fold import Fold
    from rao_lab.store import open_run
    run = open_run(sys.argv[1], follow=True)
    print("here", flush=True)
    folds, seen, partial, revision = {}, [], 0, 0
    deadline = time.monotonic() + 60
    while len(seen) < int(sys.argv[2]) and time.monotonic() < deadline:
        news = run.changes_since(revision)
        revision = news.revision
        for tree_id, events in news.events.items():
            fold = folds.setdefault(tree_id, Fold(news.headers[tree_id]))
            for event in events:
                fold.add(event)
            partial += len(events)
        for tree_id in news.trees:
            folds.pop(tree_id, None)
            seen.append(dumps(tree_to_json(run.tree(tree_id))))
        time.sleep(0.02)
    print(json.dumps({"seen": seen, "partial": partial, "left": len(folds)}))
"""


def test_a_follower_in_another_process_sees_nodes_live_and_then_the_whole_tree(tmp_path: Path) -> None:
    header = header_of("easy 1", "make", 1, 0, 0)
    events = events_of(showcase_plan(), header)
    tree = tree_of(showcase_plan(), header)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        follower = second_process(FOLLOWER, tmp_path / "a.rao", 1)
        assert follower.stdout is not None and follower.stdout.readline() == "here\n"
        for event in events:
            writer.event(0, header, event)
            if event.seq % 30 == 29:
                writer.flush()
        writer.flush()
        writer.tree_done(tree)
        said, _ = follower.communicate()
    result = json.loads(said)
    assert result["seen"] == [dumps(tree_to_json(tree))]
    assert result["left"] == 0


def test_changes_are_told_once_in_order(tmp_path: Path) -> None:
    header = header_of("easy 1", "make", 1, 0, 0)
    events = events_of(Plan("make", turns=3), header)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        writer.flush()
        run = open_run(tmp_path / "a.rao", follow=True)
        first = run.changes_since(0)
        assert (first.steps, first.trees, first.events) == ((1,), (), {})
        writer.event(0, header, events[0])
        writer.flush()
        second = run.changes_since(first.revision)
        assert (second.steps, second.events, second.headers) == ((), {1: (events[0],)}, {1: header})
        for event in events[1:]:
            writer.event(0, header, event)
        writer.flush()
        third = run.changes_since(second.revision)
        assert third.events == {1: tuple(events[1:])}
        writer.tree_done(tree_of(Plan("make", turns=3), header))
        writer.end_step(1, None, {"loss": 1.0})
        fourth = run.changes_since(third.revision)
        assert (fourth.steps, fourth.trees, fourth.events) == ((1,), (1,), {})
        assert run.metrics == [{"step": 1, "loss": 1.0}]
        last = run.changes_since(fourth.revision)
        assert (last.revision, last.steps, last.trees) == (fourth.revision, (), ())


def test_a_follower_learns_of_a_rewind_and_starts_over(tmp_path: Path) -> None:
    record(tmp_path / "a.rao", {step: [random_group(step, size=2, step=step)] for step in (1, 2)})
    run = open_run(tmp_path / "a.rao", follow=True)
    before = run.revision
    with RunWriter(tmp_path / "a.rao", {}, resume=True) as writer:
        writer.rewind(1)
    news = run.changes_since(before)
    assert (news.rewound, news.steps, news.trees) == (True, (1,), (1, 2))
    assert not run.changes_since(news.revision).rewound
    assert [step.step for step in run.steps] == [1]


def test_another_run_in_the_place_of_a_followed_one_starts_it_over(tmp_path: Path) -> None:
    first = record(tmp_path / "a.rao", {1: [random_group(1, size=2)], 2: []})
    record(tmp_path / "b.rao", {step: [random_group(3, size=2, step=step)] for step in range(4)})
    follower, still = open_run(first, follow=True), open_run(first)
    before = follower.changes_since(0).revision
    (tmp_path / "b.rao").replace(first)  # a newer run, of more commits
    assert [step.step for step in follower.steps] == [0, 1, 2, 3]
    news = follower.changes_since(before)
    assert (news.rewound, news.steps, news.trees) == (True, (0, 1, 2, 3), tuple(range(1, 9)))
    assert not follower.changes_since(news.revision).rewound
    with pytest.raises(RunFileError, match=r"another run has taken the place of a\.rao since it was opened"):
        still.groups(1)


def test_a_follower_outlives_the_file_while_it_is_away(tmp_path: Path) -> None:
    path = record(tmp_path / "a.rao", {1: [random_group(1, size=2)]})
    run = open_run(path, follow=True)
    path.rename(tmp_path / "away.rao")
    with pytest.raises(MissingError, match=r"no run file .*a\.rao"):
        run.changes_since(0)
    (tmp_path / "away.rao").rename(path)
    assert not run.changes_since(run.revision).rewound
    assert len(run.groups(1)) == 1


@pytest.mark.slow
def test_a_large_journal_before_a_small_file_is_read(tmp_path: Path) -> None:
    """A reader in a long read keeps the writer from folding the journal in: the work allowed counts both."""
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(0)
        writer.flush()
        with closing(sqlite3.connect(tmp_path / "a.rao", isolation_level=None)) as pinned:
            pinned.execute("BEGIN")
            pinned.execute("SELECT count(*) FROM meta").fetchone()
            rows = ((step, 1, 1, 0.5, 0.5) for step in range(1, 400_000))
            db = writer._tables.connection
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO steps (step, attempt, rev, started, ended) VALUES (?, ?, ?, ?, ?)", rows
            )
            db.execute("COMMIT")
            size, journal = (p.stat().st_size for p in (writer.path, Path(f"{writer.path}-wal")))
            assert journal > 20 * size
            assert len(open_run(tmp_path / "a.rao").steps) == 400_000


def test_without_follow_the_lists_are_those_of_opening(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        writer.end_step(1, None, {"loss": 1.0})
        still, moving = open_run(tmp_path / "a.rao"), open_run(tmp_path / "a.rao", follow=True)
        writer.begin_step(2)
        writer.end_step(2, None, {"loss": 0.5})
        assert [len(still.steps), len(still.metrics)] == [1, 1]
        assert [len(moving.steps), len(moving.metrics)] == [2, 2]


def test_an_open_run_never_keeps_the_writer_from_leaving_one_file(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path / "a.rao", {})
    writer.begin_step(1)
    writer.flush()
    runs = [open_run(tmp_path / "a.rao", follow=follow) for follow in (False, True)]
    other = second_process(
        """
        import sys
        from rao_lab.store import open_run
        run = open_run(sys.argv[1])
        print(len(run.steps), flush=True)
        sys.stdin.read()
        print(len(run.steps))
        """,
        tmp_path / "a.rao",
    )
    assert other.stdout is not None and other.stdout.readline() == "1\n"
    writer.close()
    assert names(tmp_path) == ["a.rao"]
    assert other.communicate()[0] == "1\n"
    assert [len(run.groups(1)) for run in runs] == [0, 0]


def test_readers_in_threads_and_a_writer_do_not_disturb_each_other(tmp_path: Path) -> None:
    groups = [random_group(seed, size=4, nodes=4, index=seed) for seed in range(6)]
    stop = threading.Event()
    broken: list[BaseException] = []

    def read(run: Run) -> None:
        while not stop.is_set():
            try:
                for group in run.groups(1):
                    assert list(group.trees) == list(groups[group.index].trees[: len(group)])
                run.live(), run.node_table(1), run.trees()
            except (RaoLabError, AssertionError) as error:
                broken.append(error)
                return

    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        writer.flush()
        readers = [
            threading.Thread(target=read, args=(open_run(tmp_path / "a.rao", True),), daemon=True)
            for _ in range(3)
        ]
        for thread in readers:
            thread.start()
        for group in groups:
            for rollout, tree in enumerate(group.trees):
                play(writer, rollout, tree)
        writer.end_step(1)
        stop.set()
        for thread in readers:
            thread.join(60)
            assert not thread.is_alive()
    assert broken == []
    assert open_run(tmp_path / "a.rao").groups(1) == groups
    assert names(tmp_path) == ["a.rao"]


def play(writer: RunWriter, key: int, tree: Tree) -> None:
    header = tree.header
    for event in events_of(Plan(tree.root.goal), header):
        writer.event(key, header, event)
    writer.tree_done(tree)


def test_a_live_copy_holds_what_is_committed(tmp_path: Path) -> None:
    header = header_of("easy 1", "make", 2, 0, 0)
    events = events_of(showcase_plan(), header)[:30]
    group = random_group(1, size=2)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for tree in group.trees:
            writer.tree_done(tree)
        for event in events:
            writer.event(9, header, event)
        writer.flush()
        copy = export_copy(tmp_path / "a.rao", tmp_path / "b.rao")
    fold = Fold(header)
    for event in events:
        fold.add(event)
    with open_run(copy) as run:
        assert run.groups(1) == [group]
        assert run.live() == {3: fold.tree()}
        assert run.tree(3) == fold.tree()
        assert not run.being_written
    assert names(tmp_path) == ["a.rao", "b.rao"]


@pytest.mark.parametrize("name", ["with space.rao", "per%cent?#.rao", "ünï.rao"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    record(tmp_path / name, {1: []})
    assert names(tmp_path) == [name]
    assert len(open_run(tmp_path / name).steps) == 1


def test_reading_needs_no_right_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    record(folder / "a.rao", {1: [random_group(1, size=2)]})
    before: dict[str, Any] = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    with open_run(folder / "a.rao") as run:
        assert len(run.groups(1)) == 1
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_events_are_written_as_the_codec_says(tmp_path: Path) -> None:
    header = header_of("easy 1", "make", 1, 0, 0)
    events = events_of(Plan("make"), header)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for event in events:
            writer.event(0, header, event)
        writer.flush()
        news = open_run(tmp_path / "a.rao").changes_since(0)
    assert [event_to_json(event) for event in news.events[1]] == [event_to_json(event) for event in events]
    assert header_to_json(news.headers[1]) == header_to_json(header)


def test_a_journal_begins_anew_although_somebody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader leaves while the writer waits for it: what is written next stands at the journal's start."""
    monkeypatch.setattr("rao_lab.store.journal.JOURNAL_BYTES", 100_000)
    monkeypatch.setattr("rao_lab.store.journal._FOLD_WAIT", 60.0)
    journal = tmp_path / "a.rao-wal"
    with (
        RunWriter(tmp_path / "a.rao", {}) as writer,
        closing(sqlite3.connect(tmp_path / "a.rao", isolation_level=None, check_same_thread=False)) as pinned,
    ):
        writer.begin_step(1)
        writer.flush()
        pinned.execute("BEGIN")
        pinned.execute("SELECT count(*) FROM meta").fetchone()
        threading.Timer(0.2, pinned.execute, ["ROLLBACK"]).start()
        for tree in random_group(1, size=4, nodes=8).trees:
            writer.tree_done(tree)
        writer.end_step(1)
        writer.begin_step(2)
        writer.flush()
        assert journal.stat().st_size < 100_000
        assert len(open_run(tmp_path / "a.rao").groups(1)[0]) == 4


def test_a_reader_that_stays_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rao_lab.store.journal.JOURNAL_BYTES", 10_000)
    monkeypatch.setattr("rao_lab.store.journal._FOLD_WAIT", 0.01)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        writer.flush()
        with closing(sqlite3.connect(tmp_path / "a.rao", isolation_level=None)) as pinned:
            pinned.execute("BEGIN")
            pinned.execute("SELECT count(*) FROM meta").fetchone()
            group = random_group(1, size=4, nodes=8)
            for tree in group.trees:
                writer.tree_done(tree)
            for _ in range(2):  # the second is written after the first was folded in, or not
                writer.flush()
            assert writer._journal._fold_above > 2 * 10_000
            assert open_run(tmp_path / "a.rao").groups(1) == [group]
    assert names(tmp_path) == ["a.rao"]
