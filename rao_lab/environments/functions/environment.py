"""An environment of goals, tools and a verifier that are plain Python.

    def word_count(text: str) -> int:
        "How many words a text has."
        return len(text.split())

    env = rl.environment(["How many words has 'to be or not to be'?"], [word_count], verify=lambda value: value == 6)

Tools are the user's own code: they run outside the sandbox, in this process and with its rights. Only what a model
writes runs in the sandbox, and it reaches nothing but these tools.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import facts_html
from rao_lab.base.checks import flag, number
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.environments.drawn import SPLITS
from rao_lab.environments.functions.calling import Calls
from rao_lab.environments.functions.tools import tools_of
from rao_lab.environments.functions.verify import verifier_of
from rao_lab.environments.functions.world import FunctionWorld
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.protocols import Score
from rao_lab.tree import Task, Tree
from rao_lab.tree.values import dumps, encode

OUTSIDE = (
    "tools run outside the sandbox, in this process and with its rights: what a model passes them, they do"
)
MOST_SECONDS = 86_400
Tasks = Sequence[str | Task | Mapping[str, Any]]


def warn_outside() -> None:
    """Says it once, as `warnings` does, and of no file: which line of ours warns is of no use to a reader."""
    said = globals().setdefault("__warningregistry__", {})
    warnings.warn_explicit(OUTSIDE, UserWarning, "rao_lab", 1, registry=said)


class FunctionEnvironment:
    """An `Environment` whose worlds offer a user's functions. `rl.environment` makes one."""

    def __init__(
        self,
        tasks: Tasks | Mapping[str, Tasks],
        tools: Sequence[Callable[..., Any]] = (),
        verify: Callable[..., Any] | None = None,
        *,
        name: str = "goals",
        parallel: bool = False,
        seconds: float = 30.0,
        reproducible: bool | None = None,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"name={quoted(name)} is no name of an environment")
        self.name = name
        self._tools = {tool.name: tool for tool in tools_of(tools, awaited=flag("parallel", parallel))}
        self._verifier = None if verify is None else verifier_of(verify)
        self._calls = Calls(number("seconds", seconds, most=MOST_SECONDS, above=True), parallel)
        self._verifying = Calls(seconds, parallel=True, what="the verifier")
        self.reproducible = not self._tools if reproducible is None else flag("reproducible", reproducible)
        """Whether the same calls have the same results. Trees of an environment that does not say so are marked."""
        self._splits = _splits(tasks, name)

    @property
    def running(self) -> tuple[str, ...]:
        """The tools that run now, and "the verifier" if it does."""
        return (*self._calls.running, *self._verifying.running)

    def tasks(self, split: str) -> Sequence[Task]:
        if split not in self._splits:
            raise MissingError(f"no split {quoted(split)} in {self.name}: there is {', '.join(self._splits)}")
        return self._splits[split]

    def open(self, task: Task) -> FunctionWorld:
        if self._tools:
            warn_outside()
        return FunctionWorld(task, self._tools, self._calls, self._verifier, self._verifying)

    def judge(self, tree: Tree, path: str) -> Score | None:
        """The word of a verifier that needs the tree; None = it has none about this node."""
        if self._verifier is None or not self._verifier.of_tree:
            return None
        return self._verifier.of_node(tree, path, self._verifying)

    def _repr_html_(self) -> str:
        sizes = {f"{name} tasks": len(tasks) for name, tasks in self._splits.items()}
        tools = {name: tool.described.signature for name, tool in self._tools.items()}
        return facts_html(self.name, {**sizes, **tools, "verified": self._verifier is not None})

    def __repr__(self) -> str:
        """What a run must have in common with one that goes on with it."""
        tools = "; ".join(tool.described.signature for tool in self._tools.values()) or "no tools"
        splits = {id(tasks): tasks for tasks in self._splits.values()}
        verified = "" if self._verifier is None else ", verified"
        made = [[task.id, task.goal, dict(task.data)] for tasks in splits.values() for task in tasks]
        digest = hashlib.blake2b(dumps(encode(made)).encode(), digest_size=4).hexdigest()
        return f"{self.name}({tools}; {counted(sum(map(len, splits.values())), 'task')} {digest}{verified})"


