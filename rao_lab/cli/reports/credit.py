"""The credit of a step as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from rao_lab.base.safe_text import visible
from rao_lab.credit import Attribution, Attributions

HEADS = ("group", "tree", "node", "status", "s", "child", "R", "b", "A", "w", "c", "not trained")
MOST_ROWS = 200
"""Nodes that are printed as text; JSON has all of them."""


def credit_text(step: int, found: Attributions) -> str:
    """The rows as a table, and what the columns mean."""
    config = found.config
    lines = [
        f"step {step}: {len(found)} nodes, {int(found.trained.sum())} trained; estimator {config.estimator}, "
        f"lambda {config.lam:g}, bonus {config.bonus},",
        f"baseline {config.baseline}, depth weights {config.depth_weighting}",
        "R = s + lambda * child_mean    A = R - b    c = w * A",
        "c multiplies the gradient of the node's tokens",
        "",
        *_columns([_cells(row) for row in islice(found, MOST_ROWS)]),
    ]
    if len(found) > MOST_ROWS:
        lines.append(f"... and {len(found) - MOST_ROWS} more: --json has all")
    return "\n".join(lines)


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
