"""What is changed in a tree that is run again: what a node is told, in which words, and what a child returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rao_lab.protocols import Dialect, Launch


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes by the paths of nodes; none by default."""

    goals: Mapping[str, str | Launch] = field(default_factory=dict)
    """Text is what the node is told, while the world still holds it to what it was launched for. A `Launch` also
    changes its arguments, and with them what the world holds it to."""
    dialects: Mapping[str, Dialect] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the parent of a node is given in place of what it returned. The node's own record stays as it is."""

    def launch(self, path: str, made: Launch) -> Launch:
        """The launch of a node. Its turns were reserved before, and stay."""
        goal = self.goals.get(path)
        if goal is None:
            return made
        return replace(made, goal=goal) if isinstance(goal, str) else replace(goal, turns=made.turns)

    def told_args(self, path: str, launch: Launch) -> Mapping[str, Any]:
        """The arguments that a dialect may put into words of its own: none if the goal is text that was edited."""
        return {} if isinstance(self.goals.get(path), str) else launch.args


UNCHANGED = Edits()
