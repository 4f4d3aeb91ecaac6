"""The records of credit: its settings and the columns it makes; `[row]` shows one node's terms.

`table.py` holds the columns that credit reads, `equations.py` the arithmetic. NaN in a column and None
in a record mean "there is no such number", which is never 0: `s`, `R` and `b` are facts and stand
wherever they exist; `A`, `w`, `c` and `share` stand only on rows that are trained, and `why_not` says
why the others are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.errors import MissingError

if TYPE_CHECKING:
    from rao_lab.credit.config import CreditConfig
    from rao_lab.credit.table import Flags, Floats, Ints, NodeTable

WHY_NOT = (None, "unscored", "cancelled", "not_root", "root_unscored", "no_baseline", "no_tokens")
"""Why a node is not trained, by `why_code`; where several hold, the first of them is given.

unscored: its own s is None. cancelled: its parent ended first. not_root: `root_only` trains roots.
root_unscored: the estimator takes the root's advantage and the root has none. no_baseline: no other
tree's root was scored. no_tokens: it generated nothing (not asked where no node of the table did).
"""


@dataclass(frozen=True, slots=True)
class Attribution:
    """One node's credit, term by term in the order of the equations; None = there is no such number."""

    group: int
    tree: int
    node: str
    parent: str | None
    depth: int
    status: str
    s: float | None
    child_mean: float
    """Mean s of its scored children; 0.0 where there are none (decision 4)."""
    child_min: float | None
    """Their minimum, which the mean hides; None where there are none."""
    lam: float
    bonus: float
    """The second term of R, whatever its rule: R = s + bonus."""
    R: float | None
    b: float | None
    A: float | None
    w: float | None
    c: float | None
    share: float | None
    """Its part of the step's loss weight, not of the gradient's norm (decision 13)."""
    trained: bool
    why_not: str | None


@dataclass(frozen=True, eq=False)
class Attributions:
    """The credit of a whole step, as columns beside the table; `[row]` gives one node as a record."""

    table: NodeTable
    config: CreditConfig
    scored_children: Ints
    child_mean: Floats
    child_min: Floats
    bonus: Floats
    R: Floats
    b: Floats
    A: Floats
    w: Floats
    c: Floats
    share: Floats
    why_code: NDArray[np.int8]
    """Index into `WHY_NOT`; 0 = trained."""
    depth_counts: Ints
    """N_d: trained nodes of this table at each depth."""

    @property
    def s(self) -> Floats:
        return self.table.s

    @cached_property
    def trained(self) -> Flags:
        return self.why_code == 0

    @cached_property
    def why_not(self) -> list[str | None]:
        return [WHY_NOT[code] for code in self.why_code.tolist()]

    @cached_property
    def _first_rows(self) -> dict[tuple[int, int], int]:
        starts = self.table.tree_starts
        labels = zip(self.table.group[starts].tolist(), self.table.tree[starts].tolist(), strict=True)
        return dict(zip(labels, starts.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Attribution]:
        return self._records(0, len(self))

    def __getitem__(self, row: int) -> Attribution:
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)} attributions")
        row %= len(self)
        return next(self._records(row, row + 1))

    def _records(self, start: int, stop: int) -> Iterator[Attribution]:
        """Rows as records; whole columns are turned into plain values at once."""
        table, part = self.table, slice(start, stop)
        columns = (
            table.group[part].tolist(),
            table.tree[part].tolist(),
            table.path[part],
            [None if above < 0 else table.path[above] for above in table.parent[part].tolist()],
            table.depth[part].tolist(),
            table.status[part],
            _plain(table.s[part]),
            _plain(self.child_mean[part]),
            _plain(self.child_min[part]),
            [self.config.lam] * (stop - start),
            *(_plain(column[part]) for column in (self.bonus, self.R, self.b, self.A, self.w, self.c)),
            _plain(self.share[part]),
            (self.why_code[part] == 0).tolist(),
            [WHY_NOT[code] for code in self.why_code[part].tolist()],
        )
        return (Attribution(*values) for values in zip(*columns, strict=True))

    def to_json(self) -> dict[str, Any]:
        """The settings and every node, as `rao-lab credit --json` prints them; None is null."""
        nodes = [{name: getattr(record, name) for name in _JSON_FIELDS} for record in self]
        return {"config": self.config.to_dict(), "nodes": nodes}

    def rows(self, group: int, tree: int) -> range:
        """The rows of one tree.

        Raises:
            MissingError: no such tree here.
        """
        first = self._first_rows.get((group, tree))
        if first is None:
            known = len(self._first_rows)
            raise MissingError(f"no tree {tree} of group {group} among the {known} attributed trees")
        place = int(self.table.tree_of[first])
        starts = self.table.tree_starts
        return range(first, int(starts[place + 1]) if place + 1 < len(starts) else len(self))

    def of_tree(self, group: int, tree: int) -> dict[str, Attribution]:
        """The records of one tree by path.

        Raises:
            MissingError: no such tree here.
        """
        rows = self.rows(group, tree)
        return {record.node: record for record in self._records(rows.start, rows.stop)}

    def find(self, group: int, tree: int, path: str) -> Attribution:
        """The record of one node.

        Raises:
            MissingError: no such tree or node here.
        """
        for row in self.rows(group, tree):
            if self.table.path[row] == path:
                return self[row]
        raise MissingError(f"no node {path!r} in tree {tree} of group {group}")


_JSON_FIELDS = [
    "group",
    "tree",
    "node",
    "parent",
    "depth",
    "status",
    "s",
    "child_mean",
    "R",
    "b",
    "A",
    "w",
    "c",
    "trained",
    "why_not",
]


def _plain(column: Floats) -> list[float | None]:
    """NaN as None."""
    return [None if value != value else value for value in column.tolist()]
