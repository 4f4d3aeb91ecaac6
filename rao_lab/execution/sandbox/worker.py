"""How worker processes are started: with process limits, an empty environment, a silent stderr, and deaf to stops.

The pool starts a small shell script. It lowers the limits of its own process, leaves this process's group for a
session of its own, and becomes the interpreter. So an interrupt, an end or a hang-up that is meant for this process
and its group never reaches a worker: it ends when its pool closes it, or when this process is gone and its pipe
closes. On Linux the script lies in memory, so that no file is left behind. If there is no shell, the interpreter is
started directly; its own limits on memory, time and recursion hold all the same.
"""

from __future__ import annotations

import math
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic_monty._binary import find_monty_binary

from rao_lab.errors import UnavailableError

if sys.platform == "linux":
    import resource

OPEN_FILES = 64
"""A worker needs its three pipes and little else."""


DEAF_TO = "HUP INT QUIT TERM"
"""Signals that end a whole group or session."""
MOST_COMPUTE_SECONDS = 3600
"""Of a worker's whole life, on systems on which `bound_compute` cannot bound each snippet."""
LEAVE_GROUP = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])"


class Launcher:
    """The programs that a pool can start its workers with."""

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._fd: int | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def programs(self) -> Iterator[str]:
        """Paths to try, the strictest first. The path of the script is valid until `close`.

        Raises:
            UnavailableError: pydantic-monty is installed without its interpreter.
        """
        interpreter = _interpreter()
        if os.name == "posix":
            self.close()
            yield self._kept(_script(interpreter, self._memory_mb).encode())
        yield interpreter

    def _kept(self, script: bytes) -> str:
        if sys.platform == "linux":
            self._fd = os.memfd_create("rao-lab-worker")
            os.write(self._fd, script)
            return f"/proc/{os.getpid()}/fd/{self._fd}"
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="rao-lab-", ignore_cleanup_errors=True)
            path = Path(self._folder.name) / "worker"
            path.write_bytes(script)
            path.chmod(0o700)
            return str(path)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


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
    if sys.platform != "linux":
        limits["-t"] = MOST_COMPUTE_SECONDS
    lines = [f"trap '' {DEAF_TO}", *(f"ulimit {flag} {value} 2>/dev/null" for flag, value in limits.items())]
    program = shlex.join([*_leaving_group(), interpreter])
    return "\n".join(["#!/bin/sh", *lines, f'exec env -i {program} "$@" 2>/dev/null', ""])


def _leaving_group() -> list[str]:
    """The command that starts another in a session of its own; empty if there is none."""
    if found := shutil.which("setsid"):
        return [found]
    return [sys.executable, "-I", "-S", "-B", "-c", LEAVE_GROUP] if sys.executable else []
