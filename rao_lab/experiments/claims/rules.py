"""Credit rules of two controls, given to training as functions: rejection sampling, and a cost of nodes.

    rl.TrainConfig(credit=rl.CreditConfig(lam=0.0, estimator=rejection))

Both count every node of a tree; neither knows what a task is about.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rao_lab.credit import CreditNodes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NODE_COST = 0.05
"""What a node below costs, in success."""


def rejection(nodes: CreditNodes) -> dict[str, Floats]:
    """Every node of a tree whose root succeeded is imitated with weight 1; no other tree is trained on.

    The loss is then the mean negative log-prob of the kept tokens: fine-tuning on what the policy itself got right.
    """
    solved = nodes.s[nodes.root] == 1.0
    ones = np.ones(len(nodes))
    return {"A": np.where(solved, 1.0, np.nan), "b": np.zeros(len(nodes)), "w": ones}


def node_cost(nodes: CreditNodes) -> dict[str, Floats]:
    """R less `NODE_COST` for each node below, compared as in equation 3 with the other trees' roots, theirs less too.

    A node pays for what it launched and for all that came of it, so a root pays for its whole tree. The weights of
    depths are those of the config. Its lambda should be 0: otherwise a child that succeeds pays its parent lambda, and
    a small cost makes small trees no dearer than none.
    """
    returns = nodes.R - NODE_COST * nodes_below(nodes.parent, nodes.depth)
    of_roots = np.where(nodes.parent < 0, nodes.group, -1)
    b = nodes.others_mean(returns, of_roots)[nodes.root]
    return {"A": returns - b, "b": b}


def nodes_below(parent: Ints, depth: Ints) -> Ints:
    """How many nodes each one's subtree holds without itself, `[N]`, from columns `[N]`; cancelled ones count."""
    found = np.zeros(len(parent), np.int64)
    for level in range(int(depth.max(initial=0)), 0, -1):
        rows = np.flatnonzero(depth == level)
        np.add.at(found, parent[rows], 1 + found[rows])
    return found
