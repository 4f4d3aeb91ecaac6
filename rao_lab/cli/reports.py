"""What the command line prints or writes: credit as rows, an evaluation, a run as one file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rao_lab.base.safe_text import visible
from rao_lab.credit import Attribution, Attributions
from rao_lab.evaluation.budget import needs, needs_by_band, needs_text
from rao_lab.evaluation.evaluate import Evaluation

CREDIT_HEADS = (
    *("group", "tree", "node", "status", "s", "child", "R", "b", "A", "w", "c"),
    "not trained",
)
MOST_ROWS = 200
"""Nodes printed as text; JSON has all."""


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
        *_columns([_cells(row) for row in list(found)[:MOST_ROWS]]),
    ]
    if len(found) > MOST_ROWS:
        lines.append(f"... and {len(found) - MOST_ROWS} more: --json has all")
    return "\n".join(lines)


def _cells(row: Attribution) -> tuple[str, ...]:
    numbers = (row.s, row.child_mean, row.R, row.b, row.A, row.w, row.c)
    words = (str(row.group), str(row.tree), visible(row.node), visible(row.status))
    return (*words, *map(_number, numbers), row.why_not or "")


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Head and rows, every column as wide as what it holds: 80 columns hold all but the deepest trees."""
    sizes = [max(map(len, column)) for column in zip(CREDIT_HEADS, *rows, strict=True)]
    for row in (CREDIT_HEADS, *rows):
        cells = [
            f"{cell:<{size}}" if head in ("node", "status", "not trained") else f"{cell:>{size}}"
            for head, cell, size in zip(CREDIT_HEADS, row, sizes, strict=True)
        ]
        yield " ".join(cells if any(each[-1] for each in rows) else cells[:-1]).rstrip()


def evaluation_json(found: Evaluation) -> dict[str, Any]:
    """An evaluation as plain JSON, with the budget that its solutions needed."""
    return {**found.to_dict(), "budget": needs(found.trees, found.limits).to_dict()}


def evaluation_text(found: Evaluation) -> str:
    """How well it went, then the budget that the solutions needed."""
    overall, by_band = needs(found.trees, found.limits), needs_by_band(found.trees, found.limits)
    return f"{found}\n{needs_text(overall, by_band, found.limits)}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
