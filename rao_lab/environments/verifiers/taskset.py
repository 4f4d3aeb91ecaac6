"""A taskset of `verifiers.v1`, the protocol of today: typed tasks, toolsets, and rewards that read a trace.

The trace that rewards read holds the prompt, each call of a toolset by any agent of the tree with its result, and the
root's reply. What agents think and the code they write is not in it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import islice
from typing import Any

from rao_lab.base.safe_text import one_line, unquoted
from rao_lab.environments.verifiers.source import Row, as_tool, goal_of, weighed
from rao_lab.errors import ConfigError, InputError

ENDLESS = 100
"""Rows that are read of a taskset without an end, if nothing is said."""


class TasksetSource:
    """A `Source` of a taskset."""

    def __init__(self, taskset: Any, name: str, limit: int | None) -> None:
        self.name = name or taskset.config.id or type(taskset).__name__
        ends = getattr(taskset, "bounded", not taskset.INFINITE)
        tasks = list(islice(iter(taskset), limit or (None if ends else ENDLESS)))
        if not tasks:
            raise InputError(f"{unquoted(self.name)} has no tasks")
        self.rows: tuple[list[Row], list[Row]] = ([_row(task, place) for place, task in enumerate(tasks)], [])
        self._first = first = tasks[0]
        self.shared = list(type(taskset).toolsets(taskset.config))
        """The toolsets that all trees share."""
        self._set_up = False
        judges = first.plugged_judges()
        toolsets = [*type(first).toolsets(first.config), *self.shared]
        _check(unquoted(self.name), first, judges, toolsets)
        weights = [getattr(each, "_vf_weight", 1.0) for each in first.hooks("reward")]
        self.span = weighed([*weights, *(judge.config.weight for judge in judges)])
        self.reproducible = not judges and not toolsets
        self.unmapped = _left_out(first)

    def play(self, data: Mapping[str, Any]) -> TasksetPlay:
        from pydantic import ValidationError

        first = self._first
        try:
            row = type(first.data).model_validate(dict(data))
        except ValidationError as problem:
            first_wrong = problem.errors(include_url=False, include_context=False)[0]
            where = ".".join(map(str, first_wrong["loc"]))
            raise InputError(
                f"this task is not of {unquoted(self.name)}: {unquoted(where)}: {one_line(first_wrong['msg'], 200)}"
            ) from None
        return TasksetPlay(self, type(first)(row, first.config))

    async def set_up(self) -> None:
        """Sets up the toolsets that all trees share, once."""
        if not self._set_up:
            for each in self.shared:
                await each.setup()
            self._set_up = True


class TasksetPlay:
    """A `Play` of one task."""

    def __init__(self, source: TasksetSource, task: Any) -> None:
        self._source, self._task = source, task
        self._v1 = v1 = import_module("verifiers.v1")
        self._own = list(type(task).toolsets(task.config))
        self._trace = v1.Trace(
            task=v1.TraceTask(type=type(task).__name__, data=task.data, key=task.key, hash=task.hash),
            state=import_module("verifiers.v1.state").state_cls(type(task))(),
            agent=v1.AgentInfo(config=v1.AgentConfig()),
        )
        for message in prompt_of(task.data):
            self._say(message)
        self.tools = [tool for each in (*self._own, *source.shared) for tool in self._tools_of(each)]

    def _tools_of(self, toolset: Any) -> list[Callable[..., Any]]:
        found = import_module("verifiers.v1.utils.decorators").discover_decorated(toolset, "tool")
        prefix = f"{toolset.server_name}_" if toolset.server_name else ""
        return [
            self._tool(prefix + (getattr(each, "tool_name", None) or each.__name__), each) for each in found
        ]

    def _tool(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        call_state = import_module("verifiers.v1.mcp.server")._call_state

        async def run(arguments: dict[str, Any]) -> Any:
            id_ = f"call_{len(self._trace.nodes)}"
            call = {"id": id_, "name": name, "arguments": json.dumps(arguments, default=repr)}
            before = call_state.set(self._trace.state)  # as its server does around a call
            said: object = "cancelled"
            try:
                value = function(**arguments)
                value = said = await value if inspect.isawaitable(value) else value
            except Exception as problem:
                said = problem
                raise
            finally:
                call_state.reset(before)
                self._say({"role": "assistant", "tool_calls": [call]}, sampled=True)
                self._say({"role": "tool", "tool_call_id": id_, "name": name, "content": str(said)})
            return value

        return as_tool(name, function, run)

    def _say(self, message: Any, sampled: bool = False) -> None:
        nodes = self._trace.nodes
        parent = len(nodes) - 1 if nodes else None
        nodes.append(self._v1.MessageNode(parent=parent, message=message, sampled=sampled))

    async def begin(self) -> None:
        await self._source.set_up()
        await self._task.setup(self._trace, _NoRuntime())
        for each in self._own:
            await each.setup()
            await each.setup_task(self._task.data)

    async def reward(self, reply: str) -> float:
        trace = self._trace
        self._say({"role": "assistant", "content": reply}, sampled=True)
        trace.stop("agent_completed")
        await self._task.finalize(trace, _NoRuntime())
        await self._task.score(trace, None)
        return float(trace.reward)


class _NoRuntime:
    """Stands where the library has a container: what reads it fails with this message."""

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(f"it asks for a container (runtime.{name}), and agents here have none")


def prompt_of(data: Any) -> list[Any]:
    """A task's prompt as messages."""
    prompt = data.prompt
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt or ())
    return [{"role": "system", "content": data.system_prompt}, *messages] if data.system_prompt else messages


def _row(task: Any, place: int) -> Row:
    """A task as a row; what has its default is left out of the data."""
    data = task.data
    fields = type(data).model_fields
    usual = {
        name
        for name, field in fields.items()
        if getattr(data, name) == field.get_default(call_default_factory=True)
    }
    return Row(goal_of(prompt_of(data), place), data.model_dump(mode="json", exclude=usual))


def _check(who: str, task: Any, judges: Sequence[Any], toolsets: Sequence[Any]) -> None:
    """Refuses what needs more than an agent's calls and its reply.

    Raises:
        ConfigError: with what does not map.
    """
    if task.NEEDS_CONTAINER or task.data.image:
        raise ConfigError(f"{who} is not mapped: its tasks need a container, and agents here have none")
    for score in (*task.hooks("reward"), *(judge.score for judge in judges)):
        asked = inspect.signature(score).parameters.get("runtime")
        if asked is not None and asked.default is asked.empty:
            raise ConfigError(
                f"{who} is not mapped: its reward {score.__name__} reads a container, and agents here have none"
            )
    for toolset in toolsets:
        config = toolset.config
        where = getattr(getattr(config, "runtime", None), "type", "subprocess")
        if getattr(config, "url", None) or getattr(config, "colocated", False) or where != "subprocess":
            raise ConfigError(
                f"{who} is not mapped: its toolset {type(toolset).__name__} runs in a container or on a server"
            )


def _left_out(task: Any) -> tuple[str, ...]:
    discover = import_module("verifiers.v1.utils.decorators").discover_decorated
    stops, changes = task.hooks("stop"), discover(task, "intercept")
    found = []
    if stops:
        names = ", ".join(each.__name__ for each in stops)
        found.append(f"its stop conditions are not asked ({names}): rl.Limits bound a tree")
    if changes:
        names = ", ".join(each.__name__ for each in changes)
        found.append(f"its interceptors are not asked ({names}): messages are as our prompts word them")
    return tuple(found)
