"""The credit of a step as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from rao_lab.base.safe_text import visible
from rao_lab.base.words import counted
from rao_lab.credit import Attribution, Attributions
from rao_lab.credit.lines import advantage_words, children_mean, credit_lines, given_words, number_text

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
        given_words(config),
    ]
    if many == 1 and rows is not None:
        return "\n".join(
            [*lines, "", *credit_lines(rows[0], config, depth_counts=found.depth_counts.tolist())]
        )
    lines += [
        f"R = s + lambda * child_mean    A = {advantage_words(config)}    c = w * A",
        "c multiplies the gradient of the node's tokens",
        "",
        *_columns([_cells(row) for row in shown]),
    ]
    if many > MOST_ROWS:
        lines.append(f"... and {many - MOST_ROWS:,} more: --json has all, --tree and --node choose")
    lines += ["", "--tree takes GROUP.TREE as they stand here: GROUP.0 is tree 1 of the Explorer"]
    return "\n".join(lines)


def _cells(row: Attribution) -> tuple[str, ...]:
    numbers = (row.s, children_mean(row), row.R, row.b, row.A, row.w, row.c)
    words = (str(row.group), str(row.tree), visible(row.node), visible(row.status))
    return (*words, *map(number_text, numbers), row.why_not or "")


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