@checked_call
def environment(
    tasks: Tasks | Mapping[str, Tasks],
    tools: Sequence[Callable[..., Any]] = (),
    verify: Callable[..., Any] | None = None,
    *,
    name: str = "goals",
    parallel: bool = False,
    seconds: float = 30.0,
    reproducible: bool | None = None,
) -> FunctionEnvironment:
    """An environment of your own goals, tools and verifier, for `rl.run`, `rl.evaluate`, `rl.train` and the rest.

        >>> def double(number: int) -> int:
        ...     "Twice the number."
        ...     return 2 * number
        >>> mine = rl.environment(["Double 21."], [double], verify=lambda value: value == 42)
        >>> mine.tasks("train")[0].goal
        'Double 21.'

    Tools run outside the sandbox, in this process and with its rights. A tool that raises, does not return, or gets
    or returns what it should not, is told to the model and counted as a refusal (`tool_raised`, `tool_seconds`,
    `bad_call`, `tool_result`). A tool says no in its own words if it raises `rl.Refusal(kind, message)`.

    Args:
        tasks: goals; each is a text, an `rl.Task`, or a dict with "goal" and any data ("id" and "difficulty" are the
            task's own). A list is every split; a mapping has a list for each split ("train", "dev", "test").
            Models see the goal alone; verify and tools may see the data.
        tools: functions with annotated parameters. Signature and docstring are what a model reads, and every call is
            checked against the annotations, and so is what it returns, if that is annotated. A parameter annotated
            `rl.Task` gets the task and is not shown.
            They run in a thread, or on an event loop, of their own: open there what belongs to one (a session of HTTP).
        verify: scores a root by what it passed to `finish`: verify(value), verify(value, task), or, when the tree
            has ended, verify(tree); with verify(tree, path) it scores every node. It returns True or False, a number
            from 0 to 1, or an `rl.Score`. If the value is annotated, a value of another type scores 0. Nodes that it
            does not score take the root's success, or the word of a judge. None = nothing is verified.
        name: of the environment, in records and pictures.
        parallel: whether tools may run at the same time. By default one call runs at a time, in one thread, and async
            functions are called like the others, without `await`. If True, models have to await async functions, and
            those that a node awaits together run together; plain functions of trees that run at once (`workers` of
            `rl.train`) may meet. The nodes of one tree always take turns.
        seconds: what a call may take; the seconds that the tree has left (`tree_seconds` of its limits) bound it too. A
            function that takes longer is left behind in its thread, and is refused to this tree, and to others until
            it has returned. `verify`, too, may take so long, in a thread of its own: nodes that it does not answer for
            are not scored.
        reproducible: the same calls have the same results. By default only an environment without tools says so; trees
            of others are marked.

    Raises:
        ConfigError: something means nothing; the message names the function, its parameter and the annotation.
        InputError: a task is none.
    """
    return FunctionEnvironment(
        tasks, tools, verify, name=name, parallel=parallel, seconds=seconds, reproducible=reproducible
    )


def _splits(tasks: Any, name: str) -> dict[str, tuple[Task, ...]]:
    """The tasks of each split."""
    if isinstance(tasks, Mapping) and not isinstance(tasks.get("goal"), str):
        found = {split: _tasks(each, f"{name}/{split}", str(split)) for split, each in tasks.items()}
    else:
        found = dict.fromkeys(SPLITS, _tasks(tasks, name, ""))
    if not any(found.values()):
        raise InputError("there are no tasks: give at least one goal, as in tasks=['Say hello.']")
    return found


def _tasks(given: Any, prefix: str, split: str) -> tuple[Task, ...]:
    if isinstance(given, str | Task | Mapping) or not isinstance(given, Sequence):
        raise ConfigError(f"tasks={quoted(given)} is no list of tasks: give tasks=[...], also for one")
    return tuple(_task(each, f"{prefix}/{place}", split) for place, each in enumerate(given))


def _task(given: Any, id_: str, split: str) -> Task:
    if isinstance(given, Task):
        made = given
    else:
        data = dict(given) if isinstance(given, Mapping) else {"goal": given}
        goal, own = data.pop("goal", None), data.pop("id", id_)
        if not isinstance(goal, str):
            raise InputError(
                f"task {unquoted(own)} is {quoted(given)}: give a goal as text, or a dict with one"
            )
        made = Task(own, goal, difficulty=data.pop("difficulty", ""), split=split, data=data)
    try:
        encode(dict(made.data))
    except InputError as problem:
        raise InputError(f"the data of task {unquoted(made.id)} cannot be recorded: {problem}") from None
    if not made.goal.strip():
        raise InputError(f"task {unquoted(made.id)} has an empty goal: say what is to be done")
    return made
