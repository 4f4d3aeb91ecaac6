"""What was learned, as counts: who delegates, by the tier of its goal and by whether it would fit one window.

A node *fits* if the shortest flat transcript of its own goal, begun with base items alone, is at most as long as its
window. So a rate at one tier, of nodes that fit and of nodes that do not, tells whether an agent delegates what is too
long for it, or whatever can be made. `parts` are the ingredients of a goal that can be made themselves; a node that
delegates every part follows the rule "delegate whatever can be crafted".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rao_lab.credit import Attributions
from rao_lab.environments.textcraft.recipes import Recipes, heights, summed_demand
from rao_lab.environments.textcraft.tasks import open_task
from rao_lab.evaluation.ceiling import flat_tokens
from rao_lab.evaluation.rows import labels_of
from rao_lab.protocols import Environment, Policy
from rao_lab.training.metrics import NO_SIGN
from rao_lab.tree import Node, Status, Task, Tree

COLUMNS = (
    *("nodes", "delegated", "with_parts", "every_part", "no_part"),
    *("parts", "parts_delegated", "children", "together", "succeeded"),
)
"""What is counted in a cell. `every_part` and `no_part`: nodes with parts that delegated all of them, and none.
`together`: children launched at the same await as another."""
FITS = {True: "fits", False: "not", None: "unknown"}
SLACK = 3
"""More of each base item than a goal needs, as in a task."""


def measure(trees: Sequence[Tree], environment: Environment, policy: Policy) -> dict[str, Any]:
    """Counts over trees of recursive agents, as plain JSON; see `Measure`."""
    return Measure(environment, policy)(trees)


def pushed_down(found: Attributions) -> dict[str, int]:
    """Bias (i) in one step: how many leaves that succeeded under a root that succeeded there are, and how many of them
    have a negative advantage all the same, since roots are paid for their children and leaves have none."""
    table = found.table
    above = table.parent[table.parent >= 0]
    leaf = (table.parent >= 0) & (np.bincount(above, minlength=len(table)) == 0)
    solved = leaf & found.trained & (table.s == 1.0) & (table.s[table.tree_starts[table.tree_of]] == 1.0)
    return {"leaves": int(solved.sum()), "negative": int((found.A[solved] < -NO_SIGN).sum())}


@dataclass
class Measure:
    """Counts over trees. It remembers the lengths that it has reckoned, so use one for many evaluations.

    A call returns
    - `columns`: the names of what a cell counts;
    - `cells`: "root 3 fits" -> a number for each column; "root" or "child", the tier, and how it fits;
    - `depths`: tier of the root -> depth of the tree -> trees;
    - `items`: target item -> "3 fits" -> [nodes, delegated], roots and children, for resampling by item; only for
      tiers of which some nodes fit and some do not, since only these say what fitting does.
    """

    environment: Environment
    policy: Policy
    _lengths: dict[tuple[str, tuple[tuple[str, int], ...]], int | None] = field(default_factory=dict)

    def __call__(self, trees: Sequence[Tree]) -> dict[str, Any]:
        cells: dict[str, Counter[str]] = {}
        depths: dict[int, Counter[int]] = {}
        items: dict[str, dict[str, list[int]]] = {}
        for tree in trees:
            recipes = open_task(tree.task).recipes
            origin = items.setdefault(str(labels_of(tree.task, self.environment).get("item", "")), {})
            for node in tree.nodes:
                found = self._node(tree, node, recipes)
                if found is None:
                    continue
                tier, fits, counted = found
                where = "root" if node.parent is None else "child"
                cells.setdefault(f"{where} {tier} {FITS[fits]}", Counter()).update(counted)
                pair = origin.setdefault(f"{tier} {FITS[fits]}", [0, 0])
                pair[0] += 1
                pair[1] += counted["delegated"]
                if node.parent is None:
                    depths.setdefault(tier, Counter())[tree.depth] += 1
        return {
            "columns": list(COLUMNS),
            "cells": {name: [cells[name][each] for each in COLUMNS] for name in sorted(cells)},
            "depths": {
                str(tier): {str(depth): depths[tier][depth] for depth in sorted(depths[tier])}
                for tier in sorted(depths)
            },
            "items": _comparable(items),
        }

    def _node(
        self, tree: Tree, node: Node, recipes: Recipes
    ) -> tuple[int, bool | None, Mapping[str, int]] | None:
        """Tier, whether it fits, and a number for each column; None if the node was cut off by others."""
        targets = node.args.get("targets", {})
        if node.status in (Status.CANCELLED, Status.ERROR) or not targets:
            return None
        height = heights(recipes, targets)
        tier = max(height[item] for item in targets)
        parts = {
            name
            for item in targets
            if item in recipes
            for name in recipes[item].ingredients
            if name in recipes
        }
        asked = {name for child in tree.children(node.path) for name in child.args.get("targets", ())}
        sent = len(parts & asked)
        length = self._length(tree.task, targets, recipes)
        window = node.window or self.policy.window
        counted = {
            "nodes": 1,
            "delegated": int(bool(node.children)),
            "with_parts": int(bool(parts)),
            "every_part": int(bool(parts) and sent == len(parts)),
            "no_part": int(bool(parts) and not sent),
            "parts": len(parts),
            "parts_delegated": sent,
            "children": len(node.children),
            "together": sum(child.together for child in tree.children(node.path)),
            "succeeded": int(node.success == 1.0),
        }
        return tier, None if length is None else length <= window, counted

    def _length(self, task: Task, targets: Mapping[str, int], recipes: Recipes) -> int | None:
        """Tokens of the shortest flat transcript of a goal in this task's world."""
        key = task.id, tuple(targets.items())
        if key not in self._lengths:
            self._lengths[key] = self._reckon(task, targets, recipes)
        return self._lengths[key]

    def _reckon(self, task: Task, targets: Mapping[str, int], recipes: Recipes) -> int | None:
        if any(item not in recipes for item in targets):
            return None
        base = summed_demand(recipes, targets).base
        inventory = {item: count + SLACK for item, count in base.items()}
        alone = replace(task, data={**task.data, "targets": dict(targets), "inventory": inventory})
        return flat_tokens(alone, self.environment, self.policy)


def _comparable(items: Mapping[str, Mapping[str, list[int]]]) -> dict[str, dict[str, list[int]]]:
    """Only the tiers of which some nodes fit and some do not."""
    seen = {cell for cells in items.values() for cell in cells}
    tiers = {cell.split()[0] for cell in seen}
    both = {tier for tier in tiers if {f"{tier} {FITS[fits]}" for fits in (True, False)} <= seen}
    kept = {
        item: {cell: pair for cell, pair in sorted(cells.items()) if cell.split()[0] in both}
        for item, cells in sorted(items.items())
    }
    return {item: cells for item, cells in kept.items() if cells}
