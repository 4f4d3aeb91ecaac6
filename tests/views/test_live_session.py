"""A page beside a session: every node arrives once, in order, while it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rao_lab.views.explorer.feed import KEPT
from rao_lab.views.explorer.from_session import SessionSource
from tests.support.live import Clock, Page, Stage, in_turns, opened, turn, wait_for


def test_a_view_opened_in_the_middle_of_a_step_knows_its_beginning(stage: Stage, clock: Clock) -> None:
    stage.play(9)
    _, page = opened(SessionSource(stage.session), clock)
    assert page.traits["newest"] == 1 and page.traits["live"] is True
    told = [event for _, (_, event) in zip(range(9), in_turns(stage.scripts[1][0]), strict=False)]
    spawned = sum(type(event).__name__ == "Spawned" for event in told)
    assert len(page.rows[1]) == spawned > 0


def test_nodes_appear_while_they_work_and_each_flush_tells_a_node_once(stage: Stage, clock: Clock) -> None:
    stage.play(2)
    feed, page = opened(SessionSource(stage.session), clock)
    page.messages.clear()
    stage.play(12)
    turn(feed, clock)
    (delta,) = page.messages
    rows = [row for row, *_ in delta["rows"]]
    assert delta["type"] == "delta" and len(rows) == len(set(rows)) > 0


def test_two_flushes_within_a_moment_are_one(stage: Stage, clock: Clock) -> None:
    stage.play(2)
    feed, page = opened(SessionSource(stage.session), clock)
    page.messages.clear()
    for _ in range(5):
        stage.play(1)
        turn(feed, clock, 0.01)
    assert page.messages == []
    turn(feed, clock, 0.2)
    assert page.kinds() == ["delta"]


def test_what_the_page_was_told_is_the_step_as_recorded(stage: Stage, clock: Clock) -> None:
    stage.play(1)
    feed, page = opened(SessionSource(stage.session), clock)
    for beats in (3, 20, stage.counts[1] - 24):
        stage.play(beats)
        turn(feed, clock)
    before = {row: dict(values) for row, values in page.rows[1].items()}
    stage.play(1)
    turn(feed, clock)
    after = page.rows[1]
    assert before.keys() == after.keys()
    for row, values in before.items():
        assert {name: after[row][name] for name in values} == values
    (step,) = stage.session.steps
    assert step.attributions is not None
    told = sorted(value["A"] for value in after.values() if value["A"] is not None)
    made = sorted(a for a in step.attributions.A.tolist() if a == a)
    assert told == made and len(made) > 3


def test_a_step_that_nobody_asked_for_is_counted_but_not_sent(stage: Stage, clock: Clock) -> None:
    stage.play(stage.counts[1] + 1)
    feed, page = opened(SessionSource(stage.session), clock)
    page.messages.clear()
    stage.play(6)
    turn(feed, clock)
    assert page.messages == []
    assert page.traits["newest"] == 2 and page.traits["session"]["nodes"] > 0
    feed.take({"type": "open", "step": 2})
    turn(feed, clock)
    assert page.kinds() == ["snapshot"] and len(page.rows[2]) == page.traits["session"]["nodes"]


def test_a_page_that_was_reloaded_gets_everything_and_goes_on(stage: Stage, clock: Clock) -> None:
    stage.play(5)
    feed, page = opened(SessionSource(stage.session), clock)
    stage.play(5)
    turn(feed, clock)
    again = Page()
    feed.outlet = again
    feed.take({"type": "hello", "step": 1})
    turn(feed, clock)
    assert again.rows[1] == page.rows[1]
    stage.play(8)
    turn(feed, clock)
    assert again.kinds() == ["snapshot", "delta"]


def test_older_steps_are_opened_from_what_the_session_kept(stage: Stage, clock: Clock) -> None:
    stage.play(stage.counts[1] + 1)
    stage.play(stage.counts[2])
    feed, page = opened(SessionSource(stage.session), clock)
    feed.take({"type": "open", "step": 1})
    turn(feed, clock)
    assert any(row["A"] is not None for row in page.rows[1].values())
    assert len(feed._tables) <= KEPT


def test_a_step_that_does_not_exist_is_answered_in_words(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionSource(stage.session), clock)
    feed.take({"type": "open", "step": 77})
    turn(feed, clock)
    assert page.messages[-1] == {"type": "sorry", "text": "step 77 is not finished: there is none yet"}


@pytest.mark.parametrize(
    "message",
    [
        None,
        {},
        {"type": 3},
        {"type": "texts"},
        {"type": "texts", "step": 1, "tree": -1, "path": "0"},
        {"type": "texts", "step": "x", "tree": 0, "path": []},
        {"type": "open", "step": "1; rm"},
        {"type": "resync", "step": None},
    ],
)
def test_nonsense_from_a_page_harms_nothing(message: Any, stage: Stage, clock: Clock) -> None:
    stage.play(3)
    feed, page = opened(SessionSource(stage.session), clock)
    feed.take(message)
    turn(feed, clock)
    stage.play(3)
    turn(feed, clock)
    assert "delta" in page.kinds()


def test_the_texts_of_a_node_come_while_it_works(stage: Stage, clock: Clock) -> None:
    stage.play(12)
    feed, page = opened(SessionSource(stage.session), clock)
    feed.take({"type": "texts", "key": "k", "revision": 4, "step": 1, "tree": 0, "path": "0"})
    turn(feed, clock)
    answer = page.messages[-1]
    assert (answer["type"], answer["key"], answer["revision"]) == ("texts", "k", 4)
    assert answer["node"]["turns"][0]["messages"][0]["content"]


def test_silence_is_broken_by_a_beat_with_the_last_number(stage: Stage, clock: Clock) -> None:
    stage.play(6)
    feed, page = opened(SessionSource(stage.session), clock)
    turn(feed, clock)
    page.messages.clear()
    beat = {"type": "beat", "step": 1, "seq": page.seq[1]}
    for _ in range(9):  # as often as its thread looks
        turn(feed, clock, 0.2)
    assert page.messages == [beat]
    stage.session.pause()
    stage.loose(1)
    wait_for(lambda: stage.session.control.resting)
    turn(feed, clock, 0.2)
    page.messages.clear()
    for _ in range(22):
        turn(feed, clock, 0.2)
    assert page.messages == [beat, beat], "a paused session is no silent kernel"


def test_a_listener_in_the_middle_hears_each_event_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "a.rao", steps=1)
    heard: list[list[tuple[str, int]]] = []
    stage.loose(stage.counts[1])
    while not stage.session._done.is_set() and len(heard) < 40:
        mine: list[tuple[str, int]] = []
        heard.append(mine)
        stage.session.listen(
            lambda kind, value, mine=mine: (
                mine.append((f"{value[0].group}/{value[0].rollout}", value[1].seq))  # type: ignore[misc]
                if kind == "event"
                else None
            ),
            replay=True,
        )
    stage.loose()
    wait_for(stage.session._done.is_set)
    assert heard
    for mine in heard:
        for tree in {tree for tree, _ in mine}:
            numbers = [seq for name, seq in mine if name == tree]
            assert numbers == list(range(len(numbers)))
        assert len(mine) == stage.counts[1]
