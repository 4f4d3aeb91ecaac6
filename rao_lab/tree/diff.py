"""Two trees side by side: which node is which, where they first part, what only one of them has.

The roots are one another. Below two nodes that are one another, children are aligned by goal and spawn order, as
`align.py` defines it; goals are compared without the words that all goals of both trees begin with. A child that is
not aligned is in one tree alone, with all that is below it.

Two aligned nodes part at their first turn that differs, as `compare.py` defines it: another action, the same action
in other words, the same action with another result, or an end. What they read is not compared: two prompts differ
from the first message on. But a node that a fork told something else parts from the original when it is
launched. The trees part at the earliest of these by the first tree's logical clock. What was written
counts when it was written, what was given when the turn's code had run. If ticks and seconds are equal, the node that
comes first in path order counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.base.width import usual_width
from rao_lab.errors import InputError
from rao_lab.tree.align import Pair, align
from rao_lab.tree.compare import Goals, Parting, Row, partings, told_apart
from rao_lab.tree.diff_text import side_by_side
from rao_lab.tree.earned import Credit, Earned, earned_by
from rao_lab.tree.node import Node, path_key
from rao_lab.tree.origin import retold
from rao_lab.tree.text import preamble
from rao_lab.tree.told_counts import tokens_told, turns_written
from rao_lab.tree.tree import Tree


@dataclass(frozen=True, repr=False)
class TreeDiff:
    """Two trees, aligned.

    >>> other = rl.run(task, env, rl.load_policy("scripted", style="per_ingredient"))
    >>> found = rl.diff(tree, other)
    >>> found.first.turn, [node.path for node in found.only_a], len(rl.diff(tree, tree).changed)
    (1, ['0.0.0'], 0)
    """

    a: Tree
    b: Tree
    rows: tuple[Row, ...]
    """Every node of both trees: parents first, siblings in spawn order, what is in the first tree alone before what
    is in the second."""
    first: Parting | None
    """Where the trees first differ; None if they say and do the same."""
    first_action: Parting | None
    """Where they first act differently; None if they only say it in other words."""
    names: tuple[str, str] = ("", "")
    """What `print` calls them; by default, as their headers say."""

    @property
    def pairs(self) -> list[Row]:
        """The nodes that are in both trees."""
        return [row for row in self.rows if row.both]

    @property
    def changed(self) -> list[Row]:
        """The rows that are not the same in both."""
        return [row for row in self.rows if row.changed]

    @property
    def only_a(self) -> list[Node]:
        """Tops of the sub-trees that are in the first tree alone."""
        return _tops([row.a for row in self.rows if row.b is None])

    @property
    def only_b(self) -> list[Node]:
        """Tops of the sub-trees that are in the second tree alone."""
        return _tops([row.b for row in self.rows if row.a is None])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON for a view."""
        return {
            "a": _tree_facts(self.a),
            "b": _tree_facts(self.b),
            "first": None if self.first is None else self.first.to_dict(),
            "first_action": None if self.first_action is None else self.first_action.to_dict(),
            "only_a": [node.path for node in self.only_a],
            "only_b": [node.path for node in self.only_b],
            "rows": [
                {
                    "a": _node_facts(row.a, row.earned[0]),
                    "b": _node_facts(row.b, row.earned[1]),
                    "goals": row.goals,
                    "changed": row.changed,
                    "partings": [parting.to_dict() for parting in row.partings],
                }
                for row in self.rows
            ],
        }

    def __str__(self) -> str:
        return side_by_side(
            self.a, self.b, self.rows, self.first, self.first_action, usual_width(), self.names
        )

    def __repr__(self) -> str:
        return f"<TreeDiff of {len(self.a)} and {len(self.b)} nodes: {len(self.pairs)} in both>"


