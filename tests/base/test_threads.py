"""How many threads a model computes with, and how they wait."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from rao_lab.base import early, threads

CPU, LARGE = torch.device("cpu"), threads.SMALL_BYTES + 1


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing of threads."""
    for name in (*threads.ASKED, *early.WAITING):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("weights", "cores", "busy", "expected"),
    [
        (2_500_000, 16, 0.0, 1),  # small: one, on every number of cores
        (2_500_000, 1, 1.0, 1),
        (LARGE, 16, 0.0, 16),
        (LARGE, 16, 3.4, 13),
        (LARGE, 2, 1.1, 1),
        (LARGE, 2, 0.3, 2),
        (LARGE, 2, 2.0, 1),  # at least one
        (LARGE, 1, 0.0, 1),
    ],
)
def test_a_small_model_has_one_thread_and_a_larger_one_the_free_cores(
    unasked: pytest.MonkeyPatch, weights: int, cores: int, busy: float, expected: int
) -> None:
    unasked.setattr(threads, "cores", lambda: cores)
    unasked.setattr(threads, "busy", lambda: busy)
    unasked.setattr(torch, "get_num_threads", lambda: 16)
    assert threads.chosen(weights, CPU) == expected


def test_what_the_environment_asks_for_stays_and_a_gpu_has_torchs_own(unasked: pytest.MonkeyPatch) -> None:
    assert threads.chosen(1, torch.device("cuda")) is None
    unasked.setenv("MKL_NUM_THREADS", "3")
    assert threads.asked() == "MKL_NUM_THREADS" and threads.chosen(1, CPU) is None


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
def test_cores_are_those_of_this_process_and_of_its_control_group(
    unasked: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = len(os.sched_getaffinity(0))
    for said, expected in (("max 100000", mine), ("150000 100000", 1), ("nonsense", mine), ("1 0", mine)):
        (tmp_path / "cpu.max").write_text(said)
        unasked.setattr(threads, "_QUOTA", tmp_path / "cpu.max")
        assert threads.cores() == expected
    assert 0.0 <= threads.busy() <= threads.cores()


def test_computing_sets_the_number_and_gives_it_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt), threads.computing(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyboardInterrupt
    assert torch.get_num_threads() == before
    with threads.computing(None):
        assert torch.get_num_threads() == before


@pytest.mark.parametrize("said", ["", "active", "spins"])
def test_threads_are_told_to_sleep_unless_the_environment_says_how_they_wait(
    unasked: pytest.MonkeyPatch, said: str
) -> None:
    unasked.setattr(sys, "modules", {})
    if said:
        unasked.setenv("OMP_WAIT_POLICY" if said == "active" else "GOMP_SPINCOUNT", said)
    early.sleep_while_waiting()
    assert early.sleeps() is not bool(said)
    unasked.delenv("OMP_WAIT_POLICY", raising=False)


def test_nothing_is_said_once_torch_is_loaded(unasked: pytest.MonkeyPatch) -> None:
    assert "torch" in sys.modules
    early.sleep_while_waiting()
    assert "OMP_WAIT_POLICY" not in os.environ


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how long threads spin is known for libgomp")
def test_waiting_threads_leave_the_cores_to_others(unasked: pytest.MonkeyPatch) -> None:
    """Two threads that have work for a moment every 5 ms: the rest of the time they take nothing."""
    script = (
        "import rao_lab, torch, time\nx = torch.ones(1 << 20)\nx += 1\nbegan = time.process_time()\n"
        "for _ in range(100):\n    x += 1\n    time.sleep(0.005)\nprint(time.process_time() - began)"
    )
    took = {}
    for said in ("", "active"):
        environment = {**os.environ, "OMP_NUM_THREADS": "2", **({"OMP_WAIT_POLICY": said} if said else {})}
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        )
        took[said] = float(done.stdout)
    assert took[""] * 2 < took["active"], took


def test_the_background_import_is_waited_for_and_leaves_no_thread() -> None:
    assert not early.in_notebook()
    before = threading.active_count()
    early.load_in_background()
    early.load_in_background()
    assert threading.active_count() <= before + 1
    early.wait_until_loaded()
    early.wait_until_loaded(early.THEN)
    assert {*early.FIRST, *early.THEN} <= sys.modules.keys()


@pytest.mark.slow
def test_a_kernel_imports_torch_in_the_background(repo: Path) -> None:
    script = """
import sys, threading, types
shell = types.SimpleNamespace(kernel=None)
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: shell)
import rao_lab as rl
names = [thread.name for thread in threading.enumerate()]
policy = rl.load_policy("tiny")
print(names[1:], sum(weight.numel() for weight in policy.model.parameters()), threading.active_count())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True, cwd=repo
    )
    assert done.stdout.startswith("['rao-lab imports torch'] 6") and "Error" not in done.stderr
