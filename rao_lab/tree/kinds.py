"""Trees told apart by the kind of question: how well each kind went, and whether its helpers were launched together.

A world that has kinds says so in the arguments of its launches (`args["kind"]`), also in those of the root. Parts that
do not need each other can be worked on at the same time; a chain cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from rao_lab.base.words import counted, fixed
from rao_lab.tree.node import Node
from rao_lab.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class KindFigures:
    """Of the trees of one kind, and of the launches by nodes of this kind in any tree."""

    tasks: int
    scored: int
    success: float | None
    nodes: float | None
    """Mean of a tree."""
    depth: float | None
    """Mean of a tree."""
    launches: int
    together: float | None
    """Share of the launches that were made beside a sibling."""

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def words(self) -> str:
        """In a line."""
        said = [f"none of {counted(self.tasks, 'task')} scored"] if self.tasks else []
        if self.success is not None and self.nodes is not None and self.depth is not None:
            said = [
                f"success {fixed(self.success, 2)} on {counted(self.scored, 'task')}",
                f"{fixed(self.nodes, 1)} nodes a tree",
                f"mean depth {fixed(self.depth, 1)}",
            ]
        if self.together is not None:
            said.append(
                f"such agents launch {self.together:.0%} of {counted(self.launches, 'helper')} together"
            )
        return ", ".join(said)


NO_KIND = "no kind"
"""Of trees whose world does not say it, beside others of which it does."""


def kind_of(node: Node) -> str:
    """What kind of question a node works on; "" = its world does not say."""
    kind = node.args.get("kind")
    return kind if isinstance(kind, str) else ""


def tree_kind(tree: Tree) -> str:
    return kind_of(tree.root) if tree.nodes else ""


def by_kind(trees: Sequence[Tree], kind: Callable[[Tree], str] = tree_kind) -> dict[str, KindFigures]:
    """Figures by kind, in alphabetical order; nothing if no tree has one. All trees are in it if one is.

    Args:
        kind: of a tree. A launch has the kind of the node that made it, otherwise that of its tree.
    """
    found: dict[str, list[Tree]] = {}
    launched: dict[str, list[bool]] = {}
    for tree in trees:
        own = kind(tree)
        if own:
            found.setdefault(own, []).append(tree)
        kinds = {node.path: kind_of(node) for node in tree.nodes}
        for node in tree.nodes:
            if node.parent is not None and (maker := kinds.get(node.parent) or own):
                launched.setdefault(maker, []).append(node.together)
    if found and (rest := [tree for tree in trees if not kind(tree)]):
        found[NO_KIND] = rest
    return {
        name: _figures(found.get(name, []), launched.get(name, [])) for name in sorted({*found, *launched})
    }


def _figures(trees: Sequence[Tree], launched: Sequence[bool]) -> KindFigures:
    scores = [tree.success for tree in trees if tree.success is not None]
    return KindFigures(
        tasks=len(trees),
        scored=len(scores),
        success=fmean(scores) if scores else None,
        nodes=fmean(len(tree) for tree in trees) if trees else None,
        depth=fmean(tree.depth for tree in trees) if trees else None,
        launches=len(launched),
        together=fmean(launched) if launched else None,
    )
