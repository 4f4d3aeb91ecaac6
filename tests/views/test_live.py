"""Live views: a session and a followed run bring every node, once, in order, and say how they stand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from rao_lab.api.session import Control, Session, Stopped
from rao_lab.credit import attribute
from rao_lab.errors import ConfigError, RunFileError
from rao_lab.store import RunWriter, open_run
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Event, Group, TreeHeader
from rao_lab.tree.fold import fold
from rao_lab.views.explorer.curves import MOST_COLUMNS, Curves, marks
from rao_lab.views.explorer.feed import KEPT, LiveFeed
from rao_lab.views.explorer.live_step import LiveStep
from rao_lab.views.explorer.watch import RunWatch, SessionWatch, checkpoints
from rao_lab.views.explorer.widget import Explorer
from tests.support.trees import events_of, header_of, random_plan, tree_of

Script = list[tuple[TreeHeader, list[Event]]]


def script(step: int, groups: int = 2, size: int = 2, nodes: int = 6) -> tuple[Script, list[Group]]:
    """A step's events by tree, and the groups they fold to."""
    random = Random(step)
    told: Script = []
    found = []
    for index in range(groups):
        trees = []
        for rollout in range(size):
            header = header_of(f"medium {index:03}", "make", step, index, rollout)
            events = events_of(random_plan(random, nodes), header, seed=rollout)
            told.append((header, events))
            trees.append(fold(header, events))
        found.append(Group(trees[0].task, tuple(trees), step, index))
    return told, found


def in_turns(told: Script) -> Iterator[tuple[TreeHeader, Event]]:
    """One event of each tree at a time, as an executor says them."""
    for place in range(max(len(events) for _, events in told)):
        for header, events in told:
            if place < len(events):
                yield header, events[place]


def ended(step: int, groups: Sequence[Group]) -> TrainStep:
    metrics = {"step": step, "success": 0.25 * step, "nodes": 3.0, "trees": 4}
    return TrainStep(step, tuple(groups), (), attribute(groups), metrics, {"total": 2.0})


class Stage:
    """A real session whose training is a script that goes on when told to."""

    def __init__(self, path: Path, steps: int = 2, fail: Exception | None = None) -> None:
        self._fail = fail
        self._go = threading.Semaphore(0)
        self._did = threading.Semaphore(0)
        self.scripts = {step: script(step) for step in range(1, steps + 1)}
        self.session = Session(self._train, path, steps)
        self.counts: dict[int, int] = {
            step: sum(len(events) for _, events in told) for step, (told, _) in self.scripts.items()
        }

    def _train(self, session: Session) -> Iterator[TrainStep]:
        for step, (told, groups) in self.scripts.items():
            session.on_phase("sample", 0, len(told))
            for header, event in in_turns(told):
                self._go.acquire()
                session.control.check()
                session.on_event(header, event)
                self._did.release()
            self._go.acquire()
            if self._fail is not None:
                raise self._fail
            yield ended(step, groups)
            self._did.release()

    def play(self, beats: int) -> None:
        """Events, with a step's end as one of them."""
        for _ in range(beats):
            self._go.release()
        for _ in range(beats):
            assert self._did.acquire(timeout=20)

    def loose(self, beats: int = 10_000) -> None:
        """Lets it run, whatever it meets."""
        for _ in range(beats):
            self._go.release()


