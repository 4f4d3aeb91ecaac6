"""What a world is asked, step by step, and the same steps again in a fresh world: in the same order, or in another."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError
from rao_lab.execution.node_code import Hurried, Together
from rao_lab.protocols import Environment, Function, Launch, Refusal, Score, World
from rao_lab.tree import Call, Task
from rao_lab.tree.values import dumps, encode

_OPTIONAL = (
    *("styles", "play", "flat_plan", "flat_program", "short_goal", "short_result", "judge", "reward_range"),
    *("reproducible", "difficulties", "labels"),
)
"""What an environment may have beside its tasks."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a world was asked."""

    method: str
    """admit, enter, call or leave."""
    path: str
    """The node; of `admit` the parent."""
    name: str = ""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None
    refusal: str | None = None
    launched: int | None = None
    """Of `enter`: the number of the step that admitted it; None = it is the root."""

    def __str__(self) -> str:
        if self.method == "enter":
            return f"enter({self.path!r}, ...)"
        if self.method == "leave":
            return f"leave({self.path!r}, {quoted(self.args[0])})"
        shown = [*map(quoted, self.args), *(f"{name}={quoted(each)}" for name, each in self.kwargs.items())]
        return f"{self.name}({', '.join(shown)}) at node {self.path}"


def same(left: Any, right: Any) -> bool:
    """Whether two results are the same, NaN and sets among them."""
    return _written(left) == _written(right)


def _written(value: Any) -> str:
    if isinstance(value, Launch):
        return _written([value.goal, dict(value.args), value.turns])
    if isinstance(value, Score):
        return repr(value)
    try:
        return dumps(encode(value))
    except InputError:
        return repr(value)


def _kept(result: Any) -> Any:
    """A result as it is now; a launch stays the same object."""
    return result if isinstance(result, Launch) else copy.deepcopy(result)


class RecordedWorld:
    """A world that writes down what it is asked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.steps: list[Step] = []
        self._launches: list[tuple[int, Launch]] = []

    def functions(self) -> Sequence[Function]:
        return self._world.functions()

    def control_functions(self) -> Sequence[Function]:
        return self._world.control_functions()

    def root(self) -> Launch:
        return self._world.root()

    def hurry(self, left: Callable[[], float]) -> None:
        if isinstance(self._world, Hurried):
            self._world.hurry(left)

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        step = Step("admit", parent, "launch_subagent", tuple(args), dict(kwargs))
        launch: Launch = self._noted(step, lambda: self._world.admit(parent, args, kwargs))
        self._launches.append((len(self.steps) - 1, launch))
        return launch

    def enter(self, path: str, launch: Launch) -> None:
        number = next((number for number, known in self._launches if known is launch), None)
        self._noted(Step("enter", path, launched=number), lambda: self._world.enter(path, launch))

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        step = Step("call", path, name, tuple(args), dict(kwargs))
        return self._noted(step, lambda: self._world.call(path, name, args, kwargs))

    def leave(self, path: str, value: Any) -> Score | None:
        found: Score | None = self._noted(
            Step("leave", path, args=(value,)), lambda: self._world.leave(path, value)
        )
        return found

    def _noted(self, step: Step, act: Callable[[], Any]) -> Any:
        step = replace(step, args=copy.deepcopy(step.args), kwargs=copy.deepcopy(step.kwargs))
        try:
            result = act()
        except Refusal as refusal:
            self.steps.append(replace(step, refusal=refusal.message))
            raise
        self.steps.append(replace(step, result=_kept(result)))
        return result


class _TogetherWorld(RecordedWorld):
    """Of a world whose async functions run at the same time."""

    def call_together(self, path: str, calls: Sequence[Call]) -> Sequence[Any]:
        assert isinstance(self._world, Together)
        found = self._world.call_together(path, calls)
        for call, result in zip(calls, found):
            refusal = result.message if isinstance(result, Refusal) else None
            kept = None if refusal else copy.deepcopy(result)
            self.steps.append(Step("call", path, call.name, call.args, dict(call.kwargs), kept, refusal))
        return found


class RecordedEnvironment:
    """The same environment, whose worlds write down what they are asked."""

    def __init__(self, environment: Environment) -> None:
        self.name = environment.name
        self.worlds: list[RecordedWorld] = []
        self._environment = environment
        for name in _OPTIONAL:
            if hasattr(environment, name):
                setattr(self, name, getattr(environment, name))

    def tasks(self, split: str) -> Sequence[Task]:
        return self._environment.tasks(split)

    def open(self, task: Task) -> RecordedWorld:
        world = self._environment.open(task)
        kind = _TogetherWorld if isinstance(world, Together) else RecordedWorld
        self.worlds.append(kind(world))
        return self.worlds[-1]


class Replay:
    """Recorded steps in a fresh world, one at a time.

    A launch that was admitted is entered as the fresh world admitted it. If that world refuses what the recorded one
    admitted, the child is not entered, and nothing of it is done.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._launches: dict[int, Launch] = {}
        self._entered: set[str] = set()

    def do(self, number: int, step: Step) -> Step | None:
        """The same step with what comes of it now; None if its node was never entered.

        Args:
            number: of the step in the recording.

        Raises:
            whatever the world raises, but for a refusal.
        """
        if not self._possible(step):
            return None
        try:
            result = self._act(number, step)
        except Refusal as refusal:
            return replace(step, result=None, refusal=refusal.message)
        return replace(step, result=_kept(result), refusal=None)

    def _possible(self, step: Step) -> bool:
        if step.method == "enter":
            return step.launched is None or step.launched in self._launches
        return step.path in self._entered

    def _act(self, number: int, step: Step) -> Any:
        args, kwargs = copy.deepcopy(step.args), copy.deepcopy(dict(step.kwargs))
        if step.method == "enter":
            launch = self.world.root() if step.launched is None else self._launches[step.launched]
            self._entered.add(step.path)
            return self.world.enter(step.path, launch)
        if step.method == "admit":
            self._launches[number] = self.world.admit(step.path, args, kwargs)
            return self._launches[number]
        if step.method == "leave":
            return self.world.leave(step.path, *args)
        return self.world.call(step.path, step.name, args, kwargs)
