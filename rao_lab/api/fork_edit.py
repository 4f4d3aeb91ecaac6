"""The place of a fork and the one thing that it changes, checked before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rao_lab.api.fork_known import Known
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError
from rao_lab.execution.edits import Edits
from rao_lab.prompts import Prompt, find
from rao_lab.protocols import Action, Dialect, Launch, ParseFailure
from rao_lab.tree import Tree, Turn
from rao_lab.tree.cut import Cut, Rest, cut


@dataclass(frozen=True)
class Asked:
    """The place and the change."""

    tree: Tree
    node: str
    turn: int
    rest: Rest
    goal: str | Launch | None
    prompt: Prompt | None
    action: str | None
    child_value: Mapping[str, Any] | None

    def cut(self, known: Known) -> tuple[Cut, Edits, dict[str, Any]]:
        """Where the recording ends, what is changed, and the change as the forks' headers say it.

        Raises:
            ConfigError, MissingError: the change means nothing at this place.
        """
        self._check_one()
        goals, dialects, values = _edits_before(self.tree, known)
        if self.action is not None:
            turn = self._turn()
            text = _reply(self.action, turn, dialects.get(self.node, known.dialect))
            at = cut(self.tree, self.node, self.turn, self.rest, text=text)
            return at, Edits(goals, dialects, values), {"action": self.action}
        if self.child_value is not None:
            at = cut(self.tree, self.node, self.turn, self.rest, children=_values(self.child_value))
            return (
                at,
                Edits(goals, dialects, {**values, **self.child_value}),
                {"child_value": dict(self.child_value)},
            )
        at = cut(self.tree, self.node, self.turn, self.rest)
        edit: dict[str, Any] = {}
        if self.goal is not None:
            goals = {**goals, self.node: self.goal}
            edit |= (
                {"goal": self.goal}
                if isinstance(self.goal, str)
                else {"goal": self.goal.goal, "args": dict(self.goal.args)}
            )
        if self.prompt is not None:
            found = find(self.prompt)
            if found.name == self.tree.node(self.node).template:
                raise ConfigError(
                    f"prompt {found.name} is what node {self.node} had: give another, or leave it out"
                )
            dialects = {**dialects, self.node: found}
            edit |= {"prompt": found.name}
        return at, Edits(goals, dialects, values), edit

    def _check_one(self) -> None:
        told = [name for name in ("goal", "prompt") if getattr(self, name) is not None]
        done = [name for name in ("action", "child_value") if getattr(self, name) is not None]
        if len(done) + bool(told) > 1:
            raise ConfigError(
                f"{' and '.join([*told, *done])} together: a fork changes one thing, so give one of them"
            )
        if told and self.turn != 1:
            raise ConfigError(
                f"{told[0]} at turn {self.turn}: a node reads it at its turn 1, so fork it there"
            )
        if self.goal is not None and not (
            isinstance(self.goal, Launch) or (isinstance(self.goal, str) and self.goal)
        ):
            raise ConfigError(f"goal must be text, or a Launch(goal, args), not {quoted(self.goal)}")
        if self.action is not None and not (isinstance(self.action, str) and self.action.strip()):
            raise ConfigError(f"action must be code, or a whole reply, not {quoted(self.action)}")

    def _turn(self) -> Turn:
        return self.tree.node(self.node).turns[cut(self.tree, self.node, self.turn, self.rest).turn - 1]


def _edits_before(
    tree: Tree, known: Known
) -> tuple[dict[str, str | Launch], dict[str, Dialect], dict[str, Any]]:
    """What was changed in a tree that is itself a fork: it must be changed again, so that it can be replayed."""
    goals: dict[str, str | Launch] = {}
    values: dict[str, Any] = {}
    origin = tree.header.origin
    while isinstance(origin, Mapping):
        edit, path = origin.get("edit"), str(origin.get("node"))
        if isinstance(edit, Mapping) and "goal" in edit and tree.has(path):
            node = tree.node(path)
            goals.setdefault(path, Launch(node.goal, node.args) if "args" in edit else node.goal)
        if isinstance(edit, Mapping) and isinstance(edit.get("child_value"), Mapping):
            values = {**edit["child_value"], **values}
        origin = origin.get("before")
    return goals, dict(known.dialects), values


def _values(given: object) -> Mapping[str, Any]:
    """Values of children by path.

    Raises:
        ConfigError: it is something else, or a value that no file can keep.
    """
    if not isinstance(given, Mapping) or not given:
        raise ConfigError(
            f'child_value must give values by the paths of children, as in {{"0.1.0": "done"}}, not {quoted(given)}'
        )
    for path, value in given.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ConfigError(
                f"child_value of {quoted(path)} must be plain JSON, not {quoted(value)}"
            ) from None
    return given


def _reply(action: str, turn: Turn, dialect: Dialect) -> str:
    """The reply whose code is this action; a whole reply is taken as it is.

    Raises:
        ConfigError: this prompt has no way to say it.
    """
    if _code(action, dialect) not in (None, action.strip()):
        return action
    for thought in (turn.thought, ""):
        text = dialect.reply(Action(thought, action))
        if _code(text, dialect) == action.strip():
            return text
    raise ConfigError(
        f"action {quoted(action)} is no code that a reply of the prompt {dialect.name} can hold"
    )


def _code(text: str, dialect: Dialect) -> str | None:
    try:
        return dialect.parse(text).code.strip()
    except ParseFailure:
        return None
