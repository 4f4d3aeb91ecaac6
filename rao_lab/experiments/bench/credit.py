"""Credit: what each rule costs a step of 1,000,000 nodes, beside the paper's.

The rules take turns, so that a machine that slows down slows all of them. Trees have 50 nodes, five children a node, in
groups of 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from rao_lab.credit import CreditConfig, CreditNodes, NodeTable, attribute_table
from rao_lab.experiments.bench.cases import Case, Say, seconds

NODES, SIZE, FANOUT, ROLLOUTS, ROUNDS = 1_000_000, 50, 5, 8, 5


def siblings_and_root(nodes: CreditNodes) -> Any:
    """A rule of the user, on columns."""
    family = np.where(nodes.parent < 0, -1, nodes.parent)
    siblings = nodes.others_mean(nodes.R, family)
    b = np.where(np.isnan(siblings), nodes.b, (siblings + nodes.b) / 2)
    return {"A": nodes.R - b, "b": b}


RULES = {
    "rao": CreditConfig(),
    "rao_root_adv": CreditConfig(estimator="rao_root_adv"),
    "grpo_mean": CreditConfig(estimator="grpo_mean", baseline="group_mean"),
    "root_only": CreditConfig(estimator="root_only"),
    "tree_relative": CreditConfig(estimator="tree_relative"),
    "moving": CreditConfig(baseline="moving"),
    "platoon_sum": CreditConfig.preset("platoon_sum"),
    "rao with std": CreditConfig(std=True),
    "a function of the user": CreditConfig(estimator=siblings_and_root),
}


def measure(say: Say) -> Sequence[Case]:
    table = many_nodes(NODES)
    times: dict[str, list[float]] = {name: [] for name in RULES}
    for turn in range(ROUNDS):
        say(f"round {turn + 1} of {ROUNDS}")
        for name, config in RULES.items():
            times[name].append(seconds(partial(attribute_table, table, config), 1))
    usual = median(times["rao"])
    return [
        Case(f"credit/{name}", median(found), "s", "credit/rao", median(found) / usual)
        for name, found in times.items()
    ]


def many_nodes(count: int) -> NodeTable:
    """A step of about so many nodes, random in what they achieved."""
    dice = np.random.default_rng(0)
    trees = count // SIZE
    within = np.tile(np.arange(SIZE), trees)
    first = np.repeat(np.arange(trees) * SIZE, SIZE)
    above = np.where(within == 0, 0, (within - 1) // FANOUT)
    depth = np.zeros(SIZE, np.int64)
    for row in range(1, SIZE):
        depth[row] = depth[(row - 1) // FANOUT] + 1
    return NodeTable(
        group=np.repeat(np.arange(trees) // ROLLOUTS, SIZE).astype(np.int32),
        tree=np.repeat(np.arange(trees) % ROLLOUTS, SIZE).astype(np.int32),
        path=["0"] * len(within),
        parent=np.where(within == 0, -1, first + above).astype(np.int32),
        depth=np.tile(depth, trees).astype(np.int32),
        s=np.where(dice.random(len(within)) < 0.02, np.nan, dice.integers(0, 2, len(within))),
        status=["finished"] * len(within),
        tokens=dice.integers(1, 200, len(within)),
    )
