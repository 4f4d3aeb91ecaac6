"""From what the nodes of a step achieved to the coefficients that their tokens are trained with.

These are equations 1, 3 and 4 of the paper (arXiv 2605.06639), on columns. At the right stand the settings that
choose another rule:

    (1)  R = s + bonus       bonus = lam * mean s of the children              `bonus`
    (3)  A = R - b           b = mean R of the other trees' roots              `estimator`, `baseline`, `std`
    (4)  w = alpha / N_d     alpha = (sum of N_d) / (number of depths present) `depth_weighting`
    (5)  c = w * A           the loss multiplies log pi with c

Weights scale advantages, never rewards, and they add up to the number of trained nodes. This module knows no
policy, no loss and no file. Views print what it returns; nothing computes credit a second time.

Letters for shapes: N nodes, K trees, G groups, D the depth of the deepest trained node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.credit.attribution import WHY_NOT, Attributions
from rao_lab.credit.config import CreditConfig
from rao_lab.credit.table import Flags, Floats, Ints, NodeTable, tabulate
from rao_lab.errors import ConfigError, RecordError
from rao_lab.tree import Group, Status, Tree

ShareBy = Literal["token", "node"]

ALIKE = 1e-8
"""If the compared returns spread less than this, they count as equal and `std` does not divide."""


@checked_call
def attribute(
    groups: Sequence[Group], config: CreditConfig | None = None, share_by: ShareBy = "token"
) -> Attributions:
    """The credit of every node of a step; see `attribute_table`.

        >>> found = rl.attribute([group], rl.CreditConfig(lam=0.2))
        >>> [node.R for node in found][:4]
        [1.2, 1.2, 1.2, 1.0]

    Raises:
        InputError: one of the groups is a probe.
        ConfigError: no group has the second tree that a leave-one-out baseline needs.
    """
    _check_given(groups, config)
    steps = {group.step for group in groups}
    found = attribute_table(tabulate(groups), config or CreditConfig(), share_by)
    return replace(found, step=steps.pop()) if len(steps) == 1 else found


def _check_given(groups: object, config: object) -> None:
    """Refuses what is no list of groups.

    Raises:
        ConfigError: naming what is meant.
    """
    said = f"rl.attribute takes a list of groups, not a {type(groups).__name__}"
    if isinstance(groups, Group):
        raise ConfigError(f"{said}: give rl.attribute([group])")
    if hasattr(groups, "attributions") and hasattr(groups, "groups"):
        raise ConfigError(
            f"{said}: run.attributions(step) is what its training multiplied by, and "
            "rl.attribute(run.groups(step), config) is computed anew"
        )
    if not isinstance(groups, Sequence):
        raise ConfigError(said)
    for each in groups:
        if isinstance(each, Tree):
            raise ConfigError(
                "rl.attribute takes a list of groups, not of trees: rl.Group(task, trees) holds the trees of one task"
            )
        if not isinstance(each, Group):
            raise ConfigError(f"rl.attribute takes a list of groups, and one is {quoted(each)}")
    if not (config is None or isinstance(config, CreditConfig)):
        raise ConfigError(f"config must be rl.CreditConfig(...), not {quoted(config)}")


def attribute_table(
    table: NodeTable,
    config: CreditConfig,
    share_by: ShareBy = "token",
    depth_counts: Ints | None = None,
) -> Attributions:
    """Equations 1, 3 and 4 on the nodes of a step.

    Args:
        share_by: "token" if the loss sums over tokens: a node's share is its part of |c| * T. "node" if the loss
            averages over each node first: its part of |c|. If no node has tokens, always its part of |c|.
        depth_counts: N_d over all processes, `[D + 1]`, if the step is spread over several; None = this table is
            the whole step. Only `inverse_frequency` uses it.

    Raises:
        RecordError: the table contradicts itself.
        ConfigError: every group has one tree and the baseline is leave-one-out.
    """
    if share_by not in get_args(ShareBy):
        raise ConfigError(f"share_by={share_by!r} is unknown: choose one of token, node")
    table.check()
    view = _View.of(table)
    if len(table):
        config.check_group_size(int(np.bincount(view.group_of_tree).max()))
    scored_children, child_mean, child_min, bonus = _child_terms(table, config)
    returns = table.s + bonus
    baseline = _baseline(view, config, returns)
    advantage = _advantage(view, config, returns, baseline)
    why = _why_not(view, config, returns, baseline)
    trained = why == 0
    counts = np.bincount(table.depth[trained])
    weight = _depth_weights(view, config, trained, counts if depth_counts is None else depth_counts)
    advantage[~trained] = np.nan
    coefficient = weight * advantage
    return Attributions(
        table=table,
        config=config,
        scored_children=scored_children,
        child_mean=child_mean,
        child_min=child_min,
        bonus=bonus,
        R=returns,
        b=baseline,
        A=advantage,
        w=weight,
        c=coefficient,
        share=_share(table, coefficient, trained, share_by),
        why_code=why,
        depth_counts=counts,
    )


@dataclass(frozen=True, slots=True)
class _View:
    """A table with the indices that several terms share."""

    table: NodeTable
    roots_K: Ints
    """Row of each tree's root, `[K]`."""
    group_of_tree: Ints
    """Group of each tree, `[K]`."""
    groups: int
    """G."""

    @classmethod
    def of(cls, table: NodeTable) -> _View:
        roots = table.tree_starts
        group_of_tree = table.group_of[roots]
        return cls(table, roots, group_of_tree, int(group_of_tree[-1]) + 1 if len(roots) else 0)


