"""A prompt of files tried out before a model runs: every file, for every kind of state that it may meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rao_lab.base.rendering import RenderError
from rao_lab.errors import InputError
from rao_lab.prompts.template import VARIABLES, TemplateDialect, later_values, opening_values
from rao_lab.protocols import Brief, Function, Observation
from rao_lab.tree import Call

_PLAIN = Function("look", "look(name: str) -> dict[str, int]", "What is known of a thing.")
_FINISH = Function("finish", "finish(value)", "Ends the work and hands on its value.")
_LAUNCH = Function("launch_subagent", "launch_subagent(goal: str)", "Starts a helper.", is_async=True)
_REFUSED = Call("launch_subagent", error="you forgot await")

BRIEFS = {
    "a root": Brief("Add up 3 and 4.", {"numbers": [3, 4]}, "recursive", 0, (_PLAIN, _FINISH, _LAUNCH), 8),
    "a helper": Brief("Add up 3.", {}, "recursive", 2, (_PLAIN, _FINISH, _LAUNCH), 1),
    "a flat agent": Brief("Add up 3 and 4.", {}, "flat", 0, (_PLAIN, _FINISH), 80),
    "an agent whose turns are not counted": Brief("Add up 3.", functions=(_FINISH,)),
}
OBSERVATIONS = {
    "a silent turn": Observation(turns_left=7),
    "a turn that printed": Observation((Call("look"),), "{'a': 1}\n", turns_left=6),
    "a turn that printed too much": Observation((), "aaaa", turns_left=5, cut=True),
    "a turn that failed": Observation((Call("look", error="no such thing"),), "1\n", "KeyError: 'a'", 4),
    "an unreadable reply": Observation((), "", "I found no code.", 3, unreadable=True),
    "refused launches": Observation((_REFUSED, _REFUSED), "", turns_left=2),
    "a turn with a note": Observation((), "1", turns_left=1, note="Only your first block ran."),
    "a turn that is not counted": Observation(),
}


def check(prompt: TemplateDialect) -> None:
    """Renders each file for each sample.

    Raises:
        InputError: one cannot be rendered, or leaves a message empty that a model has to get.
    """
    for state, file, values in _samples():
        try:
            text = prompt.text(file, values)
        except RenderError as problem:
            hint = f"; {file} gets {', '.join(VARIABLES[file])}" if "is undefined" in problem.problem else ""
            raise InputError(f"{problem}{hint} (tried with {state})") from None
        if not text.strip() and file in ("task.j2", "observation.j2"):
            raise InputError(f"prompt {prompt.name.partition('@')[0]}: {file} says nothing to {state}")


def _samples() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for state, brief in BRIEFS.items():
        for file in ("system.j2", "delegation.j2", "task.j2"):
            yield state, file, opening_values(brief)
    for state, observation in OBSERVATIONS.items():
        for file in ("observation.j2", "refusal.j2"):
            yield state, file, later_values(observation)
