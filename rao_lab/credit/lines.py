"""One node's credit term by term, each with its number and where that comes from."""

from __future__ import annotations

from collections.abc import Sequence

from rao_lab.base.safe_text import visible
from rao_lab.base.words import fixed
from rao_lab.credit.attribution import Attribution
from rao_lab.credit.config import CreditConfig


def node_place(row: Attribution, trees: int = 0) -> str:
    """ "node 0.1 of tree 3 of 8, address 4.2/0.1": words count from 1, as views do; an address counts from 0.

    Args:
        trees: of its task; 0 = not known.
    """
    node = visible(row.node)
    of = f" of {trees:,}" if trees > row.tree else ""
    return f"node {node} of tree {row.tree + 1}{of}, address {row.group}.{row.tree}/{node}"


def credit_lines(
    row: Attribution, config: CreditConfig | None = None, trees: int = 0, depth_counts: Sequence[int] = ()
) -> list[str]:
    """One node's credit, term by term with its numbers.

    Args:
        trees: of its task; 0 = not known.
        depth_counts: trained nodes of the step at each depth; empty = not known.
    """
    config = config or CreditConfig()
    s, R, b, A, w, c = map(number_text, (row.s, row.R, row.b, row.A, row.w, row.c))
    mean = children_mean(row)
    children = "no scored children" if mean is None else f"mean s of its children {fixed(mean, 3)}"
    weight = weight_words(row, config, depth_counts)
    return [
        f"{node_place(row, trees)}: {visible(row.status)}",
        f"s = {s:>7}    its success",
        f"R = {R:>7}    s + bonus: {s} + {fixed(row.bonus, 3)} (lambda {row.lam:g}, {children})",
        f"b = {b:>7}    {baseline_words(row, config)}",
        f"A = {A:>7}    {advantage_words(config)}",
        f"w = {w:>7}    " + (f"as the rule says; if it gives no w, {weight}" if config.rule else weight),
        f"c = {c:>7}    w * A: multiplies the gradient of its tokens"
        if row.trained
        else f"not trained: {visible(row.why_not or '').replace('_', ' ')}",
    ]


def children_mean(row: Attribution) -> float | None:
    """Mean s of its scored children; None if it has none, which the bonus counts as 0."""
    return None if row.child_min is None else row.child_mean


def given_words(config: CreditConfig) -> str:
    """What the rule takes as baseline and weights, in a line."""
    if config.rule:
        return f"b and w as the rule says (if it gives no w: depth weights {config.depth_weighting})"
    return f"baseline {config.baseline}, depth weights {config.depth_weighting}"


def baseline_words(row: Attribution, config: CreditConfig) -> str:
    """What b is of."""
    if config.rule:
        return "what the rule compares it with" if row.b is not None else "the rule gave none"
    if config.baseline == "none":
        return "no baseline"
    if config.baseline == "moving":
        return f"the mean R so far at depth {0 if _by_root(config) else row.depth}"
    if config.estimator == "grpo_mean":
        return "the mean R of all nodes of its task"
    own = "" if config.baseline == "leave_one_out" else ", the own one included"
    if config.estimator == "tree_relative" and row.parent is not None:
        return f"the mean R of its siblings{own}"
    return f"the mean R of the {'other ' if not own else ''}trees' roots{own}"


def weight_words(row: Attribution, config: CreditConfig, depth_counts: Sequence[int] = ()) -> str:
    """How w is made."""
    if config.depth_weighting == "none":
        return "every depth weighs the same"
    depth = row.depth
    if config.depth_weighting == "per_group":
        return f"the weight of depth {depth} in its group: N / (D n_d)"
    said = f"the weight of depth {depth}"
    if row.w is None or depth >= len(depth_counts):
        return said
    nodes, depths = sum(depth_counts), sum(count > 0 for count in depth_counts)
    return f"{said}: N / (D n_d) = {nodes:,} nodes / ({depths} depths * {depth_counts[depth]:,} of them here)"


def advantage_words(config: CreditConfig) -> str:
    """How A is made."""
    if config.rule:
        return f"what the rule {visible(config.rule.name)} gave it"
    less = "its root's R - b" if _by_root(config) else "R - b"
    return f"({less}) / spread" if config.std else less


def _by_root(config: CreditConfig) -> bool:
    return config.estimator in ("rao_root_adv", "root_only")


def number_text(value: float | None) -> str:
    """With three digits; "-" if there is none."""
    return "-" if value is None else fixed(value, 3)
