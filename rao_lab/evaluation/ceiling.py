"""The flat ceiling: whether a task's shortest flat transcript fits a window at all.

The transcript of a perfect flat player is put into the policy's dialect and counted by its tokenizer,
as the policy would read and write it. It is a lower bound for any flat agent, so the share of tasks
that fit is an upper bound of flat success, however skilled the agent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from rao_lab.environments.textcraft.oracle import flat_plan
from rao_lab.environments.textcraft.tasks import open_task
from rao_lab.prompts import dialect as find_dialect
from rao_lab.protocols import Brief, Dialect, Observation
from rao_lab.tree import Call, Message, Task


def flat_fits(policy: Any, dialect: str | None = None) -> Callable[[Task, int], bool | None]:
    """A test (task, window) for `evaluate(fits=...)`; None where it cannot be told.

    Args:
        policy: one without a tokenizer has no tokens, and nothing can be told.
    """
    counted: dict[str, int | None] = {}

    def fits(task: Task, window: int) -> bool | None:
        if task.id not in counted:
            counted[task.id] = flat_tokens(task, policy, dialect)
        tokens = counted[task.id]
        return None if tokens is None else tokens <= window

    return fits


def flat_tokens(task: Task, policy: Any, dialect: str | None = None) -> int | None:
    """Tokens of the shortest flat transcript, the last reply included.

    None where the policy has no tokenizer or the task no known plan.
    """
    tokenizer = getattr(policy, "tokenizer", None)
    if tokenizer is None or "recipes" not in task.data:
        return None
    messages = flat_transcript(task, find_dialect(dialect or policy.dialect))
    plain = [{"role": message.role, "content": message.content} for message in messages]
    text = tokenizer.apply_chat_template(plain, tokenize=False)
    return len(tokenizer.encode(text, add_special_tokens=False))


def flat_transcript(task: Task, dialect: Dialect) -> list[Message]:
    """What a perfect flat player reads and writes: one call a reply, the last craft and `finish` in one."""
    world = open_task(task)
    launch = world.root()
    controls = [each for each in world.control_functions() if each.name != "launch_subagent"]
    functions = (*world.functions(), *controls)
    brief = Brief(launch.goal, launch.args, agent="flat", functions=functions)
    messages = list(dialect.opening(brief))
    plan = flat_plan(task)
    for call in plan[:-2]:
        messages.append(Message("assistant", _reply(dialect.name, call)))
        printed = "" if dialect.name == "terse" else f"{call.result}\n"
        messages += dialect.observe(Observation(calls=(call,), output=printed))
    return [*messages, Message("assistant", _reply(dialect.name, *plan[-2:]))]


def _reply(dialect: str, *calls: Call) -> str:
    terse = dialect == "terse"
    lines = [_code(call) if terse or call.name == "finish" else f"print({_code(call)})" for call in calls]
    code = "\n".join(lines) + "\n"
    return code if terse else f"```python\n{code}```"


def _code(call: Call) -> str:
    return f"{call.name}({', '.join(_literal(value) for value in call.args)})"


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
