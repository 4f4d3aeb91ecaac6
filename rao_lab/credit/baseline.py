"""What a node's reward is compared with, and its advantage: equation 3, or the estimator that replaces it.

Letters for shapes as in `equations.py`; M members, P pools.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rao_lab.credit.config import CreditConfig
from rao_lab.credit.moving import compared_with, step_means
from rao_lab.credit.pools import Pools
from rao_lab.credit.rule import CreditNodes, Rule
from rao_lab.credit.table import Floats, Ints, NodeTable

ALIKE = 1e-8
"""If the compared returns spread less than this, they count as equal and `std` does not divide."""


@dataclass(frozen=True, slots=True)
class View:
    """A table with the indices that several terms share."""

    table: NodeTable
    roots_K: Ints
    """Row of each tree's root, `[K]`."""
    group_of_tree: Ints
    """Group of each tree, `[K]`."""
    root_N: Ints
    """Row of the root of each row's tree, `[N]`."""
    groups: int
    """G."""

    @classmethod
    def of(cls, table: NodeTable) -> View:
        roots = table.tree_starts
        group_of_tree = table.group_of[roots]
        groups = int(group_of_tree[-1]) + 1 if len(roots) else 0
        return cls(table, roots, group_of_tree, roots[table.tree_of], groups)


@dataclass(frozen=True, slots=True)
class Compared:
    """The pool of returns that each node's is compared with."""

    pools: Pools
    pool_N: Ints
    """Pool of each row, `[N]`."""
    own_N: Ints
    """The row that leave-one-out leaves out for each row, `[N]`."""
    members: Ints
    """Rows whose returns are in the pools, `[M]`."""

    @classmethod
    def of(cls, view: View, config: CreditConfig, returns: Floats) -> Compared:
        """The roots of a group; all nodes of a group for `grpo_mean`; the children of a node for `tree_relative`."""
        table, pools = view.table, view.groups
        pool, own, members = table.group_of, view.root_N, view.roots_K
        if config.estimator == "grpo_mean":
            members = np.arange(len(table))
        elif config.estimator == "tree_relative":
            child = table.parent >= 0
            pool, pools = np.where(child, pools + table.parent, pool), pools + len(table)
            own = np.arange(len(table))
            members = np.flatnonzero(~(child & table.cancelled))
        members = members[~np.isnan(returns[members])]
        return cls(Pools.of(returns[members], pool[members], pools), pool, own, members)

    def own(self, returns: Floats) -> Floats:
        """What leave-one-out leaves out for each row; NaN = it is in no pool: `[N]`."""
        inside = np.full(len(returns), np.nan)
        inside[self.members] = returns[self.members]
        return inside[self.own_N]


def baseline_of(
    view: View, config: CreditConfig, returns: Floats, compared: Compared, moving: Floats | None
) -> Floats:
    """b of equation 3, `[N]`; NaN = there is nothing to compare with."""
    if config.baseline == "none":
        return np.zeros(len(view.table))
    if moving is not None:
        depth = np.zeros_like(view.table.depth) if by_root(config) else view.table.depth
        return compared_with(moving, step_means(view.table, returns))[depth]
    if config.baseline == "leave_one_out":
        return compared.pools.without(compared.own(returns), compared.pool_N)
    mean = compared.pools.mean()
    if config.estimator == "tree_relative":
        mean[view.groups :][compared.pools.count[view.groups :] < 2] = np.nan  # an only child
    return mean[compared.pool_N]


def by_root(config: CreditConfig) -> bool:
    """A node gets what its root earned."""
    return config.estimator in ("rao_root_adv", "root_only")


def advantage_of(
    view: View, config: CreditConfig, returns: Floats, baseline: Floats, compared: Compared
) -> Floats:
    """A of equation 3, or of the estimator that replaces it, `[N]`."""
    own = returns[view.root_N] if by_root(config) else returns
    advantage = own - baseline
    if not config.std:
        return advantage
    values = returns[compared.members]
    spread = compared.pools.spread(values, compared.pool_N[compared.members])[compared.pool_N]
    return advantage / np.where(spread > ALIKE, spread, 1.0)


def ruled_by(
    rule: Rule, view: View, terms: tuple[Floats, Floats], returns: Floats, baseline: Floats
) -> dict[str, Floats]:
    """What a rule of the user says of the nodes; see `Rule`."""
    table = view.table
    goal = np.full(len(table), -1) if table.goal is None else table.goal
    columns: dict[str, Any] = {
        "group": table.group_of,
        "tree": table.tree_of,
        "parent": table.parent,
        "root": view.root_N,
        "depth": table.depth,
        "goal": goal,
        "tokens": table.tokens,
    }
    numbers = {"s": table.s, "child_mean": terms[0], "bonus": terms[1], "R": returns, "b": baseline}
    arrays: dict[str, Any] = {
        **{name: column.astype(np.int64) for name, column in columns.items()},
        **{name: column.copy() for name, column in numbers.items()},
    }
    for array in arrays.values():
        array.flags.writeable = False
    return rule(CreditNodes(path=tuple(table.path), status=tuple(table.status), **arrays))
