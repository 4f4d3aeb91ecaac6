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
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.credit.attribution import WHY_NOT, Attributions
from rao_lab.credit.baseline import Compared, View, advantage_of, baseline_of, by_root, ruled_by
from rao_lab.credit.config import CreditConfig
from rao_lab.credit.moving import NO_MEANS
from rao_lab.credit.rule import RuleFunction
from rao_lab.credit.table import Flags, Floats, Ints, NodeTable, tabulate
from rao_lab.errors import CallbackError, ConfigError, RecordError
from rao_lab.tree import Group, Tree

ShareBy = Literal["token", "node"]


@checked_call
def attribute(
    groups: Sequence[Group],
    config: CreditConfig | RuleFunction | None = None,
    share_by: ShareBy = "token",
    moving: Floats | None = None,
) -> Attributions:
    """The credit of every node of a step; see `attribute_table`.

        >>> found = rl.attribute([group], rl.CreditConfig(lam=0.2))
        >>> [node.R for node in found][:4]
        [1.2, 1.2, 1.2, 1.0]

    Args:
        config: the rule; or a function of your own, which stands for `CreditConfig(estimator=function)`.
        moving: of a moving baseline, the means before this step: `moving_after` of the step before. None = this is
            the first step, and every depth is compared with its own mean.

    Raises:
        InputError: one of the groups is a probe.
        ConfigError: no group has the second tree that a leave-one-out baseline needs.
        CallbackError: a rule of your own raised an exception, or returned no credit.
    """
    config = _check_given(groups, config)
    steps = {group.step for group in groups}
    found = attribute_table(tabulate(groups), config, share_by, moving=moving)
    return replace(found, step=steps.pop()) if len(steps) == 1 else found


def _check_given(groups: object, config: object) -> CreditConfig:
    """The rule; refuses what is no list of groups.

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
    if config is None or isinstance(config, CreditConfig):
        return config or CreditConfig()
    if isinstance(config, str | type) or not callable(config):
        raise ConfigError(f"config must be rl.CreditConfig(...) or a function, not {quoted(config)}")
    return CreditConfig(estimator=config)


def attribute_table(
    table: NodeTable,
    config: CreditConfig,
    share_by: ShareBy = "token",
    depth_counts: Ints | None = None,
    moving: Floats | None = None,
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
    view = View.of(table)
    if len(table):
        config.check_group_size(int(np.bincount(view.group_of_tree).max()))
    scored_children, child_mean, child_min, bonus = _child_terms(table, config)
    returns = table.s + bonus
    before = _means_before(config, moving)
    compared = Compared.of(view, config, returns)
    baseline = baseline_of(view, config, returns, compared, before)
    ruled: dict[str, Floats] = {}
    if config.rule:
        ruled = ruled_by(config.rule, view, (child_mean, bonus), returns, baseline)
        advantage, baseline = ruled["A"], ruled.get("b", np.full(len(table), np.nan))
    else:
        advantage = advantage_of(view, config, returns, baseline, compared)
    why = _why_not(view, config, returns, advantage)
    trained = why == 0
    counts = np.bincount(table.depth[trained])
    weight = _depth_weights(view, config, trained, counts if depth_counts is None else depth_counts)
    if "w" in ruled:
        weight = _own_weights(config.estimator_name, ruled["w"], trained)
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
        moving=before,
    )


def _means_before(config: CreditConfig, moving: Floats | None) -> Floats | None:
    """The means that a moving baseline begins with; None if the rule has none.

    Raises:
        ConfigError: the rule has no use for them.
    """
    if config.baseline == "moving":
        return NO_MEANS if moving is None else np.asarray(moving, np.float64)
    if moving is not None:
        raise ConfigError(
            f"moving={quoted(moving)} has no meaning with baseline={config.baseline!r}: use 'moving'"
        )
    return None


def _own_weights(name: str, given: Floats, trained: Flags) -> Floats:
    """w that a rule of the user gave, `[N]`.

    Raises:
        CallbackError: a node that it trains has none.
    """
    if np.isnan(given[trained]).any():
        raise CallbackError(f"the credit rule {name} gave an A and no w to a node: give both, or no w at all")
    return np.where(trained, given, np.nan)


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


def _why_not(view: View, config: CreditConfig, returns: Floats, advantage: Floats) -> np.ndarray:
    """Index into `WHY_NOT`, `[N]`; if several reasons hold, the first in that order."""
    table = view.table
    none, child = np.isnan(advantage), table.parent >= 0
    own, among_siblings = config.rule is not None, config.estimator == "tree_relative"
    reasons: dict[str, Flags] = {
        "unscored": np.isnan(table.s),
        "cancelled": table.cancelled,
        "not_root": child & (config.estimator == "root_only"),
        "root_unscored": np.isnan(returns[view.root_N]) & by_root(config),
        "no_baseline": none & ~(child & among_siblings) & (not own),
        "no_tokens": (table.tokens == 0) & bool(table.tokens.any()),
        "no_sibling": none & among_siblings,
        "by_rule": none & own,
    }
    codes = [WHY_NOT.index(word) for word in reasons]
    return np.select([*reasons.values()], codes, 0).astype(np.int8)


def _depth_weights(view: View, config: CreditConfig, trained: Flags, counts: Ints) -> Floats:
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
