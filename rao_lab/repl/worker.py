"""How worker processes are started: with process limits, an empty environment and a silent stderr.

On Linux the pool is given a small shell script that lives in memory (no file to leave behind): it
lowers the limits of its own process and becomes the interpreter. Elsewhere the interpreter is started
plainly; its own limits on memory, time and recursion hold all the same.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path

from pydantic_monty._binary import find_monty_binary

from rao_lab.errors import UnavailableError

OPEN_FILES = 64
"""A worker needs its three pipes and little else."""


def find_interpreter() -> str:
    """Path of the interpreter's program.

    Raises:
        UnavailableError: pydantic-monty came without it.
    """
    try:
        return find_monty_binary()
    except FileNotFoundError as error:
        raise UnavailableError("the sandbox needs the `monty` program: pip install pydantic-monty") from error


class Launcher(contextlib.AbstractContextManager["Launcher"]):
    """The program that a pool starts for each worker; `path` is valid while it is open."""

    def __init__(self, memory_mb: int) -> None:
        interpreter = find_interpreter()
        self._fd: int | None = None
        self.path = interpreter
        if sys.platform == "linux" and Path("/bin/sh").exists():
            self._fd = os.memfd_create("rao-lab-worker")
            os.write(self._fd, _script(interpreter, memory_mb).encode())
            self.path = f"/proc/{os.getpid()}/fd/{self._fd}"

    def __exit__(self, *_: object) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _script(interpreter: str, memory_mb: int) -> str:
    """Limits that a system refuses are left as they were; address space is the heap and room for threads."""
    limits = {"-f": 0, "-c": 0, "-n": OPEN_FILES, "-v": (memory_mb * 4 + 1024) * 1024}
    lines = [f"ulimit {flag} {value} 2>/dev/null" for flag, value in limits.items()]
    return "\n".join(["#!/bin/sh", *lines, f'exec env -i {shlex.quote(interpreter)} "$@" 2>/dev/null', ""])
