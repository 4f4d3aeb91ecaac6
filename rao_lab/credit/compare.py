"""Two rules of credit on the same nodes, in numbers: whose sign changes, where the update goes, how noisy it is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from rao_lab.credit.attribution import Attributions
from rao_lab.credit.table import Floats, Ints
from rao_lab.errors import InputError

NOTHING = 1e-12
"""An advantage below it is 0: rounding noise has no sign."""


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule on the nodes of one step, beside a first rule on the same nodes."""

    nodes: int
    """N, all nodes of the step."""
    trained: int
    signs_changed: float | None
    """Of the nodes that have credit by one rule or by both, the share whose sign differs; 0 and none are signs, too.
    The what-if bar of the Explorer counts alike."""
    turned: float | None
    """Of the nodes that have credit by both, the share of those made more likely by one and less by the other."""
    rank: float | None
    """Spearman's correlation of A over the nodes that have credit by both; None if there is nothing to rank."""
    silent: float | None
    """Share of all nodes without signal: not trained, or with A = 0."""
    variance_A: float | None
    """Population variance over trained nodes, as the next."""
    variance_c: float | None
    share_by_depth: tuple[float, ...]
    """Part of the loss weight at each depth; sums to 1, or to 0 if there is none."""

    def to_json(self) -> dict[str, Any]:
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return found | {"share_by_depth": list(self.share_by_depth)}


def figures(first: Attributions, other: Attributions) -> RuleFigures:
    """The figures of `other`.

    Raises:
        InputError: they are not of the same nodes.
    """
    check_same_nodes(first, other)
    signs = _signs(first.A), _signs(other.A)
    either = (signs[0] != 2) | (signs[1] != 2)
    both = (signs[0] != 2) & (signs[1] != 2)
    count, trained = len(other), other.trained
    depth = other.table.depth[trained].astype(np.int64)
    levels = int(other.table.depth.max(initial=-1)) + 1
    return RuleFigures(
        nodes=count,
        trained=int(trained.sum()),
        signs_changed=_share(signs[0] != signs[1], either),
        turned=_share(signs[0] * signs[1] == -1, both),
        rank=spearman(first.A[both], other.A[both]),
        silent=_share(np.isin(signs[1], (0, 2)), np.ones(count, bool)),
        variance_A=float(other.A[trained].var()) if trained.any() else None,
        variance_c=float(other.c[trained].var()) if trained.any() else None,
        share_by_depth=tuple(np.bincount(depth, other.share[trained], levels).tolist()),
    )


def check_same_nodes(first: Attributions, other: Attributions) -> None:
    """Raises: InputError, if the rows are not those of the same nodes."""
    one, two = first.table, other.table
    alike = len(one) == len(two) and all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in ("tree", "parent", "depth")
    )
    if not (alike and one.path == two.path):
        raise InputError("two rules can be compared on the same nodes only, and these are of others")


def _signs(A: Floats) -> Ints:
    """-1, 0 or 1; 2 = no credit: `[N]`."""
    known = np.nan_to_num(A)
    return np.where(np.isnan(A), 2, np.where(np.abs(known) < NOTHING, 0, np.sign(known))).astype(np.int64)


def _share(which: Any, among: Any) -> float | None:
    total = int(among.sum())
    return int((which & among).sum()) / total if total else None


def spearman(one: Floats, two: Floats) -> float | None:
    """Rank correlation of two columns, equal values sharing their mean rank; None if a column has one value only.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0]))
    0.5
    """
    ranks = [_ranks(column) for column in (one, two)]
    if not len(one) or any(not column.any() for column in ranks):
        return None
    product = float((ranks[0] * ranks[1]).sum())
    return product / float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))


def _ranks(values: Floats) -> Floats:
    """Ranks less their mean; values that differ by rounding alone are equal."""
    _, place, counts = np.unique(values.round(12), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks - (len(values) + 1) / 2
