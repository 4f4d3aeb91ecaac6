"""The device that a model runs on: its name, its memory, how numbers get there, and one line if memory is full.

Nothing here runs a model. Only this module knows what a device is called and what its libraries raise when it
is full; the rest of the code is the same for every device.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any

import psutil
import torch
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel

from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, UnavailableError

_FULL = ("not enough memory", "can't allocate memory", "ALLOC_FAILED", "out of memory")
"""What torch says in a bare RuntimeError: of main memory, and of the workspace of a GPU's libraries."""


def choose(wanted: Any = None) -> torch.device:
    """The device that `wanted` names; None = the GPU if there is one, otherwise the CPU.

    Raises:
        ConfigError: it names no device, or this machine does not have it.
    """
    if wanted is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(wanted)
        torch.empty(1, device=found).cpu()
    except Exception:  # noqa: BLE001 - torch raises errors of many kinds if it has no such device
        has = "cpu, cuda" if torch.cuda.is_available() else "only cpu (`rao-lab doctor` says more)"
        raise ConfigError(f"device={quoted(wanted)} is not on this machine: it has {has}") from None
    return found


def name(device: torch.device) -> str:
    """What the device is called; for a GPU also its model."""
    kind = device.type
    return f"{kind} ({torch.cuda.get_device_name(device)})" if kind == "cuda" else kind


SMALL_BYTES = 1 << 27
"""Weights of less than this many bytes stay in float32 on a GPU too: half precision would make nothing faster
there, and sampled log-probs would be known to 0.004 nats instead of 0.0000002."""


def usual_dtype(device: torch.device, weights: float = inf) -> torch.dtype:
    """The number format on this device of a model whose weights take so many bytes on disk."""
    return torch.float32 if device.type == "cpu" or weights < SMALL_BYTES else torch.bfloat16


@contextmanager
def attention_of_any_shape(device: torch.device) -> Iterator[None]:
    """Inside, attention does not go through cuDNN, which makes a plan of 20 ms for every new shape.

    The shapes of trees are new at almost every token. On an H200 a step of the embedded policy takes 3 s
    instead of 22. The switch is the process's: other threads see it while the block runs.
    """
    if device.type != "cuda":
        yield
        return
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
        yield


def memory(device: torch.device) -> int:
    """Bytes of the device's memory in all, or of main memory if it has none of its own."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return main_memory()


def main_memory() -> int:
    """Bytes of main memory, or the limit of the control group if that is less."""
    total = int(psutil.virtual_memory().total)
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file():
        said = limit.read_text(encoding="ascii", errors="replace").strip()
        if said.isdigit():
            total = min(total, int(said))
    return total


def sent(values: NDArray[Any], device: torch.device) -> torch.Tensor:
    """An array of any shape as a tensor on the device, without waiting for the device's current work."""
    found = torch.from_numpy(values)
    # A GPU copies from pageable memory only after all earlier work, but from pinned memory at once.
    return (found.pin_memory() if device.type == "cuda" else found).to(device, non_blocking=True)


@contextmanager
def full_memory_says(doing: str, advice: str) -> Iterator[None]:
    """If memory runs out inside the block, raises an error of one line and frees what was computed so far.

    Raises:
        UnavailableError: "memory is full while `doing`: `advice`".
    """
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        known = isinstance(problem, (MemoryError, torch.OutOfMemoryError))
        if not known and (type(problem) is not RuntimeError or not any(w in str(problem) for w in _FULL)):
            raise
        # The frames of the traceback hold the tensors, and a notebook keeps its last error.
        traceback.clear_frames(problem.__traceback__)
        raise UnavailableError(f"memory is full while {doing}: {advice}") from None
