"""What every format is made of: a tree, its credit, and names for its nodes. No path, host or key is among them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rao_lab.credit import Attribution
from rao_lab.tree import Call, Node, Tree
from rao_lab.tree.values import encode


@dataclass(frozen=True)
class Known:
    """One tree to write."""

    tree: Tree
    name: str
    """Tells it from the other trees of the file."""
    credit: Mapping[str, Attribution] = field(default_factory=dict)
    """By path; empty if it has none."""

    def id(self, path: str) -> str:
        """Of a node, in the whole file."""
        return f"{self.name}/{path}"


def sayable(value: Any) -> Any:
    """A value as JSON can hold it: what JSON has no word for is tagged as `tree.values` does."""
    return encode(value)


def arguments(call: Call) -> dict[str, Any]:
    """The arguments of a call by name; those without a name stand under "args"."""
    unnamed = {"args": sayable(list(call.args))} if call.args else {}
    return {**unnamed, **{name: sayable(value) for name, value in call.kwargs.items()}}


def score_of(node: Node) -> float | None:
    """What it earned in its world's own range, otherwise s."""
    return node.success if node.reward is None else node.reward


def line(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
