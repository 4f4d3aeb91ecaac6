"""A session ends when its own callbacks ask for it, never waits for itself, and is asked for nothing too early."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.session import Session
from rao_lab.base.stopwatch import Stopwatch
from rao_lab.store import RunWriter, checkpoint_folder
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Status
from tests.conftest import REPO
from tests.support.configs import small_config
from tests.support.live import TRAIN

LIMITS = rl.Limits(max_depth=2, max_turns=2, max_nodes=4, max_new_tokens=6, context_window=96)
CONFIG = small_config(steps=4, tasks_per_step=1, group_size=2, limits=LIMITS, checkpoint_every=4)


class Learner:
    """Begins trainings of one random policy."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.parts: tuple[Any, ...] = (rl.environments.TextCraft("easy"), rl.load_policy(str(folder)), CONFIG)
        self.store = store

    def start(self, **options: Any) -> Session:
        return rl.start(*self.parts, store=self.store, **options)

    def train(self, **options: Any) -> Iterator[TrainStep]:
        return rl.train(*self.parts, store=self.store, **options)


@pytest.fixture
def learner(random_tiny: Path, tmp_path: Path) -> Learner:
    return Learner(random_tiny, tmp_path / "a.rao")


def at_two(end: Callable[[], None]) -> Callable[[TrainStep], None]:
    def hear(step: TrainStep) -> None:
        if step.step == 2:
            end()

    return hear


def stop_training() -> None:
    raise rl.StopTraining


def check_kept(file: Path) -> None:
    """Steps 0 to 2 are in the run, and the weights of step 2 beside it, though none were due."""
    with rl.open_run(file) as run:
        assert [row["step"] for row in run.metrics] == [0, 1, 2]
    assert [each.name for each in checkpoint_folder(file).iterdir()] == ["step-2"]


def test_a_loop_ends_after_the_step_in_which_on_step_says_so(learner: Learner) -> None:
    assert [step.step for step in learner.train(on_step=at_two(stop_training))] == [0, 1, 2]
    check_kept(learner.store)
    assert [step.step for step in learner.train(resume=True)] == [3, 4]


def test_a_session_ends_after_the_step_in_which_on_step_says_so(learner: Learner) -> None:
    session = learner.start(on_step=at_two(stop_training))
    assert [step.step for step in session.result()] == [0, 1, 2]
    assert repr(session) == "<Session a.rao: stopped, step 2 of 4>"
    check_kept(learner.store)


def test_a_session_that_stops_itself_does_not_wait_for_itself(learner: Learner) -> None:
    took = []
    known = threading.Event()

    def end() -> None:
        known.wait(120)
        began = time.monotonic()
        session.stop()
        took.append(time.monotonic() - began)

    session = learner.start(on_step=at_two(end))
    known.set()
    assert [step.step for step in session.result()] == [0, 1, 2]
    assert session.state == "stopped" and took[0] < 10
    check_kept(learner.store)


@pytest.mark.parametrize(
    "wait",
    [lambda session: session.result(), lambda session: asyncio.run(session.wait())],
    ids=["result", "wait"],
)
def test_training_that_would_wait_for_itself_is_told(
    learner: Learner, wait: Callable[[Session], Any]
) -> None:
    known = threading.Event()

    def end() -> None:
        known.wait(120)
        wait(session)

    session = learner.start(on_step=at_two(end))
    known.set()
    with pytest.raises(rl.UnavailableError, match=r"would wait for itself: .* call session.stop\(\)"):
        session.result()


def staged(path: Path, made: threading.Event, told: threading.Event) -> Session:
    """A session whose file is made when it is told so."""

    def work(session: Session) -> Iterator[TrainStep]:
        assert told.wait(120)
        with RunWriter(path, TRAIN) as writer:
            writer.begin_step(0)
            writer.flush()
            made.set()
            session.on_phase("sample", 0, 1)
            assert session.run.config == rl.open_run(path).config  # the training thread may ask, too
            yield TrainStep(0, (), (), None, {"step": 0})

    return Session(work, path, 1)


def test_a_run_that_is_asked_for_before_its_file_exists_is_waited_for(tmp_path: Path) -> None:
    made, told = threading.Event(), threading.Event()
    session = staged(tmp_path / "a.rao", made, told)
    threading.Timer(0.3, told.set).start()
    assert session.run.path.name == "a.rao" and made.is_set()
    session.result()


def test_a_run_that_never_began_says_why(tmp_path: Path) -> None:
    def work(session: Session) -> Iterator[TrainStep]:
        time.sleep(0.2)
        raise rl.ConfigError("steps=0 means nothing")
        yield

    session = Session(work, tmp_path / "a.rao", 1)
    with pytest.raises(rl.ConfigError, match="steps=0 means nothing"):
        _ = session.run


