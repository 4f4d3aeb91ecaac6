"""The flat ceiling: whether a task's shortest flat transcript fits a window at all.

An environment that is `Planned` says what a perfect flat player calls. That play is put into the policy's
dialect and counted by its tokenizer, as the policy would read and write it. Any flat agent needs at least as
many tokens, so flat success is at most the share of tasks that fit, however skilled the agent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rao_lab.base.blame import blamed
from rao_lab.base.rendering import RenderError
from rao_lab.base.safe_text import unquoted
from rao_lab.errors import RaoLabError
from rao_lab.prompts import Prompt, chosen
from rao_lab.protocols import Action, Brief, Dialect, Environment, Observation, Planned, Policy, Worded
from rao_lab.tree import Call, Message, Task


class FlatFits:
    """A test (task, window) for `evaluate(fits=...)`, which also knows how many tokens it is about."""

    def __init__(self, environment: Environment, policy: Policy, prompt: Prompt | None = None) -> None:
        self._count = lambda task: flat_tokens(task, environment, policy, prompt)
        self._known: dict[str, int | None] = {}

    def tokens(self, task: Task) -> int | None:
        """Of the task's shortest flat transcript; None if it cannot be told."""
        if task.id not in self._known:
            self._known[task.id] = self._count(task)
        return self._known[task.id]

    def __call__(self, task: Task, window: int) -> bool | None:
        tokens = self.tokens(task)
        return None if tokens is None else tokens <= window


def flat_fits(environment: Environment, policy: Policy, prompt: Prompt | None = None) -> FlatFits:
    """A test (task, window) for `evaluate(fits=...)`. It says None for an environment without plans and for a
    policy without tokens."""
    return FlatFits(environment, policy, prompt)


def flat_tokens(
    task: Task, environment: Environment, policy: Policy, prompt: Prompt | None = None
) -> int | None:
    """Tokens of the shortest flat transcript, the last reply included; None if it cannot be told."""
    count = getattr(policy, "count_tokens", None)
    if count is None or not isinstance(environment, Planned):
        return None
    try:
        transcript = flat_transcript(task, environment, chosen(prompt, policy))
    except RenderError:  # the nodes of this task will say why
        return None
    found: int = count(transcript)
    return found


def flat_transcript(task: Task, environment: Environment, dialect: Dialect) -> list[Message]:
    """What a perfect flat player reads and writes; nothing if the environment has no plan."""
    if not isinstance(environment, Planned):
        return []
    if isinstance(environment, Worded):
        dialect = dialect.worded(environment)
    said = f"environment {unquoted(environment.name)}: the flat plan of task {unquoted(task.id)}"
    with blamed(said, "correct flat_plan", RaoLabError):
        world = environment.open(task)
        launch = world.root()
        controls = [each for each in world.control_functions() if not each.is_async]
        brief = Brief(launch.goal, launch.args, "flat", functions=(*world.functions(), *controls))
        *turns, last = environment.flat_plan(task)
    messages = list(dialect.opening(brief))
    for calls in turns:
        printed = "" if dialect.shows_results else "".join(f"{call.result}\n" for call in calls)
        messages.append(_reply(dialect, calls))
        messages += dialect.observe(Observation(calls=tuple(calls), output=printed))
    return [*messages, _reply(dialect, last)]


def _reply(dialect: Dialect, calls: Sequence[Call]) -> Message:
    lines = [
        _code(call) if dialect.shows_results or call.name == "finish" else f"print({_code(call)})"
        for call in calls
    ]
    return Message("assistant", dialect.reply(Action("", "\n".join(lines))))


def _code(call: Call) -> str:
    return f"{call.name}({_joined(call.args)})"


def _literal(value: Any) -> str:
    """Python with double quotes, as dialects show it."""
    if isinstance(value, tuple):
        return f"({_joined(value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{_joined(value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(name)}: {_literal(each)}" for name, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _joined(values: Sequence[Any]) -> str:
    return ", ".join(_literal(value) for value in values)
