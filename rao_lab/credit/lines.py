"""One node's credit term by term, each with its number and where that comes from."""

from __future__ import annotations

from rao_lab.base.safe_text import visible
from rao_lab.base.words import fixed
from rao_lab.credit.attribution import Attribution
from rao_lab.credit.config import CreditConfig


def credit_lines(row: Attribution, config: CreditConfig | None = None) -> list[str]:
    """One node's credit, term by term with its numbers."""
    config = config or CreditConfig()
    s, R, b, A, w, c = map(number_text, (row.s, row.R, row.b, row.A, row.w, row.c))
    children = fixed(row.child_mean, 3)
    return [
        f"node {visible(row.node)} of tree {row.group}.{row.tree}: {visible(row.status)}",
        f"s = {s:>7}    its success",
        f"R = {R:>7}    s + bonus: {s} + {fixed(row.bonus, 3)} (lambda {row.lam:g}, mean s of its children {children})",
        f"b = {b:>7}    {baseline_words(row, config)}",
        f"A = {A:>7}    {advantage_words(config)}",
        f"w = {w:>7}    " + ("as the rule says" if config.rule else f"the weight of depth {row.depth}"),
        f"c = {c:>7}    w * A: multiplies the gradient of its tokens"
        if row.trained
        else f"not trained: {visible(row.why_not or '').replace('_', ' ')}",
    ]


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
