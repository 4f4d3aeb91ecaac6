"""Two processes under torchrun train as one process on the union of their groups."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rao_lab.errors import ConfigError, UnavailableError
from rao_lab.training import processes as distributed
from rao_lab.training.processes import processes
from tests.support.forked import forked
from tests.support.two_processes import NORMALIZERS, cases, train

CASES = range(len(NORMALIZERS))


@pytest.fixture(scope="module")
def runs(tmp_path_factory, repo) -> Path:
    """Each case by rank 0, by rank 1 and alone."""
    out = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(repo)}
    done = subprocess.run(
        [*command, "tests/support/two_processes.py", str(out)],
        cwd=repo, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    for index in CASES:
        (out / f"{index}-alone").mkdir()
        train(out / f"{index}-alone", None, cases()[index])
    return out


def said(folder: Path) -> list:
    return json.loads((folder / "steps.json").read_text())


@pytest.mark.parametrize("index", CASES)
def test_the_gradient_is_that_of_one_process_on_the_union(runs, index) -> None:
    alone, ranked = load_file(runs / f"{index}-alone/optimizer"), load_file(runs / f"{index}-0/optimizer")
    moments = {name: value for name, value in alone.items() if name.startswith("exp_avg/")}
    scale = max(float(value.abs().max()) for value in moments.values())
    assert scale > 0
    for name, value in moments.items():
        assert float((ranked[name] - value).abs().max()) <= 1e-12 * scale


@pytest.mark.parametrize("index", CASES)
def test_both_processes_hold_the_same_weights_to_the_bit(runs, index) -> None:
    left, right = load_file(runs / f"{index}-0/weights"), load_file(runs / f"{index}-1/weights")
    assert all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("index", CASES)
def test_every_process_has_the_records_of_all(runs, index) -> None:
    alone, first, second = (said(runs / f"{index}-{name}") for name in ("alone", 0, 1))
    assert [step["trees"] for step in first[:2]] == [step["trees"] for step in alone[:2]]
    assert [step["c"] for step in first] == [step["c"] for step in second] == [step["c"] for step in alone]
    assert first == second  # metrics too
    drifts = [step["drift"] for steps in (first, alone) for step in steps if step["drift"]]
    assert len(drifts) == 2 and drifts[0] == pytest.approx(drifts[1], abs=2e-4)


def test_a_rule_that_says_something_else_in_each_process_is_refused_in_all(runs) -> None:
    words = {(runs / f"refused-{rank}").read_text() for rank in (0, 1)}
    assert words == {
        "step 1: the credit rule by_chance gave other numbers in each process: it must depend on the nodes alone, not "
        "on chance or on what it saw before"
    }


def test_an_exchange_holds_a_bounded_number_of_a_kind(monkeypatch) -> None:
    monkeypatch.setattr(distributed, "AT_ONCE", 10)
    sizes, double = [4, 5, 3, 30, 1, 1], torch.zeros(6, dtype=torch.float64)
    tensors = [*(torch.zeros(size) for size in sizes[:3]), double, *(torch.zeros(size) for size in sizes[3:])]
    found = list(distributed._bundles(tensors))
    assert [[tensor.numel() for tensor in alike] for alike in found] == [[4, 5], [3], [30], [1, 1], [6]]
    assert {id(tensor) for alike in found for tensor in alike} == {id(tensor) for tensor in tensors}


def test_without_torchrun_the_way_to_start_is_named(monkeypatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(ConfigError, match="torchrun --nproc-per-node 2"), processes():
        pass


def lose_the_other(rank: int, port: str, exchange: str, said: Path) -> None:
    """One of two processes, of which the second goes without a word."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "RANK": str(rank)}
    os.environ.update(place)
    with processes(timeout_minutes=2) as peers:
        peers.add([torch.ones(1)])
        if peers.rank == 1:
            os._exit(9)
        try:
            peers.add([torch.ones(1)]) if exchange == "add" else peers.gather([])
        except UnavailableError as problem:
            said.write_text(str(problem))
            os._exit(3)


@pytest.mark.parametrize("exchange", ["add", "gather"])
def test_a_process_that_is_gone_is_one_line_to_the_others(exchange, tmp_path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    said = tmp_path / "said"
    forks = forked()
    ranks = [forks.Process(target=lose_the_other, args=(rank, port, exchange, said)) for rank in range(2)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(180)
    assert [rank.exitcode for rank in ranks] == [3, 9]
    line = said.read_text()
    assert line.startswith("another process of this run is gone") and "\n" not in line
    assert line.endswith("stop the rest, then resume the run")