def _child_terms(table: NodeTable, config: CreditConfig) -> tuple[Ints, Floats, Floats, Floats]:
    """Number, mean s and least s of each node's scored children, and the second term of equation 1: `[N]` each."""
    rows = len(table)
    child = np.flatnonzero((table.parent >= 0) & ~np.isnan(table.s))
    above, success = table.parent[child], table.s[child]
    count = np.bincount(above, minlength=rows)
    total = np.bincount(above, weights=success, minlength=rows)
    mean = np.divide(total, count, out=np.zeros(rows), where=count > 0)
    least = np.full(rows, np.inf)
    np.minimum.at(least, above, success)
    least[count == 0] = np.nan
    match config.bonus:
        case "mean":
            bonus = config.lam * mean
        case "min":
            bonus = config.lam * np.where(count > 0, least, 0.0)
        case "capped_sum":
            bonus = np.minimum(config.lam * total, np.float64(config.cap))
    return count, mean, least, bonus


def _compared(view: _View, config: CreditConfig, returns: Floats) -> tuple[Ints, Ints]:
    """The rows whose returns are compared within their groups, and the group of each."""
    pool = np.arange(len(view.table)) if config.estimator == "grpo_mean" else view.roots_K
    pool = pool[~np.isnan(returns[pool])]
    return pool, view.table.group_of[pool]


def _group_mean(view: _View, config: CreditConfig, returns: Floats) -> tuple[Floats, Floats, Floats]:
    """The least of the returns that a group compares, the sum of the differences from it, and their number:
    `[G]` each. The mean is least + sum / number.

    This way the mean of equal returns equals them to the last bit.
    """
    pool, group = _compared(view, config, returns)
    least: Floats = np.full(view.groups, np.inf)
    np.minimum.at(least, group, returns[pool])
    least[np.isinf(least)] = np.nan
    off = returns[pool] - least[group]
    above = np.bincount(group, weights=off, minlength=view.groups).astype(np.float64)
    return least, above, np.bincount(group, minlength=view.groups).astype(np.float64)


def _baseline(view: _View, config: CreditConfig, returns: Floats) -> Floats:
    """b of equation 3, `[N]`, the same for all nodes of a tree; NaN = there is nothing to compare with."""
    if config.baseline == "none":
        return np.zeros(len(view.table))
    least, above, count = _group_mean(view, config, returns)
    if config.baseline == "group_mean":
        mean = least + np.divide(above, count, out=np.full(view.groups, np.nan), where=count > 0)
        return mean[view.table.group_of]
    group = view.group_of_tree
    own = returns[view.roots_K]
    scored = ~np.isnan(own)
    others = count[group] - scored
    rest = above[group] - np.where(scored, own - least[group], 0.0)
    mean = least[group] + np.divide(rest, others, out=np.full(len(group), np.nan), where=others > 0)
    return mean[view.table.tree_of]


