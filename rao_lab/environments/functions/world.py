"""The world of one tree: its tools, and how agents hand parts of a goal on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rao_lab.environments.arguments import bind, show
from rao_lab.environments.functions.calling import Calls, OutOfTime
from rao_lab.environments.functions.tools import Tool
from rao_lab.environments.functions.verify import Verifier
from rao_lab.protocols import OUT_OF_TIME, Function, Launch, Refusal, Score
from rao_lab.tree import ROOT, Call, Task

MAX_CHARS = 4000
"""Longest goal, and longest context, that a launch may pass on."""

LAUNCH = Function(
    "launch_subagent",
    "launch_subagent(goal: str, context: Any = '') -> Any",
    "A helper works on goal. It knows only goal and context, and has the same functions. Returns what it "
    'passed to finish, or {"failed": reason}. Must be awaited; several at once: await '
    "asyncio.gather(launch_subagent(...), launch_subagent(...)).",
    is_async=True,
)


def finish_of(verifier: Verifier | None) -> Function:
    """`finish`, with the type of value that is verified."""
    asked = f": {verifier.asked}" if verifier is not None and verifier.asked else ""
    return Function(
        "finish", f"finish(value{asked})", "Ends your work and returns value to whoever gave you the task."
    )


class FunctionWorld:
    """A `World` of tools; used for one tree."""

    def __init__(
        self,
        task: Task,
        tools: Mapping[str, Tool],
        calls: Calls,
        verifier: Verifier | None,
        verifying: Calls | None = None,
    ) -> None:
        """`verifying` bounds the verifier in trees that run; None = it bounds itself."""
        self._task = task
        self._tools = tools
        self._calls = calls
        self._verifier = verifier
        self._verifying = verifying
        self._runs = False
        self._controls = (finish_of(verifier), LAUNCH)
        self._left: Callable[[], float] = lambda: math.inf
        self._asked: dict[str, tuple[str, str]] = {}
        """Path -> goal and context of each node so far."""
        self._given_up: set[str] = set()
        """Tools that did not return in time."""

    def hurry(self, left: Callable[[], float]) -> None:
        """The tree has so many seconds left: no call may take more."""
        self._left, self._runs = left, True

    def _seconds(self) -> float:
        return max(0.0, min(self._calls.seconds, self._left()))

    def functions(self) -> Sequence[Function]:
        return tuple(tool.described for tool in self._tools.values())

    def control_functions(self) -> Sequence[Function]:
        return self._controls

    def root(self) -> Launch:
        return Launch(self._task.goal)

    def enter(self, path: str, launch: Launch) -> None:
        self._asked[path] = (launch.args.get("goal", launch.goal), launch.args.get("context", ""))

    def leave(self, path: str, value: Any) -> Score | None:
        if path != ROOT or self._verifier is None or self._verifier.of_tree:
            return None
        return self._verifier.of_value(value, self._task, self._verifying if self._runs else None)

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        try:
            given = bind("launch_subagent", ("goal", "context"), 1, args, kwargs)
        except Refusal as refusal:
            raise Refusal("bad_launch", refusal.message) from None
        goal, context = given["goal"], given.get("context", "")
        if not isinstance(goal, str) or not goal.strip():
            raise Refusal("bad_launch", f"goal must say in words what to do; got {show(goal)}")
        context = context if isinstance(context, str) else repr(context)
        for name, text in (("goal", goal), ("context", context)):
            if len(text) > MAX_CHARS:
                raise Refusal(
                    "bad_launch",
                    f"{name} has {len(text)} characters as text; at most {MAX_CHARS} are passed on",
                )
        self._guard(parent, goal, context)
        if not context:
            return Launch(goal, {"goal": goal})
        return Launch(f"{goal}\nFrom whoever asks you: {context}", {"goal": goal, "context": context})

    def _guard(self, parent: str, goal: str, context: str) -> None:
        """Refuses a launch for what the node itself, or one above it, was asked."""
        above = parent
        while above:
            own, known = self._asked[above]
            if goal.split() == own.split() and context.split() == known.split():
                whose = "your own" if above == parent else "that of an agent above you"
                raise Refusal("own_goal", f"this goal is {whose}: do it, and hand on only parts of it")
            above = above.rpartition(".")[0]

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        tool = self._tool(name)
        return self._noted(name, lambda: tool(self._calls, self._task, args, kwargs, self._seconds()))

    def call_together(self, path: str, calls: Sequence[Call]) -> Sequence[Any]:
        """Answers calls of async tools that a node awaits together: they run at the same time."""
        waits = [self._start(call) for call in calls]  # all of them, before the first is waited for
        return [wait if isinstance(wait, Refusal) else _or_refusal(wait) for wait in waits]

    def _start(self, call: Call) -> Callable[[], Any] | Refusal:
        try:
            tool, seconds = self._tool(call.name), self._seconds()
            wait = self._calls.start(tool.call, tool.arguments(self._task, call.args, call.kwargs), seconds)
        except Refusal as refusal:
            return refusal
        except OutOfTime:
            return _not_again(call.name)
        return lambda: self._noted(call.name, lambda: tool.answered(seconds, wait))

    def _tool(self, name: str) -> Tool:
        if name not in self._tools:
            known = ", ".join(self._tools) or "none"
            raise Refusal("bad_call", f"no function {show(name)} here; there are {known}")
        if name in self._given_up:
            raise _not_again(name)
        return self._tools[name]

    def _noted(self, name: str, give: Callable[[], Any]) -> Any:
        try:
            return give()
        except Refusal as refusal:
            if refusal.kind == OUT_OF_TIME:
                self._given_up.add(name)
            raise


def _not_again(name: str) -> Refusal:
    return Refusal(OUT_OF_TIME, f"{name} did not return before: it is not called again, go on without it")


def _or_refusal(wait: Callable[[], Any]) -> Any:
    try:
        return wait()
    except Refusal as refusal:
        return refusal
