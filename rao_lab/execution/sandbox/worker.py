"""How worker processes are started: with process limits, an empty environment and a silent stderr.

On Linux the pool starts a small shell script that lies in memory, so that no file is left behind. It lowers the
limits of its own process and becomes the interpreter. On other systems the interpreter is started directly; its
own limits on memory, time and recursion hold all the same.
"""

from __future__ import annotations

import math
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic_monty._binary import find_monty_binary

from rao_lab.errors import UnavailableError

if sys.platform == "linux":
    import resource

OPEN_FILES = 64
"""A worker needs its three pipes and little else."""


class Launcher:
    """The programs that a pool can start its workers with."""

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._fd: int | None = None

    def programs(self) -> Iterator[str]:
        """Paths to try, the strictest first. The path of the script is valid until `close`.

        Raises:
            UnavailableError: pydantic-monty is installed without its interpreter.
        """
        interpreter = _interpreter()
        if sys.platform == "linux":
            self.close()
            self._fd = os.memfd_create("rao-lab-worker")
            os.write(self._fd, _script(interpreter, self._memory_mb).encode())
            yield f"/proc/{os.getpid()}/fd/{self._fd}"
        yield interpreter

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def bound_compute(worker: int | None, seconds: float) -> None:
    """Lets the system end a worker after so many more seconds of compute. On Linux only.

    The interpreter's clock and the pool's deadline act long before that. But some built-ins never look at the
    clock, and a pool that was killed cannot end anything.
    """
    if sys.platform != "linux" or worker is None:
        return
    try:
        fields = Path(f"/proc/{worker}/stat").read_bytes().rpartition(b")")[2].split()
        ticks = sum(map(int, fields[11:13]))  # in its own code and in the system's
        most = resource.prlimit(worker, resource.RLIMIT_CPU)[1]
        soft = math.ceil(ticks / os.sysconf("SC_CLK_TCK") + seconds)
        resource.prlimit(worker, resource.RLIMIT_CPU, (soft if most < 0 else min(soft, most), most))
    except (OSError, ValueError):  # the worker has ended, or the system does not allow it
        return


def _interpreter() -> str:
    try:
        return find_monty_binary()
    except FileNotFoundError as error:
        raise UnavailableError("the sandbox needs the `monty` program: pip install pydantic-monty") from error


def _script(interpreter: str, memory_mb: int) -> str:
    """The script. A limit that the system refuses stays as it was. The limit on address space leaves room for
    restored sessions and threads."""
    limits = {"-f": 0, "-c": 0, "-n": OPEN_FILES, "-v": (memory_mb * 8 + 1024) * 1024}
    lines = [f"ulimit {flag} {value} 2>/dev/null" for flag, value in limits.items()]
    return "\n".join(["#!/bin/sh", *lines, f'exec env -i {shlex.quote(interpreter)} "$@" 2>/dev/null', ""])
