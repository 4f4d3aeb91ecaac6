"""Where a model runs: which device, how numbers get there, its memory, and one line where that is full.

Nothing here runs a model. Device code is one path elsewhere; what a device is called and what its libraries
raise when it is full is known here alone.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, UnavailableError

_FULL = ("not enough memory", "can't allocate memory", "ALLOC_FAILED", "out of memory")
"""What torch says in a bare RuntimeError: of main memory, and of the workspace of a GPU's libraries."""


def choose(wanted: Any = None) -> torch.device:
    """The device that `wanted` names; None = the GPU where there is one, else the CPU.

    Raises:
        ConfigError: it names none, or one that this machine has not.
    """
    if wanted is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(wanted)
        torch.empty(1, device=found).cpu()
    except Exception:  # noqa: BLE001 - torch raises many kinds over what is no device of its own
        has = "cpu, cuda" if torch.cuda.is_available() else "cpu alone (`rao-lab doctor` says more)"
        raise ConfigError(f"device={quoted(wanted)} is none of this machine: it has {has}") from None
    return found


def name(device: torch.device) -> str:
    """What it is called, a GPU with its model."""
    kind = device.type
    return f"{kind} ({torch.cuda.get_device_name(device)})" if kind == "cuda" else kind


def usual_dtype(device: torch.device) -> torch.dtype:
    """The number format of weights there, where nothing else is said."""
    return torch.float32 if device.type == "cpu" else torch.bfloat16


def memory(device: torch.device) -> int:
    """Bytes of the device in all; of main memory where it has none of its own; 0 = unknown."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return main_memory()


def main_memory() -> int:
    """Bytes of main memory, or of the control group where that is less; 0 = unknown."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file():
        said = limit.read_text(encoding="ascii", errors="replace").strip()
        if said.isdigit():
            total = min(total, int(said))
    return total


def sent(values: NDArray[Any], device: torch.device) -> torch.Tensor:
    """The numbers on the device, without waiting for what it still computes."""
    found = torch.from_numpy(values)
    # From memory that may be swapped out, a GPU copies only after what was asked of it before.
    return (found.pin_memory() if device.type == "cuda" else found).to(device, non_blocking=True)


@contextmanager
def full_memory_says(doing: str, advice: str) -> Iterator[None]:
    """Turns memory that runs out into one line; what was computed so far is let go.

    Raises:
        UnavailableError: "memory is full while `doing`: `advice`".
    """
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        known = isinstance(problem, (MemoryError, torch.OutOfMemoryError))
        if not known and (type(problem) is not RuntimeError or not any(w in str(problem) for w in _FULL)):
            raise
        # The frames below hold the tensors that filled it, and a notebook keeps its last error.
        traceback.clear_frames(problem.__traceback__)
        raise UnavailableError(f"memory is full while {doing}: {advice}") from None
