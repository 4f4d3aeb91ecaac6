"""The dialect of chat models: a thought, then one Python block. What the block printed comes back.

The prompt lists the functions that this agent has. A flat agent's prompt does not mention launches. No prompt
shows Python that the interpreter lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rao_lab.protocols import Action, Brief, Function, Observation, ParseFailure, Worded
from rao_lab.tree import Call, Message

_SYSTEM = """\
You work on a task by writing Python. Every reply is one or two sentences of thought, then one block:

```python
print(1 + 1)
```

The block runs at once in a session that keeps its variables from reply to reply, and you then see \
what it printed: print what you want to know. Write one block a reply and wait for its output.

These functions exist, and no others beside plain Python:
{functions}

{launch}The task only counts as done when you call `finish`. Call it as soon as the task is met, and not \
before. Nothing in a block runs after `finish`."""

_LAUNCH = """\
`launch_subagent` gives a part of the task to a helper. It has the same functions and shares your \
world, but it starts with an empty memory: it knows only what you pass. Its value is what it passed \
to `finish`. A helper that fails does not raise: its value is {"failed": reason}, so check before you \
use it. Always await a launch, and launch parts that do not need each other together:

```python
import asyncio
first, second = await asyncio.gather(launch_subagent(...), launch_subagent(...))
```

Hand on parts, never your whole task. Small tasks are quicker without help.

"""

_NO_BLOCK = "I found no code. Write one block that starts with a line ```python and ends with a line ```."
_OPEN_BLOCK = "Your code block has no closing line ```, so nothing ran. Write it shorter, and close it."
_EMPTY_BLOCK = "Your code block is empty, so nothing ran."
MAX_REFUSALS = 5
"""Different reasons that one observation lists."""


@dataclass(frozen=True, slots=True)
class CodeAct:
    """Prose and one Python block a reply."""

    name: str = "codeact"
    shows_results: bool = False

    def worded(self, words: Worded) -> CodeAct:
        return self

    def opening(self, brief: Brief) -> tuple[Message, ...]:
        launches = any(function.name == "launch_subagent" for function in brief.functions)
        system = _SYSTEM.format(
            functions="\n".join(_describe(function) for function in brief.functions),
            launch=_LAUNCH if launches else "",
        )
        return (Message("system", system), Message("user", _task(brief)))

    def parse(self, text: str) -> Action:
        lines = text.split("\n")
        start = next((i for i, line in enumerate(lines) if _opens(line)), None)
        if start is None:
            raise ParseFailure(_NO_BLOCK)
        end = next((i for i in range(start + 1, len(lines)) if lines[i].strip() == "```"), None)
        if end is None:
            raise ParseFailure(_OPEN_BLOCK)
        code = "\n".join(lines[start + 1 : end])
        if not code.strip():
            raise ParseFailure(_EMPTY_BLOCK)
        return Action(thought="\n".join(lines[:start]).strip(), code=code)

    def reply(self, action: Action) -> str:
        block = f"```python\n{action.code}\n```" if action.code else ""
        return "\n\n".join(part for part in (action.thought, block) if part)

    def observe(self, observation: Observation) -> tuple[Message, ...]:
        parts = []
        if observation.output:
            cut = "\n(cut here: print less)" if observation.cut else ""
            parts.append(f"Output:\n{observation.output.rstrip()}{cut}")
        if observation.error:
            parts.append(f"Error: {observation.error}")
        if refused := _refused(observation.calls):
            parts.append(f"Launches that came to nothing:\n{refused}")
        if not parts:
            parts.append("The code ran and printed nothing.")
        if observation.turns_left is not None:
            parts.append(_replies_left(observation.turns_left))
        return (Message("user", "\n\n".join(parts)),)


def _refused(calls: Sequence[Call]) -> str:
    """Why launches came to nothing. The code may not know it, if it did not await them. A helper that ran and
    failed is not listed: its value says so."""
    reasons = Counter(
        call.error
        for call in calls
        if call.name == "launch_subagent" and call.error and (call.child is None or call.result is None)
    )
    lines = [f"- {why}{f' ({times} times)' if times > 1 else ''}" for why, times in reasons.items()]
    more = len(lines) - MAX_REFUSALS
    return "\n".join(lines[:MAX_REFUSALS] + ([f"- and {more} more reasons"] if more > 0 else []))


def _opens(line: str) -> bool:
    return line.strip().lower() in ("```python", "```py", "```python3")


def _describe(function: Function) -> str:
    call = f"await {function.signature}" if function.is_async else function.signature
    return f"- `{call}`: {' '.join(function.doc.split())}"


def _task(brief: Brief) -> str:
    left = "" if brief.turns_left is None else f"\n\n{_replies_left(brief.turns_left)}"
    return f"Task: {brief.goal}{left}"


def _replies_left(count: int) -> str:
    return f"{count} {'reply' if count == 1 else 'replies'} left."
