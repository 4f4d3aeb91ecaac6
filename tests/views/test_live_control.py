"""The state of a session on its page, and the buttons that act on it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rao_lab.api.session import Control, Stopped
from rao_lab.errors import RunFileError
from rao_lab.views.explorer.from_session import SessionSource
from tests.support.live import Clock, Stage, opened, turn, wait_for


def test_a_button_acts_though_the_sender_is_busy_elsewhere(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionSource(stage.session), clock)
    feed.take({"type": "act", "action": "pause"})  # no turn of the sender between
    assert stage.session.state == "paused"
    turn(feed, clock, 0.0)
    assert page.traits["session"]["state"] == "paused"
    feed.take({"type": "act", "action": "resume"})
    turn(feed, clock, 0.0)
    assert page.traits["session"]["state"] == "training"


def test_a_pause_that_has_come_about_says_what_is_kept(stage: Stage, clock: Clock) -> None:
    stage.play(10)
    feed, page = opened(SessionSource(stage.session), clock)
    assert page.traits["session"]["resting"] is False
    stage.session.pause()
    stage.loose(1)
    wait_for(lambda: stage.session.control.resting)
    turn(feed, clock)
    session = page.traits["session"]
    assert session["resting"] is True and session["sampling"] == 1 and session["alive"] > 0
    stage.session.resume()
    wait_for(lambda: not stage.session.control.resting)


def test_one_step_ends_in_a_pause_that_is_told(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionSource(stage.session), clock)
    feed.take({"type": "act", "action": "step"})
    stage.loose(stage.counts[1] + 2)
    wait_for(lambda: stage.session.state == "paused")
    wait_for(lambda: stage.session.control.resting)
    turn(feed, clock)
    assert page.traits["session"]["state"] == "paused"
    assert page.traits["steps"] == [[1, 0.25]]


def test_stop_ends_it_and_takes_the_buttons_away(stage: Stage, clock: Clock) -> None:
    stage.play(4)
    feed, page = opened(SessionSource(stage.session), clock)
    assert page.traits["session"]["actions"] == ["pause", "resume", "step", "stop"]
    feed.take({"type": "act", "action": "stop"})
    stage.loose(2)
    wait_for(lambda: stage.session.state == "stopped")
    turn(feed, clock)
    session = page.traits["session"]
    assert (session["state"], session["live"], session["actions"]) == ("stopped", False, [])
    assert page.traits["live"] is False


def test_an_action_that_does_not_exist_is_refused_in_words(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionSource(stage.session), clock)
    feed.take({"type": "act", "action": "__class__"})
    assert page.messages[-1]["type"] == "sorry" and "pause, resume, step, stop" in page.messages[-1]["text"]


def test_a_failure_is_told_in_its_own_words(tmp_path: Path, clock: Clock) -> None:
    stage = Stage(tmp_path / "a.rao", fail=RunFileError("the disk is full"))
    feed, page = opened(SessionSource(stage.session), clock)
    stage.loose()
    wait_for(lambda: stage.session.state == "failed")
    turn(feed, clock)
    session = page.traits["session"]
    assert session["state"] == "failed" and session["error"] == "RunFileError: the disk is full"


def test_curves_and_progress_follow_each_step(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionSource(stage.session), clock)
    stage.play(stage.counts[1] + 1)
    turn(feed, clock)
    assert page.traits["curves"]["step"] == [1]
    assert page.traits["curves"]["columns"]["seconds/total"] == [2.0]
    session = page.traits["session"]
    assert (session["step"], session["total"], session["step_seconds"]) == (1, 2, 2.0)
    stage.play(stage.counts[2])
    stage.loose(1)
    wait_for(lambda: stage.session.state == "finished")
    turn(feed, clock)
    assert page.traits["curves"]["columns"]["success"] == [0.25, 0.5]
    assert page.traits["session"]["state"] == "finished"


def test_seconds_of_a_session_leave_its_pauses_out() -> None:
    clock = Clock()
    control = Control(clock)
    for seconds in (400.0, 30.0):
        control.pause()
        thread = threading.Thread(target=control.check, daemon=True)
        thread.start()
        wait_for(lambda: control.resting)
        before = control.rested
        clock.now += seconds
        assert control.rested == before + seconds, "while it rests"
        control.resume()
        thread.join(10)
        clock.now += 5.0
    assert control.rested == 430.0


def test_the_time_in_all_is_told_without_the_pause(stage: Stage, clock: Clock) -> None:
    source = SessionSource(stage.session)
    stage.session.control.stop()
    stage.loose(1)
    wait_for(lambda: stage.session.state == "stopped")
    stage.session.began, stage.session.ended = 1000.0, 1848.0
    stage.session.control = Rested(402.0)  # type: ignore[assignment]
    assert source.status()["seconds"] == 446.0


class Rested:
    """The hand on a training that rested so long."""

    resting = False
    stopping = True
    paused = False

    def __init__(self, rested: float) -> None:
        self.rested = rested

    def stop(self) -> None: ...


def test_control_rests_only_while_it_waits() -> None:
    control = Control()
    told = []
    control.on_rest = lambda: told.append(control.resting)
    control.check()
    control.pause()
    thread = threading.Thread(target=control.check, daemon=True)
    thread.start()
    wait_for(lambda: control.resting)
    control.resume()
    thread.join(10)
    assert not control.resting and told == [True]
    control.stop()
    with pytest.raises(Stopped):
        control.check()
