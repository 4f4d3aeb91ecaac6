"""Killed at any moment, a run goes on and ends as if it had not been: trees, credit, weights, optimizer."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rao_lab.store import checkpoint_folder, open_run
from tests.support.whole_runs import CONFIG, everything, train_to_end


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Children are forked from a process that has loaded everything and started nothing."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.support.whole_runs", "rao_lab.policies.local.transformer"])
    return found


@pytest.fixture(scope="module")
def whole(context, tmp_path_factory) -> tuple[dict[str, Any], float]:
    """All of an uninterrupted run, and the seconds it takes."""
    file = tmp_path_factory.mktemp("whole") / "a.rao"
    finish(context, tmp_path_factory.mktemp("warm") / "a.rao")
    start = time.monotonic()
    finish(context, file)
    return everything(file), time.monotonic() - start


def finish(context: ForkServerContext, file: Path, workers: int = 1) -> None:
    child = context.Process(target=train_to_end, args=(str(file), workers))
    child.start()
    child.join(300)
    assert child.exitcode == 0


def kill_after(context: ForkServerContext, file: Path, seconds: float) -> bool:
    """Starts or resumes a run and kills it; whether it was still at work."""
    child = context.Process(target=train_to_end, args=(str(file),))
    child.start()
    child.join(seconds)
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
    expected, seconds = whole
    random = Random(seed)
    met = 0
    for _ in range(kills):
        before = reached(file)
        met += kill_after(context, file, random.uniform(0.02, 0.7) * seconds)
        assert reached(file) >= before
    finish(context, file)
    found = everything(file)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    return met


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
