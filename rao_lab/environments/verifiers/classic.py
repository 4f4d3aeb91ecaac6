"""An environment of the older protocol of `verifiers` (tried with 0.1.14 and 0.3.1): a dataset, tools and a rubric.

The completion that rewards read holds each call of a tool by any agent of the tree with its result, or the
conversation with the environment, and the root's reply.
"""

from __future__ import annotations

import copy
import functools
import inspect
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from typing import Any

from rao_lab.base.safe_text import unquoted
from rao_lab.environments.verifiers.source import Row, as_tool, goal_of, weighed
from rao_lab.errors import ConfigError
from rao_lab.protocols import Refusal

TALK = "Talk to the environment with say(message). When the conversation is over, call finish with your last reply."


class ClassicSource:
    """A `Source` of a dataset with a rubric."""

    unmapped: tuple[str, ...] = ()

    def __init__(self, library: Any, env: Any, name: str, limit: int | None) -> None:
        self.name = name or env.env_id or type(env).__name__
        self._library, self._env = library, env
        self._check(unquoted(self.name))
        self.talks = not isinstance(env, (library.SingleTurnEnv, library.ToolEnv))
        """Whether the environment answers to messages."""
        self.rows = (self._rows("dataset", limit), self._rows("eval_dataset", limit))
        self.span = weighed(weight for _, weight in _rewards(env.rubric))
        self.reproducible = isinstance(env, library.SingleTurnEnv) and not _judged(env.rubric)

    def _check(self, who: str) -> None:
        """Refuses what needs more than an agent's messages and calls.

        Raises:
            ConfigError: with what does not map.
        """
        env, library = self._env, self._library
        if isinstance(env, library.EnvGroup):
            raise ConfigError(f"{who} is a group of environments: give one of them, as in env.envs[0]")
        if not isinstance(env, library.MultiTurnEnv):
            raise ConfigError(f"{who} is not mapped: {type(env).__name__} plays in a way of its own")
        if env.rubric.has_group_rewards:
            raise ConfigError(
                f"{who} is not mapped: a reward of it compares the tries of a group, and a tree is scored alone"
            )
        answers = (library.ToolEnv.env_response, library.StatefulToolEnv.env_response)
        if isinstance(env, library.ToolEnv) and type(env).env_response not in answers:
            raise ConfigError(
                f"{who} is not mapped: it has tools, and an env_response of its own beside them"
            )

    def _rows(self, which: str, limit: int | None) -> list[Row]:
        data = getattr(self._env, f"build_{which}")()
        rows = [] if data is None else [dict(each) for each in islice(iter(data), limit)]
        return [self._row(each, place) for place, each in enumerate(rows)]

    def _row(self, data: Mapping[str, Any], place: int) -> Row:
        prompt = data["prompt"]
        goal = goal_of([{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt, place)
        return Row(f"{goal}\n{TALK}" if self.talks else goal, data)

    def play(self, data: Mapping[str, Any]) -> ClassicPlay:
        return ClassicPlay(self._library, self._env, data, self.talks)


class ClassicPlay:
    """A `Play` of one row."""

    def __init__(self, library: Any, env: Any, data: Mapping[str, Any], talks: bool) -> None:
        self._library, self._env, self._talks = library, env, talks
        self._types = types = import_module(library.Environment.__module__.rpartition(".envs.")[0] + ".types")
        row = copy.deepcopy(dict(data))
        if isinstance(row.get("info"), str):
            row["info"] = json.loads(row["info"])
        self._state = state = types.State(input=row)
        normalize = import_module(
            f"{types.__name__.rpartition('.')[0]}.utils.message_utils"
        ).normalize_messages
        self._messages = list(normalize(row["prompt"], field_name="prompt"))
        state["prompt"] = list(self._messages)
        state["task"] = types.flatten_task_input(row)
        state.update(client=None, model="", sampling_args={}, tool_defs=env.tool_defs or [], trajectory=[])
        state.update(completion=None, reward=None, metrics=None, error=None, final_env_response=None)
        state.update(
            is_completed=False, is_truncated=False, stop_condition=None, timing=types.RolloutTiming()
        )
        state["trajectory_id"] = uuid.uuid4().hex
        hidden = getattr(env, "skipped_args", {})
        tools = getattr(env, "tool_map", {})
        self.tools = [self._tool(name, function, hidden.get(name, ())) for name, function in tools.items()]
        if talks:
            self.tools = [as_tool("say", _say, self._said)]

    async def begin(self) -> None:
        given = await self._env.setup_state(self._state)
        self._state = self._state if given is None else given

    def _tool(self, name: str, function: Callable[..., Any], hidden: Any) -> Callable[..., Any]:
        env, plain = self._env, type(self._env).call_tool is self._library.ToolEnv.call_tool

        async def run(arguments: dict[str, Any]) -> Any:
            id_ = f"call_{len(self._messages)}"
            call = self._types.ToolCall(id=id_, name=name, arguments=json.dumps(arguments, default=repr))
            await self._step(self._types.AssistantMessage(content="", tool_calls=[call]))
            if isinstance(env, self._library.StatefulToolEnv):
                arguments = env.update_tool_args(name, arguments, list(self._messages), self._state)
            said: object = "cancelled"
            try:
                if plain:
                    value = function(**arguments)
                    value = said = await value if inspect.isawaitable(value) else value
                else:
                    value = said = (await env.call_tool(name, arguments, id_)).content
            except Exception as problem:
                said = problem
                raise
            finally:
                self._messages.append(self._types.ToolMessage(tool_call_id=id_, content=str(said)))
            return value

        return as_tool(name, function, run, hidden)

    async def _step(self, message: Any) -> None:
        step: dict[str, Any] = dict.fromkeys(("response", "tokens", "reward", "advantage"))
        step |= {"prompt": list(self._messages), "completion": [message], "is_truncated": False, "extras": {}}
        step["trajectory_id"] = self._state["trajectory_id"]
        await self._env.add_trajectory_step(self._state, step)
        self._messages.append(message)

    async def _said(self, arguments: dict[str, Any]) -> str:
        """One turn of the conversation, as the library's own loop has it."""
        if await self._over():
            raise Refusal("ended", "the conversation is over: call finish")
        await self._step(self._types.AssistantMessage(content=arguments["message"]))
        if await self._over():
            return ""
        before = len(self._messages)
        self._messages = list(await self._env.get_prompt_messages(self._state))
        answers = self._messages[before:] or self._state.get("final_env_response") or []
        answers = [answers] if isinstance(answers, str) else answers
        return "\n".join(str(getattr(each, "content", each)) for each in answers)

    async def _over(self) -> bool:
        return bool(await self._env.is_completed(self._state))

    async def reward(self, reply: str) -> float:
        state, env = self._state, self._env
        if not (self._talks and state["trajectory"] and await self._over()):
            await self._step(self._types.AssistantMessage(content=reply))
        state.update(is_completed=True, stop_condition=state.get("stop_condition") or "finished")
        await env.cleanup(state)  # it writes down the completion
        raised: list[Exception] = []
        rubric = _watched(env.rubric, raised)
        await rubric.score_rollout(state)
        await env.rubric.cleanup(state)
        if raised:
            raise raised[0]
        return float(state["reward"])


def _say(message: str) -> str:  # type: ignore[empty-body]
    """Says something to the environment, and returns its answer."""


def _rewards(rubric: Any) -> Iterator[tuple[Callable[..., Any], float]]:
    """All functions of a rubric, and of the rubrics in it, with their weights."""
    yield from zip(rubric.funcs, rubric.weights, strict=True)
    for each in getattr(rubric, "rubrics", ()):
        yield from _rewards(each)


def _judged(rubric: Any) -> bool:
    return hasattr(rubric, "judge") or any(map(_judged, getattr(rubric, "rubrics", ())))


def _watched(rubric: Any, raised: list[Exception]) -> Any:
    """A copy of a rubric that notes what its rewards raise: the library logs it, and counts it as 0."""
    made = copy.copy(rubric)
    made.funcs = [
        _noting(each, raised) if weight else each
        for each, weight in zip(rubric.funcs, rubric.weights, strict=True)
    ]
    if inner := getattr(rubric, "rubrics", None):
        made.rubrics = [_watched(each, raised) for each in inner if any(True for _ in _rewards(each))]
    return made


def _noting(function: Callable[..., Any], raised: list[Exception]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def noted(*args: Any, **kwargs: Any) -> float:
        try:
            value = function(*args, **kwargs)
            return float(await value if inspect.isawaitable(value) else value)
        except Exception as problem:
            raised.append(problem)
            raise

    return noted