def diff_trees(
    a: Tree, b: Tree, credit_a: Credit = None, credit_b: Credit = None, names: tuple[str, str] = ("", "")
) -> TreeDiff:
    """Aligns two trees.

    Args:
        credit_a, credit_b: what the nodes earned, as `str` of a tree takes it: the attributions of a step, or a
            mapping from path to record. They add R and A.
        names: what `print` calls the trees.

    Raises:
        InputError: a tree has no nodes, or this is no tree.
        MissingError: the attributions do not know the tree.
    """
    for name, tree in (("first", a), ("second", b)):
        if not isinstance(tree, Tree):
            raise InputError(
                f"the {name} of two trees to compare is {quoted(tree)}: give a tree, as rl.run returns"
            )
        if not tree.nodes:
            raise InputError(f"the {name} of two trees to compare has no nodes yet")
    rows = tuple(_rows(a, b, earned_by(a, credit_a) or {}, earned_by(b, credit_b) or {}))
    found = [parting for row in rows for parting in row.partings]
    acted = [parting for parting in found if parting.what != "words"]
    return TreeDiff(a, b, rows, _earliest(found), _earliest(acted), names)


def _rows(a: Tree, b: Tree, earned_a: Mapping[str, Earned], earned_b: Mapping[str, Earned]) -> Iterator[Row]:
    shared = preamble(a.nodes)
    shared = shared if shared == preamble(b.nodes) else ""
    forked = retold(a.header) | retold(b.header) if _same_rollout(a, b) else set()

    def row(left: Node | None, right: Node | None, goals: Goals | None) -> Row:
        earned = (
            earned_a.get(left.path) if left else None,
            earned_b.get(right.path) if right else None,
        )
        if left is None or right is None:
            return Row(left, right, goals, (), earned)
        told = told_apart(left, right) if left.path == right.path and left.path in forked else ()
        goals = "other" if told and left.goal != right.goal else goals
        return Row(left, right, goals, (*told, *partings(left, right)), earned)

    def words(node: Node) -> str:
        return f"fork {node.path}" if node.path in forked else node.goal.removeprefix(shared)

    def pairs(left: Sequence[Node], right: Sequence[Node]) -> list[Pair]:
        return align(*([words(node) for node in nodes] for nodes in (left, right)))

    roots = pairs([a.root], [b.root])
    stack = [row(a.root, b.root, roots[0][2] if roots else "other")]
    while stack:
        yield (top := stack.pop())
        left = a.children(top.a.path) if top.a else ()
        right = b.children(top.b.path) if top.b else ()
        below: list[Row] = []
        at = bt = 0
        for i, j, goals in pairs(left, right):
            below += [row(node, None, None) for node in left[at:i]]
            below += [row(None, node, None) for node in right[bt:j]]
            below.append(row(left[i], right[j], goals))
            at, bt = i + 1, j + 1
        below += [row(node, None, None) for node in left[at:]]
        below += [row(None, node, None) for node in right[bt:]]
        stack += reversed(below)


def _same_rollout(a: Tree, b: Tree) -> bool:
    """Whether they are one tree and its fork, or two forks of it."""
    one, two = (
        (each.header.task.id, each.header.step, each.header.probe, each.header.group, each.header.rollout)
        for each in (a, b)
    )
    return one == two


def _earliest(found: Sequence[Parting]) -> Parting | None:
    return min(found, key=lambda parting: (parting.when, path_key(parting.a)), default=None)


def _tops(nodes: Sequence[Node | None]) -> list[Node]:
    inside = {node.path for node in nodes if node}
    return [node for node in nodes if node and node.parent not in inside]


def _tree_facts(tree: Tree) -> dict[str, Any]:
    header = tree.header
    return {
        "task": header.task.id,
        "agent": header.agent,
        "policy": header.policy,
        "policy_version": header.policy_version,
        "prompt": tree.root.template,
        "step": header.step,
        "group": header.group,
        "rollout": header.rollout,
        "success": tree.success,
        "nodes": len(tree),
        "depth": tree.depth,
        "turns": sum(map(turns_written, tree.nodes)),
        "tokens": tokens_told(tree.nodes),
    }


def _node_facts(node: Node | None, earned: Earned | None) -> dict[str, Any] | None:
    if node is None:
        return None
    return {
        "path": node.path,
        "depth": node.depth,
        "goal": node.goal,
        "status": node.status.value,
        "s": node.success,
        "R": None if earned is None else earned.R,
        "A": None if earned is None else earned.A,
        "turns": turns_written(node),
        "tokens": tokens_told([node]),
    }