class Page:
    """The front end's side: applies snapshots and deltas, and complains of a gap."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.traits: dict[str, Any] = {}
        self.rows: dict[int, dict[int, dict[str, Any]]] = {}
        self.seq: dict[int, int] = {}

    def send(self, content: Any, buffers: Any = None) -> None:
        self.messages.append(content)
        step = content.get("step")
        if content["type"] == "snapshot":
            self.rows[step] = table_of(content, buffers)
            self.seq[step] = content["seq"]
        elif content["type"] == "delta" and step in self.rows:
            assert content["seq"] == self.seq[step] + 1
            self.seq[step] += 1
            for row, *values in content["rows"]:
                assert row <= len(self.rows[step])
                self.rows[step].setdefault(row, {}).update(zip(content["fields"], values, strict=True))

    def show(self, **traits: Any) -> None:
        self.traits.update(traits)

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]


def table_of(head: Mapping[str, Any], buffers: Sequence[bytes]) -> dict[int, dict[str, Any]]:
    kinds = {"i32": "<i4", "u8": "u1", "f64": "<f8"}
    rows: dict[int, dict[str, Any]] = {row: {} for row in range(head["n"])}
    for column, part in zip(head["columns"], buffers, strict=True):
        for row, value in enumerate(np.frombuffer(part, kinds[column["type"]]).tolist()):
            rows[row][column["name"]] = None if value != value else value
    return rows


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "a.rao")
    yield made
    made.session.control.stop()
    made.loose()
    made.session.stop(10)


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(source: Any, clock: Clock) -> tuple[LiveFeed, Page]:
    """A feed whose thread is this one, and a page that has said hello."""
    page = Page()
    feed = LiveFeed(source, page, clock=clock)
    feed.begin()
    turn(feed, clock)
    feed.take({"type": "hello", "step": None})
    turn(feed, clock)
    return feed, page


def turn(feed: LiveFeed, clock: Clock, seconds: float = 1.0) -> None:
    clock.now += seconds
    feed.turn()


# A session


def test_a_view_opened_in_the_middle_of_a_step_knows_its_beginning(stage: Stage, clock: Clock) -> None:
    stage.play(9)
    _, page = opened(SessionWatch(stage.session), clock)
    assert page.traits["newest"] == 1 and page.traits["live"] is True
    told = [event for _, (_, event) in zip(range(9), in_turns(stage.scripts[1][0]), strict=False)]
    spawned = sum(type(event).__name__ == "Spawned" for event in told)
    assert len(page.rows[1]) == spawned > 0


def test_nodes_appear_while_they_work_and_each_flush_tells_a_node_once(stage: Stage, clock: Clock) -> None:
    stage.play(2)
    feed, page = opened(SessionWatch(stage.session), clock)
    page.messages.clear()
    stage.play(12)
    turn(feed, clock)
    (delta,) = page.messages
    rows = [row for row, *_ in delta["rows"]]
    assert delta["type"] == "delta" and len(rows) == len(set(rows)) > 0


def test_two_flushes_within_a_moment_are_one(stage: Stage, clock: Clock) -> None:
    stage.play(2)
    feed, page = opened(SessionWatch(stage.session), clock)
    page.messages.clear()
    for _ in range(5):
        stage.play(1)
        turn(feed, clock, 0.01)
    assert page.messages == []
    turn(feed, clock, 0.2)
    assert page.kinds() == ["delta"]


def test_what_the_page_was_told_is_the_step_as_recorded(stage: Stage, clock: Clock) -> None:
    stage.play(1)
    feed, page = opened(SessionWatch(stage.session), clock)
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
    feed, page = opened(SessionWatch(stage.session), clock)
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
    feed, page = opened(SessionWatch(stage.session), clock)
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
    feed, page = opened(SessionWatch(stage.session), clock)
    feed.take({"type": "open", "step": 1})
    turn(feed, clock)
    assert any(row["A"] is not None for row in page.rows[1].values())
    assert len(feed._tables) <= KEPT


def test_a_step_that_does_not_exist_is_answered_in_words(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionWatch(stage.session), clock)
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
    feed, page = opened(SessionWatch(stage.session), clock)
    feed.take(message)
    turn(feed, clock)
    stage.play(3)
    turn(feed, clock)
    assert "delta" in page.kinds()


def test_the_texts_of_a_node_come_while_it_works(stage: Stage, clock: Clock) -> None:
    stage.play(12)
    feed, page = opened(SessionWatch(stage.session), clock)
    feed.take({"type": "texts", "key": "k", "revision": 4, "step": 1, "tree": 0, "path": "0"})
    turn(feed, clock)
    answer = page.messages[-1]
    assert (answer["type"], answer["key"], answer["revision"]) == ("texts", "k", 4)
    assert answer["node"]["turns"][0]["messages"][0]["content"]


# Its state, and the hand on it


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not come about")


def test_a_button_acts_though_the_sender_is_busy_elsewhere(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionWatch(stage.session), clock)
    feed.take({"type": "act", "action": "pause"})  # no turn of the sender between
    assert stage.session.state == "paused"
    turn(feed, clock, 0.0)
    assert page.traits["session"]["state"] == "paused"
    feed.take({"type": "act", "action": "resume"})
    turn(feed, clock, 0.0)
    assert page.traits["session"]["state"] == "training"


def test_a_pause_that_has_come_about_says_what_is_kept(stage: Stage, clock: Clock) -> None:
    stage.play(10)
    feed, page = opened(SessionWatch(stage.session), clock)
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
    feed, page = opened(SessionWatch(stage.session), clock)
    feed.take({"type": "act", "action": "step"})
    stage.loose(stage.counts[1] + 2)
    wait_for(lambda: stage.session.state == "paused")
    wait_for(lambda: stage.session.control.resting)
    turn(feed, clock)
    assert page.traits["session"]["state"] == "paused"
    assert page.traits["steps"] == [[1, 0.25]]


def test_stop_ends_it_and_takes_the_buttons_away(stage: Stage, clock: Clock) -> None:
    stage.play(4)
    feed, page = opened(SessionWatch(stage.session), clock)
    assert page.traits["session"]["actions"] == ["pause", "resume", "step", "stop"]
    feed.take({"type": "act", "action": "stop"})
    stage.loose(2)
    wait_for(lambda: stage.session.state == "stopped")
    turn(feed, clock)
    session = page.traits["session"]
    assert (session["state"], session["live"], session["actions"]) == ("stopped", False, [])
    assert page.traits["live"] is False


def test_an_action_that_does_not_exist_is_refused_in_words(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionWatch(stage.session), clock)
    feed.take({"type": "act", "action": "__class__"})
    assert page.messages[-1]["type"] == "sorry" and "pause, resume, step, stop" in page.messages[-1]["text"]


def test_a_failure_is_told_in_its_own_words(tmp_path: Path, clock: Clock) -> None:
    stage = Stage(tmp_path / "a.rao", fail=RunFileError("the disk is full"))
    feed, page = opened(SessionWatch(stage.session), clock)
    stage.loose()
    wait_for(lambda: stage.session.state == "failed")
    turn(feed, clock)
    session = page.traits["session"]
    assert session["state"] == "failed" and session["error"] == "RunFileError: the disk is full"


def test_curves_and_progress_follow_each_step(stage: Stage, clock: Clock) -> None:
    feed, page = opened(SessionWatch(stage.session), clock)
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


def test_silence_is_broken_by_a_beat_with_the_last_number(stage: Stage, clock: Clock) -> None:
    stage.play(6)
    feed, page = opened(SessionWatch(stage.session), clock)
    turn(feed, clock)
    page.messages.clear()
    feed._flushed = clock.now + 3  # nothing to flush in this turn
    turn(feed, clock, 2.5)
    assert page.messages == [{"type": "beat", "step": 1, "seq": page.seq[1]}]


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


def test_control_rests_only_while_it_waits() -> None:
    control = Control()
    told = []
    control.on_rest = lambda: told.append(control.resting)
    control.check()
    control.pause()
    thread = threading.Thread(target=control.check)
    thread.start()
    wait_for(lambda: control.resting)
    control.resume()
    thread.join(10)
    assert not control.resting and told == [True]
    control.stop()
    with pytest.raises(Stopped):
        control.check()


# A run file that another writes


def record_events(writer: RunWriter, told: Script, upto: int) -> None:
    for number, (header, event) in enumerate(in_turns(told)):
        if number < upto:
            writer.event((header.group, header.rollout), header, event)
    writer.flush()


def finish(writer: RunWriter, step: int, groups: Sequence[Group], first: int = 0) -> None:
    for group in groups:
        for tree in group.trees[first:]:
            writer.tree_done(tree)
    made = ended(step, groups)
    writer.end_step(step, made.attributions, {**made.metrics, "seconds": made.seconds})
    writer.flush()


TRAIN = {"train": {"steps": 2, "tasks_per_step": 2, "group_size": 2}}


def test_a_followed_run_shows_nodes_before_their_tree_has_ended(tmp_path: Path, clock: Clock) -> None:
    told, groups = script(1)
    with RunWriter(tmp_path / "a.rao", TRAIN) as writer:
        writer.begin_step(1)
        record_events(writer, told, 6)
        feed, page = opened(RunWatch(open_run(tmp_path / "a.rao", follow=True), clock), clock)
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
        feed, page = opened(RunWatch(open_run(tmp_path / "a.rao", follow=True), clock), clock)
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
        feed, page = opened(RunWatch(open_run(tmp_path / "a.rao", follow=True), clock), clock)
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
    feed, page = opened(RunWatch(open_run(path, follow=True), clock), clock)
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
    feed, page = opened(RunWatch(open_run(path, follow=True), clock), clock)
    assert [step for step, _ in page.traits["steps"]] == [1, 2]
    with RunWriter(path, TRAIN, resume=True) as writer:
        writer.rewind(1)
        writer.flush()
        turn(feed, clock)
        assert [step for step, _ in page.traits["steps"]] == [1]


def test_a_finished_run_has_a_board_without_buttons(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    with RunWriter(path, TRAIN) as writer:
        for step in (1, 2):
            writer.begin_step(step)
            finish(writer, step, script(step)[1])
    explorer = Explorer(open_run(path), view="board")
    assert explorer.first_view == "board" and explorer.live is False
    assert explorer.session["state"] == "finished" and explorer.session["actions"] == []
    assert explorer.curves["step"] == [1, 2]
    explorer.close()


def test_an_empty_run_has_a_board_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    with RunWriter(path, {}):
        pass
    explorer = Explorer(open_run(path), view="board")
    assert explorer.session["state"] == "stopped" and explorer.curves["step"] == []
    assert explorer.newest is None
    explorer.close()


# The widget


def test_a_session_opens_an_explorer_on_its_board_or_on_its_trees(stage: Stage) -> None:
    board, trees = stage.session.board(), stage.session.explorer(height=400)
    assert (board.first_view, trees.first_view, trees.height) == ("board", "tree", 400)
    assert board.live and board.session["state"] == "training"
    board.close()
    trees.close()


def test_a_closed_widget_no_longer_listens(stage: Stage) -> None:
    board = stage.session.board()
    assert len(stage.session._listeners) == 1
    board.close()
    assert stage.session._listeners == []


def test_single_trees_have_no_board() -> None:
    tree = tree_of(random_plan(Random(1), 3), header_of("t", "g", 1, 0, 0))
    with pytest.raises(ConfigError, match="session or a run"):
        Explorer(tree, view="board")


# Parts


def test_a_tree_whose_beginning_was_missed_waits_until_it_arrives_whole() -> None:
    header = header_of("t", "make", 1, 0, 0)
    events = events_of(random_plan(Random(3), 6), header)
    live = LiveStep(1)
    for event in events[4:]:
        live.event(header, event)
    assert live.table.rows == []
    live.tree(fold(header, events))
    assert len(live.table.rows) == len(fold(header, events)) and live.alive == 0


def test_curves_flatten_shorten_and_bound_what_a_run_says() -> None:
    hostile = {f"kind {i}": i for i in range(1000)} | {"a/b" * 100: 1, "nan": float("nan"), "text": "<b>"}
    curves = Curves.of(
        [
            {"step": 1, "success": 1 / 3, "refusals": hostile, "unknown": 5},
            {"step": 2, "success": None, "probe_success": 0.5},
            {"step": "x"},
        ]
    )
    data = curves.to_json()
    assert data["step"] == [1, 2]
    assert data["columns"]["success"] == [0.33333, None]
    assert len(data["columns"]) == MOST_COLUMNS
    assert all(len(name) < 80 for name in data["columns"]) and "unknown" not in data["columns"]
    assert marks([1, 2, 3], curves) == [[1, 0.33333], [2, 0.5], [3, None]]


def test_checkpoints_are_read_from_their_folders(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    assert checkpoints(path) == []
    for name in ("step-2", "step-10", "step-x", ".tmp"):
        (tmp_path / "a.rao.ckpt" / name).mkdir(parents=True)
    assert checkpoints(path) == [2, 10]
