"""A page beside a run file that another process writes."""

from __future__ import annotations

from pathlib import Path

from rao_lab.credit import attribute
from rao_lab.store import RunWriter, open_run
from rao_lab.views.explorer.from_run import RunSource
from tests.support.live import TRAIN, Clock, finish, opened, record_events, script, turn


def test_a_followed_run_shows_nodes_before_their_tree_has_ended(tmp_path: Path, clock: Clock) -> None:
    told, groups = script(1)
    with RunWriter(tmp_path / "a.rao", TRAIN) as writer:
        writer.begin_step(1)
        record_events(writer, told, 6)
        feed, page = opened(RunSource(open_run(tmp_path / "a.rao", follow=True), clock=clock), clock)
        early = len(page.rows[1])
        assert 0 < early < sum(len(tree) for group in groups for tree in group.trees)
        session = page.traits["session"]
        assert (session["state"], session["total"], session["of"], session["actions"]) == (
            "following",
            2,
            4,
            [],
        )
        for group in groups:
            writer.tree_done(group.trees[0])
        writer.flush()
        turn(feed, clock)
        assert len(page.rows[1]) > early
        assert page.traits["session"]["trees"] == 2
        finish(writer, 1, groups, first=1)
        turn(feed, clock)
        assert page.traits["steps"] == [[1, 0.25]]


def test_a_followed_run_ends_with_the_trainers_own_credit(tmp_path: Path, clock: Clock) -> None:
    with RunWriter(tmp_path / "a.rao", TRAIN) as writer:
        writer.begin_step(1)
        feed, page = opened(RunSource(open_run(tmp_path / "a.rao", follow=True), clock=clock), clock)
        for step in (1, 2):
            _, groups = script(step)
            if step > 1:
                writer.begin_step(step)
            feed.take({"type": "open", "step": step}) if step == 1 else None
            finish(writer, step, groups)
            turn(feed, clock)
        feed.take({"type": "open", "step": 2})
        turn(feed, clock)
    found = attribute(script(2)[1])
    told = sorted(row["A"] for row in page.rows[2].values() if row["A"] is not None)
    assert told == sorted(a for a in found.A.tolist() if a == a)
    turn(feed, clock)
    assert page.traits["session"]["state"] == "finished" and page.traits["live"] is False


def test_a_writer_that_falls_silent_and_one_that_went_away_are_told_apart(
    tmp_path: Path, clock: Clock
) -> None:
    told, _ = script(1)
    with RunWriter(tmp_path / "a.rao", TRAIN) as writer:
        writer.begin_step(1)
        record_events(writer, told, 4)
        feed, page = opened(RunSource(open_run(tmp_path / "a.rao", follow=True), clock=clock), clock)
        assert page.traits["session"]["silent"] == 0
        turn(feed, clock, 14.0)
        assert 13 <= page.traits["session"]["silent"] <= 16
        record_events(writer, script(3)[0][:1], 1)
        turn(feed, clock)
        assert page.traits["session"]["silent"] == 0
    turn(feed, clock)
    session = page.traits["session"]
    assert (session["state"], session["silent"], session["live"]) == ("stopped", 0, True)


def test_a_run_that_cannot_be_read_for_a_moment_is_said_and_taken_up_again(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "a.rao"
    with RunWriter(path, TRAIN) as writer:
        writer.begin_step(1)
        finish(writer, 1, script(1)[1])
    feed, page = opened(RunSource(open_run(path, follow=True), clock=clock), clock)
    away = path.rename(tmp_path / "away.rao")
    turn(feed, clock)
    assert "a.rao" in page.traits["session"]["trouble"]
    assert page.traits["steps"] == [[1, 0.25]]
    away.rename(path)
    turn(feed, clock)
    turn(feed, clock)
    assert page.traits["session"]["trouble"] == ""


def test_a_run_taken_back_to_a_checkpoint_forgets_what_followed(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "a.rao"
    with RunWriter(path, TRAIN) as writer:
        for step in (1, 2):
            writer.begin_step(step)
            finish(writer, step, script(step)[1])
    feed, page = opened(RunSource(open_run(path, follow=True), clock=clock), clock)
    assert [step for step, _ in page.traits["steps"]] == [1, 2]
    with RunWriter(path, TRAIN, resume=True) as writer:
        writer.rewind(1)
        writer.flush()
        turn(feed, clock)
        assert [step for step, _ in page.traits["steps"]] == [1]
