"""The dialect of chat models: a thought, then one Python block. What the block printed comes back.

What of a reply runs:

1. Reasoning is cut off first (`reasoning`). It is kept as thought, and nothing in it runs.
2. The first Python block that is not empty runs, if it is closed (`blocks` says what a Python block is).
3. Nothing else runs: no later block, no block with another label or none, no text. The text is kept as thought, and
   the model is told of Python blocks that did not run.
4. If no block runs, the model is told why.

The prompt lists the functions that this agent has. A flat agent's prompt does not mention launches. No prompt
shows Python that the interpreter lacks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rao_lab.base.safe_text import quoted
from rao_lab.prompts.blocks import PYTHON, Block, blocks
from rao_lab.prompts.reasoning import split
from rao_lab.protocols import Action, Brief, Function, Observation, ParseFailure, Worded
from rao_lab.tree import Call, Message

_SYSTEM = """\
You work on a task by writing Python. Every reply is one or two sentences of thought, then one block:

```python
print(1 + 1)
```

The block runs at once in a session that keeps its variables from reply to reply, and you then see \
what it printed: print what you want to know. Write one block a reply and wait for its output: \
only the first block that starts with a line ```python runs.

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

_RUNS = "Write one block that starts with a line ```python and ends with a line ```."
_NO_BLOCK = f"I found no code. {_RUNS}"
_ONLY_THOUGHT = f"Your reply ended before your thought did, so nothing ran. Think less, then act. {_RUNS}"
_THOUGHT_OF_BLOCK = f"Your code stands in your thought, where nothing runs. {_RUNS}"
_OPEN_BLOCK = "Your code block has no closing line ```, so nothing ran. Write it shorter, and close it."
_EMPTY_BLOCK = "Your code block is empty, so nothing ran."
_OTHER_BLOCK = f"Your block {{found}}, so it did not run. {_RUNS}"
_FULL_LINE = (
    "The line ```python must hold nothing else: your code did not run. Begin the code on the line after it."
)
_OTHER_FORM = f"{{found}} runs nothing here. {_RUNS}"
_NOT_RUN = (
    "Only your first Python block ran. {count} more did not: write one block a reply and wait for its output."
)
_OTHER_FORMS = (
    "<tool_call>",
    "<function",
    "<code>",
    "<execute>",
    "<python>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
)
"""Other ways in which models call code."""
_ONE_LINE = re.compile(r"```[ \t]*+(?:python|py)[ \t]", re.IGNORECASE)
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
        reasoned, said = split(text.replace("\r\n", "\n"))
        found = [block for block in blocks(said) if block.python and block.code.strip()]
        if not found or not found[0].closed:
            raise ParseFailure(_why_nothing_runs(reasoned, said))
        block, left_out = found[0], len(found) - 1 + sum(map(_overfull, blocks(said)))
        parts = (reasoned, said[: block.starts].strip(), said[block.after :].strip())
        note = _NOT_RUN.format(count=left_out) if left_out else ""
        return Action("\n\n".join(filter(None, parts)), block.code, note)

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
        if observation.note:
            parts.append(f"Note: {observation.note}")
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


def _why_nothing_runs(reasoned: str, said: str) -> str:
    """For a reply of which nothing runs: the reason, and what to write instead."""
    found = list(blocks(said))
    python = [block for block in found if block.python]
    if any(block.code.strip() for block in python):
        return _OPEN_BLOCK
    if python:
        return _EMPTY_BLOCK
    if any(map(_overfull, found)) or _ONE_LINE.search(said):
        return _FULL_LINE
    if found:
        label = found[0].label
        return _OTHER_BLOCK.format(found=f"is labelled {quoted(label)}" if label else "has no label")
    if other := next((form for form in _OTHER_FORMS if form in said), ""):
        return _OTHER_FORM.format(found=other)
    if reasoned and not said.strip():
        return _THOUGHT_OF_BLOCK if any(block.python for block in blocks(reasoned)) else _ONLY_THOUGHT
    return _NO_BLOCK


def _overfull(block: Block) -> bool:
    """Whether more than the word python stands after its fence."""
    return block.label.partition(" ")[0] in PYTHON and not block.python


def _describe(function: Function) -> str:
    call = f"await {function.signature}" if function.is_async else function.signature
    return f"- `{call}`: {' '.join(function.doc.split())}"


def _task(brief: Brief) -> str:
    left = "" if brief.turns_left is None else f"\n\n{_replies_left(brief.turns_left)}"
    return f"Task: {brief.goal}{left}"


def _replies_left(count: int) -> str:
    return f"{count} {'reply' if count == 1 else 'replies'} left."
