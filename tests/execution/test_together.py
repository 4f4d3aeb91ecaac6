"""Several processes train one run: rank 0 writes the records of all, and all resume from its checkpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from rao_lab.credit import attribute
from rao_lab.store import open_run
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Tree
from tests.support.two_process_run import CONFIG, both, steps
from tests.support.whole_runs import everything


class Threads:
    """`Peers` that are threads of this process: they meet at a barrier instead of a socket."""

    size = 2

    def __init__(self) -> None:
        self.barrier = threading.Barrier(self.size, timeout=300)
        self.brought: list[Any] = [None] * self.size

    def exchange(self, rank: int, mine: Any) -> list[Any]:
        self.brought[rank] = mine
        self.barrier.wait()
        found = list(self.brought)
        self.barrier.wait()
        return found


class Thread:
    helper = None

    def __init__(self, threads: Threads, rank: int) -> None:
        self.threads, self.rank, self.size = threads, rank, threads.size

    def gather(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        return self.threads.exchange(self.rank, list(trees))

    def add(self, tensors: Sequence[Tensor]) -> None:
        brought = self.threads.exchange(self.rank, [tensor.clone() for tensor in tensors])
        for tensor, *parts in zip(tensors, *brought, strict=True):
            tensor.copy_(sum(parts[1:], parts[0]))


def together(job: Callable[[Thread], list[TrainStep]]) -> list[list[TrainStep]]:
    """Runs the job as each of two ranks."""
    threads = Threads()

    def one(rank: int) -> list[TrainStep]:
        try:
            return job(Thread(threads, rank))
        except BaseException:
            threads.barrier.abort()
            raise

    with ThreadPoolExecutor(threads.size) as pool:
        return list(pool.map(one, range(threads.size)))


def holds_all(file: Path) -> None:
    """One run file with every tree of both ranks, its credit that of the whole."""
    with open_run(file) as run:
        assert [step.step for step in run.steps] == [0, 1, 2, 3]
        means = None  # of the rule's moving baseline, carried here from step to step
        for step in (1, 2, 3):
            groups = run.groups(step)
            assert [(group.index, len(group)) for group in groups] == [(0, 2), (1, 2)]
            assert [len(group) for group in run.groups(step, probe=True)] == [1]
            credit = attribute(groups, CONFIG.credit, moving=means)
            assert run.attributions(step).c.tobytes() == credit.c.tobytes()
            means = credit.moving_after
            assert {tree.not_reproducible for group in groups for tree in group.trees} == {""}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[TrainStep]]]:
    path = tmp_path_factory.mktemp("together")
    return path, together(lambda peers: both(path, peers))


def test_rank_0_writes_the_records_of_all(folder: tuple[Path, list[list[TrainStep]]]) -> None:
    path, _ = folder
    holds_all(path / "whole.rao")
    assert sorted(each.name for each in path.iterdir()) == [
        "parts.rao", "parts.rao.ckpt", "whole.rao", "whole.rao.ckpt",
    ]  # fmt: skip


def test_all_ranks_yield_the_same_steps(folder: tuple[Path, list[list[TrainStep]]]) -> None:
    first, second = folder[1]
    assert [step.trees for step in first] == [step.trees for step in second]
    for left, right in zip(first[1:], second[1:], strict=True):
        assert left.attributions is not None and right.attributions is not None
        assert left.attributions.c.tobytes() == right.attributions.c.tobytes()


def test_a_run_of_two_resumed_ends_as_one_that_went_through(
    folder: tuple[Path, list[list[TrainStep]]],
) -> None:
    whole, parts = everything(folder[0] / "whole.rao"), everything(folder[0] / "parts.rao")
    assert whole.keys() == parts.keys()
    assert [name for name in whole if whole[name] != parts[name]] == []


def test_a_run_of_two_goes_on_alone(folder: tuple[Path, list[list[TrainStep]]], tmp_path: Path) -> None:
    """Sums over processes differ in their last bits, so it is said."""
    together(lambda peers: steps(tmp_path / "a.rao", peers, until=1))
    with pytest.warns(UserWarning, match="processes is 1, and was 2 when step 1 was made"):
        steps(tmp_path / "a.rao", None)
    holds_all(tmp_path / "a.rao")


@pytest.mark.slow
def test_two_processes_of_torchrun_write_one_run(tmp_path: Path, repo: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(repo)}
    done = subprocess.run(
        [*command, "tests/support/two_process_run.py", str(tmp_path)],
        cwd=repo, env=environment, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    holds_all(tmp_path / "whole.rao")
    whole, parts = everything(tmp_path / "whole.rao"), everything(tmp_path / "parts.rao")
    assert [name for name in whole if whole[name] != parts[name]] == []


@pytest.mark.slow
def test_the_command_line_joins_and_speaks_once(tmp_path: Path, repo: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    few = ["tasks_per_step=2", "group_size=2", "probe_tasks=0"]
    settings = [part for setting in few for part in ("--set", setting)]
    done = subprocess.run(
        [*command, "-m", "rao_lab", "train", "--steps", "1", "--out", str(tmp_path / "a.rao"), "--json", *settings],
        cwd=repo, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["last_step"] == 1
    with open_run(tmp_path / "a.rao") as run:
        assert [len(group) for group in run.groups(1)] == [2, 2]
