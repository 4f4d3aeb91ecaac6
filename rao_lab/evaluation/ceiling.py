"""The flat ceiling: whether a task's shortest known flat transcript fits a window at all. It belongs to a dialect.

An environment that is `Planned` says what a perfect flat player calls, one call a turn. That play is put into the
policy's dialect and counted by its tokenizer, as the policy would read and write it. An agent that makes one call a
turn needs at least as many tokens, so its success is at most the share of tasks that fit, however skilled it is.

An agent whose replies are programs can do with less. If the environment is `Programmed`, its program for the whole task
in one turn is counted as well, and the shorter of both decides. A shorter program than that may exist.
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
from rao_lab.protocols import (
    Action,
    Brief,
    Dialect,
    Environment,
    Observation,
    Planned,
    Policy,
    Programmed,
    Worded,
)
from rao_lab.tree import Call, Message, Task

ONE_CALL = "one call a turn"
OR_PROGRAM = "one call a turn, or one program"


class FlatFits:
    """A test (task, window) for `evaluate(fits=...)`, which also knows how many tokens it is about."""

    def __init__(self, environment: Environment, policy: Policy, prompt: Prompt | None = None) -> None:
        self._count = lambda task: flat_tokens(task, environment, policy, prompt)
        self._of = lambda: ceiling_of(environment, chosen(prompt, policy))
        self._known: dict[str, int | None] = {}

    @property
    def of(self) -> str:
        """Which flat plays are counted: the name that the ceiling is shown with."""
        return self._of()

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


def ceiling_of(environment: Environment, dialect: Dialect) -> str:
    """Which flat plays are counted in this dialect, in words."""
    programs = isinstance(environment, Programmed) and not dialect.shows_results
    return OR_PROGRAM if programs else ONE_CALL


def flat_tokens(
    task: Task, environment: Environment, policy: Policy, prompt: Prompt | None = None
) -> int | None:
    """Tokens of the shortest flat transcript, the last reply included; None if it cannot be told."""
    count = getattr(policy, "count_tokens", None)
    if count is None:
        return None
    try:
        dialect = chosen(prompt, policy)
        known = [flat_transcript(task, environment, dialect)]
        if ceiling_of(environment, dialect) == OR_PROGRAM:
            known.append(flat_program(task, environment, dialect))
    except RenderError:  # the nodes of this task will say why
        return None
    return min((count(transcript) for transcript in known if transcript), default=None)


def flat_transcript(task: Task, environment: Environment, dialect: Dialect) -> list[Message]:
    """What a perfect flat player reads and writes, one call a turn; nothing if the environment has no plan."""
    if not isinstance(environment, Planned):
        return []
    dialect, messages = _opened(task, environment, dialect)
    with blamed(_said(task, environment, "plan"), "correct flat_plan", RaoLabError):
        *turns, last = environment.flat_plan(task)
    for calls in turns:
        printed = "" if dialect.shows_results else "".join(f"{call.result}\n" for call in calls)
        messages.append(_reply(dialect, calls))
        messages += dialect.observe(Observation(calls=tuple(calls), output=printed))
    return [*messages, _reply(dialect, last)]


def flat_program(task: Task, environment: Environment, dialect: Dialect) -> list[Message]:
    """What a flat player reads and writes that does the task in one turn; nothing if the environment has no program."""
    if not isinstance(environment, Programmed):
        return []
    dialect, messages = _opened(task, environment, dialect)
    with blamed(_said(task, environment, "program"), "correct flat_program", RaoLabError):
        code = environment.flat_program(task)
    return [*messages, Message("assistant", dialect.reply(Action("", code)))]


def _opened(task: Task, environment: Environment, dialect: Dialect) -> tuple[Dialect, list[Message]]:
    """The dialect in the environment's words, and what a flat agent is told."""
    if isinstance(environment, Worded):
        dialect = dialect.worded(environment)
    with blamed(_said(task, environment, "world"), "correct open", RaoLabError):
        world = environment.open(task)
        launch = world.root()
        controls = [each for each in world.control_functions() if not each.is_async]
        brief = Brief(launch.goal, launch.args, "flat", functions=(*world.functions(), *controls))
    return dialect, list(dialect.opening(brief))


def _said(task: Task, environment: Environment, what: str) -> str:
    return f"environment {unquoted(environment.name)}: the flat {what} of task {unquoted(task.id)}"


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
