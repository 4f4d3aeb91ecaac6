"""Who trains together: one process alone, or the processes of one machine that torchrun started.

Groups are dealt out whole, by rank. Trees are exchanged as JSON (never pickled), so that every process
attributes the whole step: N_d, Z and shares are those of one process on the union, and rank 0 can write
the records of all. Gradients are summed. If a process is gone, the others end at their next exchange; if it
only stands still, they end after the timeout.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor

from rao_lab.errors import ConfigError, UnavailableError
from rao_lab.training.helped import Helper
from rao_lab.tree import Tree
from rao_lab.tree.codec import tree_from_json, tree_to_json

AT_ONCE = 1 << 26
"""Numbers of one exchange: they lie in memory a second time while it lasts."""


class Peers(Protocol):
    """The processes that train together; every method is called by all of them at the same points."""

    rank: int
    size: int
    helper: Helper | None
    """Computes gradients beside this process."""

    def gather(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        """The trees of every process, by rank, on every process."""
        ...

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over all processes, in place, to the same bits everywhere."""
        ...


class Alone:
    """One process, perhaps with a `Helper` beside it."""

    rank = 0
    size = 1

    def __init__(self, helper: Helper | None = None) -> None:
        self.helper = helper

    def gather(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        return [list(trees)]

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Nothing to add."""


class Processes:
    """All processes of the default process group."""

    helper: Helper | None = None

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()

    def gather(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        """The trees of every process, by rank, on every process; its own as they are."""
        text = json.dumps([tree_to_json(tree) for tree in trees], separators=(",", ":"))
        own = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        with _met():
            dist.all_gather(sizes, torch.tensor([len(own)]))
        longest = max(int(size) for size in sizes)
        padded = torch.zeros(longest, dtype=torch.uint8)
        padded[: len(own)] = own
        parts = [torch.zeros_like(padded) for _ in range(self.size)]
        with _met():
            dist.all_gather(parts, padded)
        return [
            list(trees) if rank == self.rank else _read(part[: int(size)])
            for rank, (part, size) in enumerate(zip(parts, sizes, strict=True))
        ]

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Sums each tensor over the processes, in place: many in one exchange, by type and device."""
        for alike in _bundles(tensors):
            flat = torch.cat([tensor.reshape(-1) for tensor in alike])
            with _met():
                dist.all_reduce(flat)
            parts = torch.split(flat, [tensor.numel() for tensor in alike])
            for tensor, part in zip(alike, parts, strict=True):
                tensor.copy_(part.view_as(tensor))


@contextmanager
def _met() -> Iterator[None]:
    """If an exchange fails because another process is gone or late, the error is one line."""
    try:
        yield
    except RuntimeError as problem:  # what every backend raises
        raise UnavailableError(
            "another process of this run is gone, or did not come to an exchange in time "
            f"({str(problem).partition(chr(10))[0]:.160}): stop the rest, then resume the run"
        ) from problem


def totals(peers: Peers, numbers: Mapping[str, float]) -> dict[str, float]:
    """The sums of these numbers over all processes, which have the same names."""
    if peers.size == 1 or not numbers:
        return dict(numbers)
    sums = torch.tensor([*numbers.values()], dtype=torch.float64)
    peers.add([sums])
    return dict(zip(numbers, sums.tolist(), strict=True))


def _bundles(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Tensors of one type and device, `AT_ONCE` numbers or one tensor at a time."""
    kinds: dict[tuple[torch.dtype, torch.device], list[Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    for alike in kinds.values():
        bundle: list[Tensor] = []
        count = 0
        for tensor in alike:
            if bundle and count + tensor.numel() > AT_ONCE:
                yield bundle
                bundle, count = [], 0
            bundle.append(tensor)
            count += tensor.numel()
        yield bundle


def _read(part: Tensor) -> list[Tree]:
    return [tree_from_json(data) for data in json.loads(part.numpy().tobytes())]


@contextmanager
def joined() -> Iterator[Processes | None]:
    """`processes` if torchrun started this process beside others; otherwise None."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield None
        return
    with processes() as peers:
        yield peers


@contextmanager
def processes(timeout_minutes: float = 60.0) -> Iterator[Processes]:
    """Joins the processes that torchrun started, and leaves them at the end.

    Args:
        timeout_minutes: how long one may wait for the slowest in one exchange.

    Raises:
        ConfigError: torchrun did not start this process.
        UnavailableError: later, from an exchange: another process is gone.
    """
    if "RANK" not in os.environ:
        raise ConfigError("several processes are started by torchrun: torchrun --nproc-per-node 2 ...")
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    if torch.cuda.is_available():
        place, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if place >= count:
            raise ConfigError(f"more processes than GPUs: torchrun --nproc-per-node {count} at most")
        torch.cuda.set_device(place)
    dist.init_process_group(backend, timeout=timedelta(minutes=timeout_minutes))
    try:
        yield Processes()
    finally:
        dist.destroy_process_group()
