"""Forks as text: what they came to in a sentence, then a line for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import unquoted
from rao_lab.evaluation.forks import Forks
from rao_lab.tree.text import signed

COLUMNS = ("fork", "s", "R", "A", "root s", "root R", "root A", "nodes", "turns", "tokens")


def fork_text(found: Forks, kept: Path) -> str:
    """The sentence, a table of the tree and its forks, and where they are."""
    rows = [_cells(row) for row in found.rows()]
    sizes = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    table = [
        "  ".join(cell.rjust(size) for cell, size in zip(row, sizes, strict=True)) for row in (COLUMNS, *rows)
    ]
    step = found.original.header.step
    where = f"kept in {unquoted(kept)}: `rao-lab show {unquoted(kept)} --step {step}` counts them last"
    return "\n".join(
        [f"{found}", f"new turns by {unquoted(found.origin.get('weights', ''))}", "", *table, "", where]
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_words(row))


def _words(row: dict[str, Any]) -> Iterator[str]:
    yield "original" if row["fork"] is None else str(row["fork"] + 1)
    for name in ("success", "R", "A", "root_success", "root_R", "root_A"):
        value = row[name]
        yield "-" if value is None else signed(value) if name in ("A", "root_A") else f"{value:.2f}"
    for name in ("nodes", "turns", "tokens"):
        yield f"{row[name]:,}"
