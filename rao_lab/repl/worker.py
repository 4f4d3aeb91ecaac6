"""How worker processes are started: with process limits, an empty environment and a silent stderr.

On Linux the pool is given a small shell script that lies in memory (no file to leave behind): it
lowers the limits of its own process and becomes the interpreter. Elsewhere the interpreter is started
plainly; its own limits on memory, time and recursion hold all the same.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator

from pydantic_monty._binary import find_monty_binary

from rao_lab.errors import UnavailableError

OPEN_FILES = 64
"""A worker needs its three pipes and little else."""


class Launcher:
    """The programs that a pool can start its workers with."""

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._fd: int | None = None

    def programs(self) -> Iterator[str]:
        """Paths to try, the strictest first; a script's is valid until `close`.

        Raises:
            UnavailableError: pydantic-monty came without its interpreter.
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


def _interpreter() -> str:
    try:
        return find_monty_binary()
    except FileNotFoundError as error:
        raise UnavailableError("the sandbox needs the `monty` program: pip install pydantic-monty") from error


def _script(interpreter: str, memory_mb: int) -> str:
    """Limits that a system refuses stay as they were. Address space: restored sessions and threads."""
    limits = {"-f": 0, "-c": 0, "-n": OPEN_FILES, "-v": (memory_mb * 8 + 1024) * 1024}
    lines = [f"ulimit {flag} {value} 2>/dev/null" for flag, value in limits.items()]
    return "\n".join(["#!/bin/sh", *lines, f'exec env -i {shlex.quote(interpreter)} "$@" 2>/dev/null', ""])
