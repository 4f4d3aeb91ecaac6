"""The credit of a step as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from rao_lab.base.safe_text import visible
from rao_lab.base.words import counted
from rao_lab.credit import Attribution, Attributions, CreditConfig

HEADS = ("group", "tree", "node", "status", "s", "child", "R", "b", "A", "w", "c", "not trained")
MOST_ROWS = 200
"""Nodes that are printed as text; JSON has all of them."""


def credit_text(step: int, found: Attributions, rows: Sequence[Attribution] | None = None) -> str:
    """The rows as a table, and what the columns mean; a single row term by term.

    Args:
        rows: those that were asked for; None = all.
    """
    config = found.config
    many = len(found) if rows is None else len(rows)
    shown = [*islice(found, MOST_ROWS)] if rows is None else rows[:MOST_ROWS]
    chosen = f"{many:,} of " if rows is not None else ""
    lines = [
        f"step {step}: {chosen}{counted(len(found), 'node')}, {int(found.trained.sum()):,} trained; "
        f"estimator {visible(config.estimator_name)}, lambda {config.lam:g}, bonus {config.bonus},",
        f"baseline {config.baseline}, depth weights {config.depth_weighting}",
    ]
    if many == 1 and rows is not None:
        return "\n".join([*lines, "", *credit_lines(rows[0], config)])
    lines += [
        f"R = s + lambda * child_mean    A = {_advantage(config)}    c = w * A",
        "c multiplies the gradient of the node's tokens",
        "",
        *_columns([_cells(row) for row in shown]),
    ]
    if many > MOST_ROWS:
        lines.append(f"... and {many - MOST_ROWS:,} more: --json has all, --tree and --node choose")
    lines += ["", "--tree takes GROUP.TREE as they stand here: GROUP.0 is tree 1 of the Explorer"]
    return "\n".join(lines)


def credit_lines(row: Attribution, config: CreditConfig | None = None) -> list[str]:
    """One node's credit, term by term with its numbers."""
    config = config or CreditConfig()
    s, R, b, A, w, c = map(_number, (row.s, row.R, row.b, row.A, row.w, row.c))
    children = f"{row.child_mean:.3f}"
    return [
        f"node {visible(row.node)} of tree {row.group}.{row.tree}: {visible(row.status)}",
        f"s = {s:>7}    its success",
        f"R = {R:>7}    s + bonus: {s} + {row.bonus:.3f} (lambda {row.lam:g}, mean s of its children {children})",
        f"b = {b:>7}    {_baseline(row, config)}",
        f"A = {A:>7}    {_advantage(config)}",
        f"w = {w:>7}    " + ("as the rule says" if config.rule else f"the weight of depth {row.depth}"),
        f"c = {c:>7}    w * A: multiplies the gradient of its tokens"
        if row.trained
        else f"not trained: {visible(row.why_not or '').replace('_', ' ')}",
    ]


def _baseline(row: Attribution, config: CreditConfig) -> str:
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


def _advantage(config: CreditConfig) -> str:
    if config.rule:
        return f"what the rule {visible(config.rule.name)} gave it"
    less = "its root's R - b" if _by_root(config) else "R - b"
    return f"({less}) / spread" if config.std else less


def _by_root(config: CreditConfig) -> bool:
    return config.estimator in ("rao_root_adv", "root_only")


def _cells(row: Attribution) -> tuple[str, ...]:
    numbers = (row.s, row.child_mean, row.R, row.b, row.A, row.w, row.c)
    words = (str(row.group), str(row.tree), visible(row.node), visible(row.status))
    return (*words, *map(_number, numbers), row.why_not or "")


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Head and rows. Each column is as wide as its longest cell, so that all but the deepest trees fit 80."""
    sizes = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    shown = len(HEADS) if any(row[-1] for row in rows) else len(HEADS) - 1
    for row in (HEADS, *rows):
        cells = [
            f"{cell:<{size}}" if head in ("node", "status", "not trained") else f"{cell:>{size}}"
            for head, cell, size in zip(HEADS, row, sizes, strict=True)
        ]
        yield " ".join(cells[:shown]).rstrip()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
