"""Forks as text: what they came to in a sentence, then a line for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import for_shell, unquoted
from rao_lab.base.words import fixed
from rao_lab.evaluation.forks import Forks
from rao_lab.tree.origin import edit_words
from rao_lab.tree.text import signed

NOTHING = "—"
COLUMNS = ("fork", "s", "R", "A", "root s", "root R", "root A", "nodes", "turns", "tokens")


def fork_text(found: Forks, kept: Path, places: tuple[int | None, int] | None) -> str:
    """The sentence, a table of the tree and its forks, and where they are.

    Args:
        places: of the tree and of the first fork in their step, as `rao-lab show --tree` takes them; None if there
            is no fork.
    """
    rows = [_cells(row) for row in found.rows()]
    sizes = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    table = [
        "  ".join(cell.rjust(size) for cell, size in zip(row, sizes, strict=True)) for row in (COLUMNS, *rows)
    ]
    heads = [
        f"changed: {edit_words(found.origin.get('edit'))}",
        f"new turns by {unquoted(found.origin.get('weights', ''))}",
    ]
    if found.held:
        heads.append(f"s, R and A of {unquoted(found.node)} are by its old goal")
    unscored = any(None in (row["success"], row["root_success"]) for row in found.rows())
    lacks = ["not scored"] if unscored else []
    lacks += [found.no_advantage] if found.no_advantage else []
    lacks += ["tokens not told"] if any(row["tokens"] is None for row in found.rows()) else []
    feet = [f"{NOTHING} no such number: {'; '.join(lacks)}"] if lacks else []
    where = f"kept in {unquoted(kept)}"
    if places is not None:
        step, file = found.original.header.step, for_shell(kept)
        before, place = places
        where += f"; the first of them: rao-lab show {file} --step {step} --tree {place}"
        if before is not None:
            where += f"\nside by side: rao-lab diff {file} --trees {step}:{before} {step}:{place}"
    return "\n".join([f"{found}", *heads, "", *table, *feet, "", where])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_words(row))


def _words(row: dict[str, Any]) -> Iterator[str]:
    yield "original" if row["fork"] is None else str(row["fork"] + 1)
    for name in ("success", "R", "A", "root_success", "root_R", "root_A"):
        value = row[name]
        yield NOTHING if value is None else signed(value) if name in ("A", "root_A") else fixed(value, 2)
    for name in ("nodes", "turns", "tokens"):
        yield NOTHING if row[name] is None else f"{row[name]:,}"
