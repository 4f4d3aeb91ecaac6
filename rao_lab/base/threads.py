"""How many threads torch computes with. The number belongs to a model, since the last bits of its sums depend on it.

A small model has one: two would wait for each other most of the time. So it computes the same on every number of
cores. A larger one on a CPU gets the cores that are free when it is loaded.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

SMALL_BYTES = 1 << 24
"""Weights of up to so many bytes are a small model: the embedded policy has 2.5 million."""
ASKED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""If the environment has one of these, torch's own number stays as it is."""
MOMENT = 0.1
"""Seconds over which it is measured what other processes do."""
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def asked() -> str | None:
    """The variable of the environment that says how many threads; None if none does."""
    return next((name for name in ASKED if os.environ.get(name, "").strip()), None)


def chosen(weights: int, device: torch.device) -> int | None:
    """How many threads a model whose weights take so many bytes computes with; None = as torch is set."""
    if asked() or device.type != "cpu":
        return None
    if weights <= SMALL_BYTES:
        return 1
    mine = cores()
    most = min(torch.get_num_threads(), mine)  # torch counts two hyperthreads as one core
    return max(1, min(most, round(mine - busy()))) if most > 1 else 1


def cores() -> int:
    """Cores that this process may use: those it may run on, or its control group's share if that is less."""
    may = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if _QUOTA.is_file():
        quota, _, period = _QUOTA.read_text(encoding="ascii", errors="replace").strip().partition(" ")
        if quota.isdigit() and period.isdigit() and int(period):
            may = min(may, max(1, int(quota) // int(period)))
    return may


def busy() -> float:
    """How many of the cores that this process may run on others keep busy, over a moment; 0 if unknown."""
    before = _worked()
    if before is None:
        return 0.0
    began = time.monotonic()
    time.sleep(MOMENT)
    after = _worked()
    if after is None:
        return 0.0
    return min(float(cores()), max(0.0, (after - before) / (time.monotonic() - began)))


def _worked() -> float | None:
    """Seconds that these cores have worked so far, for others than this process; None if this system does not say."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    names = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    # user, nice, system, idle, waiting for disks, interrupts (2), taken by the host
    ticks = [[int(part) for part in line.split()[1:9]] for line in lines if line.split()[0] in names]
    own = time.process_time()
    return sum(sum(row) - sum(row[3:5]) for row in ticks) / os.sysconf("SC_CLK_TCK") - own


@contextmanager
def computing(threads: int | None) -> Iterator[None]:
    """Inside, torch computes with so many threads in this thread; None = as it is set."""
    before = torch.get_num_threads()
    if threads is None or threads == before:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
