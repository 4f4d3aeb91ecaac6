"""A node that runs its snippets in a sandbox, and the processes that a sandbox starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rao_lab.execution.sandbox import Awaiting, Ended, OnCall, Sandbox, check_plain

FUNCTIONS = {"get": False, "finish": False, "launch": True}


def echo(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Answers a call with its first argument."""
    return args[0] if args else None


def plain_only(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Answers None; nothing but plain values may reach the host."""
    assert name == "get"
    check_plain((args, dict(kwargs)), name)


def giving(value: Any) -> OnCall:
    """Answers each call with one value."""
    return lambda name, args, kwargs: value


def raising(error: Exception) -> OnCall:
    """Answers each call with an error."""

    def refuse(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        raise error

    return refuse


class Node:
    """Runs one snippet after another as a node does, and answers launches from a table."""

    def __init__(
        self,
        sandbox: Sandbox,
        answers: Mapping[Any, Any] | None = None,
        on_call: OnCall = echo,
        functions: Mapping[str, bool] = FUNCTIONS,
    ) -> None:
        self.functions = functions
        self.sandbox = sandbox
        self.answers = answers or {}
        self.on_call = on_call
        self.state: bytes | None = None
        self.steps: list[Awaiting] = []
        self.clock = 0.0

    def start(self, code: str) -> Awaiting | Ended:
        return self.sandbox.run(self.state, code, self.functions, self.on_call, seed=7, clock=self.clock)

    def go_on(self, step: Awaiting, answers: Mapping[int, Any]) -> Awaiting | Ended:
        return self.sandbox.resume(step.paused, answers, self.functions, self.on_call, clock=self.clock)

    def run(self, code: str) -> Ended:
        """To its end; each await is answered at once, one call at a time, the last made first."""
        self.steps.clear()
        launched: dict[int, Any] = {}
        step = self.start(code)
        while isinstance(step, Awaiting):
            self.steps.append(step)
            launched |= {call.call_id: call.args[0] for call in step.launched}
            last = step.pending[-1]
            step = self.go_on(step, {last: self.answers.get(launched[last], launched[last])})
        self.state = step.state
        return step


def awaiting(step: Awaiting | Ended) -> Awaiting:
    assert isinstance(step, Awaiting)
    return step


def ended(step: Awaiting | Ended) -> Ended:
    assert isinstance(step, Ended)
    return step


def children(parent: int = os.getpid()) -> set[int]:
    """Processes started by one, those that only wait to be reaped left out."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, starter = entry.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # gone meanwhile
            continue
        if int(starter) == parent and state != "Z":
            found.add(int(entry.parent.name))
    return found


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