def _advantage(view: _View, config: CreditConfig, returns: Floats, baseline: Floats) -> Floats:
    """A of equation 3, or of the estimator that replaces it, `[N]`."""
    own = returns
    if config.estimator in ("rao_root_adv", "root_only"):
        own = returns[view.roots_K][view.table.tree_of]
    advantage = own - baseline
    if not config.std:
        return advantage
    spread = _spread(view, config, returns)[view.table.group_of]
    return advantage / np.where(spread > ALIKE, spread, 1.0)


def _spread(view: _View, config: CreditConfig, returns: Floats) -> Floats:
    """Population standard deviation of the returns that a group compares, `[G]`; 0 if there are none."""
    least, above, count = _group_mean(view, config, returns)
    many = np.maximum(count, 1.0)
    pool, group = _compared(view, config, returns)
    off = returns[pool] - (least + above / many)[group]
    return np.sqrt(np.bincount(group, weights=off * off, minlength=view.groups) / many)


def _why_not(view: _View, config: CreditConfig, returns: Floats, baseline: Floats) -> np.ndarray:
    """Index into `WHY_NOT`, `[N]`; if several reasons hold, the first in that order."""
    table = view.table
    cancelled = np.fromiter((status == Status.CANCELLED for status in table.status), bool, len(table))
    by_root = config.estimator in ("rao_root_adv", "root_only")
    root_return = returns[view.roots_K][table.tree_of]
    reasons: dict[str, Flags] = {
        "unscored": np.isnan(table.s),
        "cancelled": cancelled,
        "not_root": (table.parent >= 0) & (config.estimator == "root_only"),
        "root_unscored": np.isnan(root_return) & by_root,
        "no_baseline": np.isnan(baseline),
        "no_tokens": (table.tokens == 0) & bool(table.tokens.any()),
    }
    codes = [WHY_NOT.index(word) for word in reasons]
    return np.select([*reasons.values()], codes, 0).astype(np.int8)


def _depth_weights(view: _View, config: CreditConfig, trained: Flags, counts: Ints) -> Floats:
    """w of equation 4, `[N]`; NaN for nodes that are not trained."""
    depth = view.table.depth[trained]
    weight = np.full(len(view.table), np.nan)
    if config.depth_weighting == "none":
        weight[trained] = 1.0
    elif config.depth_weighting == "inverse_frequency":
        local = np.bincount(depth, minlength=len(counts))
        if len(local) > len(counts) or (local > counts).any():
            raise RecordError("depth_counts are smaller than this table's own: sum N_d over all processes")
        weight[trained] = _inverse(counts[None, :])[0, depth]
    else:
        group = view.table.group_of[trained]
        levels = int(depth.max(initial=0)) + 1
        cell = group * levels + depth
        counts_GD = np.bincount(cell, minlength=view.groups * levels).reshape(view.groups, levels)
        weight[trained] = _inverse(counts_GD)[group, depth]
    return weight


def _inverse(counts_GD: Ints) -> Floats:
    """Equation 4 for each group and depth: alpha / N_d, alpha = (sum of N_d) / (number of depths present)."""
    present = np.maximum((counts_GD > 0).sum(axis=1), 1)
    alpha = counts_GD.sum(axis=1) / present
    return alpha[:, None] / np.maximum(counts_GD, 1)


def _share(table: NodeTable, coefficient: Floats, trained: Flags, share_by: ShareBy) -> Floats:
    """Each trained node's part of the step's loss weight, `[N]`; 0 for all of them if every c is 0."""
    mass = np.abs(coefficient)
    if share_by == "token" and table.tokens.any():
        mass = mass * table.tokens
    total = float(np.bincount(np.zeros(int(trained.sum()), np.int64), weights=mass[trained], minlength=1)[0])
    return mass / total if total > 0 else np.where(trained, 0.0, np.nan)
