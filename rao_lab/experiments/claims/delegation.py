"""What was learned about delegating: rates by tier, and what fitting the window does with the tier held fixed.

The same tier holds goals whose shortest flat transcript fits the window, and goals whose transcript does not. Within
a tier, then, the difference of both rates of delegation tells whether an agent delegates what is too long for it, or
whatever can be crafted. Tiers are joined with the weights of Mantel and Haenszel: n(fits) n(does not) / n.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rao_lab.evaluation.bootstrap import Interval, figure
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.verdicts import RESAMPLES

Counts = dict[tuple[int, str], dict[tuple[int, bool], tuple[float, float]]]
"""(seed, item) -> (tier, fits) -> nodes, and how many of them delegated."""


def by_roots(known: Known, arm: str, window: int = 128) -> Counts:
    """Counts of the roots of an arm, at temperature 1 over all bands."""
    found: Counts = {}
    for row in known.rows(arm).values():
        if row.flat_tokens is not None:
            cells = found.setdefault((row.seed, row.item), {})
            nodes, delegated = cells.get(key := (row.tier, row.flat_tokens <= window), (0, 0))
            cells[key] = nodes + 1, delegated + row.delegated
    return found


def by_nodes(known: Known, arm: str) -> Counts:
    """Counts of all nodes, each by its own goal, as `behaviour.py` kept them."""
    found: Counts = {}
    for seed, kept in known.kept(arm).items():
        for item, cells in ((kept.get("behaviour") or {}).get("items") or {}).items():
            for cell, (nodes, delegated) in cells.items():
                tier, fits = cell.split()
                if fits != "unknown":
                    found.setdefault((seed, item), {})[int(tier), fits == "fits"] = nodes, delegated
    return found


def within_tiers(*counts: Counts) -> Interval | None:
    """(Rate where a flat transcript does not fit) minus (rate where it does), within tiers; of two arms, the change
    from the second to the first."""
    seen = [{cell for cells in each.values() for cell in cells} for each in counts]
    tiers = sorted(
        {tier for tier, _ in seen[0] if all({(tier, True), (tier, False)} <= each for each in seen)}
    )
    known = [
        {key for key, cells in each.items() if any(tier in tiers for tier, _ in cells)} for each in counts
    ]
    keys = sorted(set.intersection(*known))
    if not keys:
        return None
    columns = [
        [float(each[key].get((tier, fits), (0, 0))[which]) for key in keys]
        for each in counts
        for tier in tiers
        for fits in (False, True)
        for which in (0, 1)
    ]

    def apart(sums: Any) -> Any:
        cells = sums.reshape(*sums.shape[:-1], len(counts), len(tiers), 2, 2)
        nodes, delegated = cells[..., 0], cells[..., 1]
        both = (nodes > 0).all(axis=-1)
        rates = delegated / np.maximum(nodes, 1)
        weight = np.where(both, nodes.prod(axis=-1) / np.maximum(nodes.sum(axis=-1), 1), 0.0)
        each = (weight * (rates[..., 0] - rates[..., 1])).sum(axis=-1) / weight.sum(axis=-1)
        return each[..., 0] if len(counts) == 1 else each[..., 0] - each[..., 1]

    return figure(columns, apart, [item for _, item in keys], [seed for seed, _ in keys], RESAMPLES)


def rates(known: Known, arm: str, where: str) -> dict[str, dict[str, float]]:
    """Counts of `behaviour.py` over all seeds: cell such as "3 fits" -> column -> number.

    Args:
        where: "root" or "child".
    """
    found: dict[str, dict[str, float]] = {}
    for kept in known.kept(arm).values():
        behaviour: Mapping[str, Any] = kept.get("behaviour") or {}
        for name, numbers in behaviour.get("cells", {}).items():
            place, _, cell = name.partition(" ")
            if place == where:
                into = found.setdefault(cell, dict.fromkeys(behaviour["columns"], 0.0))
                for column, number in zip(behaviour["columns"], numbers, strict=True):
                    into[column] += number
    return found
