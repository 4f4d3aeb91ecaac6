"""Killed at any moment, a run goes on and ends as if it had not been: trees, credit, weights, optimizer."""

from __future__ import annotations

from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rao_lab.store import checkpoint_folder, open_run
from tests.support.forked import forked
from tests.support.whole_runs import CONFIG, everything, train_to_end


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return forked()


@pytest.fixture(scope="module")
def whole(context, tmp_path_factory) -> tuple[dict[str, Any], int]:
    """All of an uninterrupted run, and the number of its events."""
    file = tmp_path_factory.mktemp("whole") / "a.rao"
    events = finish(context, file)
    return everything(file), events


def finish(context: ForkServerContext, file: Path, workers: int = 1) -> int:
    count = context.Value("i", 0)
    child = context.Process(target=train_to_end, args=(str(file), workers, count))
    child.start()
    child.join(300)
    assert child.exitcode == 0
    return count.value


def kill_after(context: ForkServerContext, file: Path, events: int, pause: float) -> bool:
    """Starts or resumes a run and kills it a little after an event; whether it was still at work."""
    count = context.Value("i", 0)
    child = context.Process(target=train_to_end, args=(str(file), 1, count))
    child.start()
    while count.value < events and child.exitcode is None:
        child.join(0.002)
    child.join(pause)
    running = child.exitcode is None
    child.kill()
    child.join()
    return running


def reached(file: Path) -> int:
    """The newest step that has a checkpoint; 0 = none."""
    folder = checkpoint_folder(file)
    names = [path.name for path in folder.glob("step-*")] if folder.is_dir() else []
    return max((int(name.removeprefix("step-")) for name in names), default=0)


def kill_and_resume(context, whole, file: Path, kills: int, seed: int) -> int:
    """Kills a run at random moments, lets it end and compares; how many kills met it at work."""
    expected, events = whole
    random = Random(seed)
    met = 0
    for _ in range(kills):
        before = reached(file)
        met += kill_after(context, file, random.randint(0, events * 7 // 10), random.uniform(0, 0.3))
        assert reached(file) >= before
    finish(context, file)
    found = everything(file)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    return met


def test_three_kills_leave_no_trace(context, whole, tmp_path) -> None:
    assert kill_and_resume(context, whole, tmp_path / "a.rao", kills=3, seed=0) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_four_kills_leave_no_trace(context, whole, tmp_path, seed) -> None:
    assert kill_and_resume(context, whole, tmp_path / "a.rao", kills=4, seed=seed) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_five_kills_leave_no_trace(context, whole, tmp_path, seed) -> None:
    assert kill_and_resume(context, whole, tmp_path / "a.rao", kills=5, seed=seed) > 0


def test_four_sandbox_workers_give_the_same_run_as_one(context, whole, tmp_path) -> None:
    finish(context, tmp_path / "a.rao", workers=4)
    assert everything(tmp_path / "a.rao") == whole[0]


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(context, whole, tmp_path) -> None:
    file = tmp_path / "a.rao"
    finish(context, file)
    last = checkpoint_folder(file) / f"step-{CONFIG.steps}" / "optimizer.safetensors"
    last.write_bytes(last.read_bytes()[:-1])
    finish(context, file)
    assert everything(file) == whole[0]
    with open_run(file) as run:
        assert [step.step for step in run.steps] == list(range(CONFIG.steps + 1))
