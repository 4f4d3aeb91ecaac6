"""A dialect whose words are Jinja files. What of a reply runs is `codeact`'s rule, whatever the words are.

`VARIABLES` says what each file gets. A file sees plain values and nothing else; it runs in a process of its own,
with bounds on time and size. Equal states give equal messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from rao_lab.base.rendering import Renderer
from rao_lab.prompts.codeact import CodeAct
from rao_lab.protocols import Action, Brief, Function, Observation, Worded
from rao_lab.tree import Message

MOST_CHARACTERS = 1 << 20
"""Of one message."""
LAUNCH = "launch_subagent"

OPENING = {
    "goal": "text: the task of this agent",
    "args": "the launch's arguments by name, as the environment reads them; of the root, the task's",
    "agent": '"recursive", or "flat" for the control that cannot launch',
    "depth": "0 = the root, 1 = its helpers, and so on",
    "functions": "a list; each has .name, .call (its signature, with await if it needs that), .doc and .launch "
    "(true of launch_subagent)",
    "can_launch": "whether launch_subagent is among them",
    "turns_left": "replies that this agent may write; none = not counted",
}
LATER = {
    "output": 'text that the code printed; "" = nothing',
    "cut": "whether the output was cut at the limit",
    "error": 'why the code failed; "" = it did not',
    "unreadable": 'why nothing of the reply ran; "" = its code ran',
    "refused": "launches that came to nothing: a list; each has .reason and .times",
    "calls": 'all calls of the turn, in order: a list; each has .name and .error ("" = none)',
    "note": 'what of the reply did not run although the rest did; "" = nothing',
    "turns_left": "replies that this agent may still write; none = not counted",
}
VARIABLES: Mapping[str, Mapping[str, str]] = {
    "system.j2": OPENING,
    "task.j2": OPENING,
    "delegation.j2": OPENING,
    "observation.j2": LATER,
    "refusal.j2": LATER,
}
"""What each file gets, and what it means."""


@dataclass(frozen=True)
class TemplateDialect:
    """A prompt of files. `rl.prompts.load` makes one.

    >>> prompt = rl.prompts.load("plain")
    >>> sorted(prompt.files)
    ['delegation.j2', 'observation.j2', 'refusal.j2', 'system.j2', 'task.j2']
    >>> tree = rl.run(task, env, policy, prompt=prompt)
    >>> tree.root.template == prompt.name
    True
    """

    name: str
    """With the hash of the files: "plain@3f2a91c0"."""
    files: Mapping[str, str] = field(compare=False, repr=False)
    shows_results: bool = field(default=False, repr=False)
    _render: Renderer = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        files = MappingProxyType(dict(self.files))
        object.__setattr__(self, "files", files)
        said = f"prompt {self.name.partition('@')[0]}"
        object.__setattr__(self, "_render", Renderer(files, said, most=MOST_CHARACTERS, strict=True))

    def worded(self, words: Worded) -> TemplateDialect:
        return self

    def opening(self, brief: Brief) -> tuple[Message, ...]:
        """The system message, if system.j2 says anything, and the task.

        Raises:
            RenderError: a file cannot be rendered.
        """
        system, task = self._render(("system.j2", "task.j2"), opening_values(brief))
        said = [Message("system", system.strip())] if system.strip() else []
        return (*said, Message("user", task.strip()))

    def parse(self, text: str) -> Action:
        return CodeAct().parse(text)

    def reply(self, action: Action) -> str:
        return CodeAct().reply(action)

    def observe(self, observation: Observation) -> tuple[Message, ...]:
        """What came of a turn.

        Raises:
            RenderError: a file cannot be rendered.
        """
        (said,) = self._render(("observation.j2",), later_values(observation))
        return (Message("user", said.strip()),)

    def retry(self) -> None:
        """Files that were given up, because they took too long, are rendered again."""
        self._render.retry()

    def text(self, file: str, values: Mapping[str, Any]) -> str:
        """One file with these values, as `opening_values` and `later_values` make them.

        Raises:
            RenderError: it cannot be rendered.
        """
        return self._render((file,), values)[0]


def opening_values(brief: Brief) -> dict[str, Any]:
    """What system, task and delegation get."""
    functions = [_function(each) for each in brief.functions]
    return {
        "goal": brief.goal,
        "args": dict(brief.args),
        "agent": brief.agent,
        "depth": brief.depth,
        "functions": functions,
        "can_launch": any(each["launch"] for each in functions),
        "turns_left": brief.turns_left,
    }


def _function(function: Function) -> dict[str, Any]:
    waits = "await " if function.is_async else ""
    return {
        "name": function.name,
        "call": waits + function.signature,
        "doc": " ".join(function.doc.split()),
        "launch": function.name == LAUNCH,
    }


def later_values(observation: Observation) -> dict[str, Any]:
    """What observation and refusal get."""
    reasons = Counter(
        call.error
        for call in observation.calls
        if call.name == LAUNCH and call.error and (call.child is None or call.result is None)
    )
    error = observation.error or ""
    return {
        "output": observation.output.rstrip(),
        "cut": observation.cut,
        "error": "" if observation.unreadable else error,
        "unreadable": error if observation.unreadable else "",
        "refused": [{"reason": reason, "times": times} for reason, times in reasons.items()],
        "calls": [{"name": call.name, "error": call.error or ""} for call in observation.calls],
        "note": observation.note,
        "turns_left": observation.turns_left,
    }