def test_a_session_that_goes_on_with_a_run_says_what_is_kept_before_it_has_opened_it(tmp_path: Path) -> None:
    begun, told = (tmp_path / "a.rao", tmp_path / "b.rao"), threading.Event()
    (checkpoint_folder(begun[0]) / "step-2").mkdir(parents=True)

    def work(session: Session) -> Iterator[TrainStep]:
        assert told.wait(120)
        yield TrainStep(0, (), (), None, {"step": 0})

    sessions = [Session(work, path, 4, resumes=True) for path in begun]
    try:
        assert repr(sessions[0]) == "<Session a.rao: opening the run, newest checkpoint at step 2 of 4>"
        assert repr(sessions[1]) == "<Session b.rao: opening the run, no checkpoint>"
    finally:
        told.set()
    for session in sessions:
        session.result()
        assert repr(session).endswith(": finished, step 0 of 4>")


def test_two_cells_run_at_once(learner: Learner) -> None:
    session = learner.start()
    assert session.run.config["train"]["steps"] == 4
    session.stop()


def test_a_listener_may_end_and_begin_listening(tmp_path: Path) -> None:
    """Within the replay too, in which the session holds its lock."""
    told = threading.Event()
    session = staged(tmp_path / "a.rao", threading.Event(), told)
    heard: list[str] = []

    def again(kind: str, value: Any) -> None:
        session.listen(lambda kind, value: heard.append(kind))()
        heard.append(kind)

    session._events = [("header", "event")]  # type: ignore[list-item]
    session.listen(again, replay=True)
    told.set()
    session.result()
    assert heard[0] == "event"


SCRIPT = """
import sys, time
import rao_lab as rl
from tests.api.test_session import CONFIG
session = rl.start(rl.environments.TextCraft("easy"), rl.load_policy(sys.argv[1]), CONFIG, store=sys.argv[2])
while (session.newest or 0) < 1: time.sleep(0.01)
{end}
"""


@pytest.mark.parametrize(
    "end",
    ["session.pause()", *(pytest.param(end, marks=pytest.mark.slow) for end in ("", "raise SystemExit(0)"))],
)
def test_a_program_that_ends_leaves_a_whole_file_and_the_last_steps_weights(
    random_tiny: Path, tmp_path: Path, end: str
) -> None:
    file = tmp_path / "a.rao"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(end=end), str(random_tiny), str(file)],
        capture_output=True,
        text=True,
        cwd=REPO,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with rl.open_run(file) as run:
        newest = run.metrics[-1]["step"]
    assert newest >= 1 and [each.name for each in checkpoint_folder(file).iterdir()] == [f"step-{newest}"]
    assert not file.with_name("a.rao-wal").exists()


class Slow:
    """A world whose calls take their time."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def call(self, *call: Any) -> Any:
        time.sleep(0.02)
        return self._world.call(*call)


class SlowCraft(rl.environments.TextCraft):
    def open(self, task: rl.Task) -> Any:
        return Slow(super().open(task))


def begin(store: str, steps: int) -> Session:
    """Begins a training in that world, or goes on with it."""
    policy = rl.load_policy("tiny")
    config = rl.default_config(policy, steps=steps, tasks_per_step=2, group_size=2, probe_tasks=0)
    return rl.start(SlowCraft("easy"), policy, config, store=store, resume=True, on_resume=print, workers=2)


BUSY = """
import sys, time
from tests.api.test_session import begin
session = begin(sys.argv[1], 500)
while (session.newest or 0) < 1: time.sleep(0.01)
print("busy", flush=True)
session.result()
"""


@pytest.mark.parametrize(
    "sent",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_signal_to_the_whole_group_and_a_resume_lose_no_node(tmp_path: Path, sent: signal.Signals) -> None:
    file = tmp_path / "a.rao"
    first = subprocess.Popen(
        [sys.executable, "-c", BUSY, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPO,
        start_new_session=True,
    )
    assert first.stdout is not None and first.stdout.readline() == "busy\n"
    time.sleep(0.3)
    os.killpg(first.pid, sent)
    first.communicate(timeout=120)
    with rl.open_run(file) as run:
        newest = run.metrics[-1]["step"]
    begin(str(file), newest + 2).result()
    with rl.open_run(file) as run:
        assert [row["step"] for row in run.metrics] == list(range(newest + 3))
        groups = [group for step in run.steps for group in run.groups(step.step)]
    nodes = [node for group in groups for tree in group.trees for node in tree.nodes]
    assert len(nodes) > 10 and [node.reason for node in nodes if node.status is Status.ERROR] == []


def test_a_pause_is_no_time_of_the_step(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on in pauses alone: so every phase takes no time."""
    passed = [0.0]
    monkeypatch.setattr("rao_lab.api.train.Stopwatch", lambda: Stopwatch(lambda: passed[0]))

    def pause(*_: Any) -> None:
        passed[0] += 400.0

    steps = list(learner.train(on_tick=pause, on_phase=pause))
    assert passed[0] > 0
    assert [step.seconds["total"] for step in steps] == [0.0] * 5
    with rl.open_run(learner.store) as run:
        assert [row["seconds"]["total"] for row in run.metrics] == [0.0] * 5
