"""Credit once more, slow and plain, from the pages of the method: what `credit.py` is compared with.

Lists, loops and None; nothing is shared with the columns.
"""

from __future__ import annotations

from collections import Counter
from math import fsum, sqrt
from typing import Any

Number = float | None


def plain_credit(
    table: dict[str, list[Any]],
    config: dict[str, Any],
    share_by: str,
    moving: list[Number] | None = None,
) -> dict[str, list[Any]]:
    """The output columns of golden/credit.json for its input columns, None for "no such number"."""
    s, parent, group, tree = table["s"], table["parent"], table["group"], table["tree"]
    rows = range(len(s))
    kids = [[s[k] for k in rows if parent[k] == row and s[k] is not None] for row in rows]
    bonus = [second_term(own, config) for own in kids]
    returns = [None if s[row] is None else s[row] + bonus[row] for row in rows]
    root = {(group[row], tree[row]): row for row in rows if parent[row] < 0}
    mine = [root[group[row], tree[row]] for row in rows]

    siblings = config["estimator"] == "tree_relative"
    ended = [status != "cancelled" for status in table["status"]]

    def compared(row: int) -> list[float]:
        all_nodes = config["estimator"] == "grpo_mean"
        pool = [k for k in (rows if all_nodes else root.values()) if group[k] == group[row]]
        if siblings and parent[row] >= 0:
            pool = [k for k in rows if parent[k] == parent[row] and ended[k]]
        return [returns[k] for k in pool if returns[k] is not None]

    def depth_mean(depth: int) -> Number:
        if moving is not None and depth < len(moving) and moving[depth] is not None:
            return moving[depth]
        here = [k for k in rows if table["depth"][k] == depth and ended[k]]
        return mean([returns[k] for k in here if returns[k] is not None])

    def baseline(row: int) -> Number:
        if config["baseline"] == "none":
            return 0.0
        if config["baseline"] == "moving":
            return depth_mean(0 if by_root else table["depth"][row])
        if siblings and parent[row] >= 0:
            rest = compared(row)
            if config["baseline"] == "group_mean":
                return mean(rest) if len(rest) > 1 else None
            if ended[row] and returns[row] is not None:
                rest.remove(returns[row])
            return mean(rest)
        if config["baseline"] == "group_mean":
            return mean(compared(row))
        others = (k for k in root.values() if group[k] == group[row] and k != mine[row])
        return mean([returns[k] for k in others if returns[k] is not None])

    by_root = config["estimator"] in ("rao_root_adv", "root_only")
    b = [baseline(row) for row in rows]
    why = []
    for row in rows:
        reasons = [
            ("unscored", s[row] is None),
            ("cancelled", table["status"][row] == "cancelled"),
            ("not_root", config["estimator"] == "root_only" and parent[row] >= 0),
            ("root_unscored", by_root and returns[mine[row]] is None),
            ("no_baseline", b[row] is None and not (siblings and parent[row] >= 0)),
            ("no_tokens", any(table["tokens"]) and not table["tokens"][row]),
            ("no_sibling", b[row] is None),
        ]
        why.append(next((word for word, holds in reasons if holds), None))
    trained = [row for row in rows if why[row] is None]
    A: list[Number] = [None] * len(s)
    for row in trained:
        A[row] = returns[mine[row] if by_root else row] - b[row]
        if config["std"]:
            pool = compared(row)
            spread = sqrt(mean([(value - mean(pool)) ** 2 for value in pool]) or 0.0)
            A[row] /= spread if spread > 1e-8 else 1.0
    w = weights(trained, table, config)
    c = [None if A[row] is None else w[row] * A[row] for row in rows]
    mass = [
        None if c[row] is None else abs(c[row]) * (table["tokens"][row] if counts(table, share_by) else 1)
        for row in rows
    ]
    total = fsum(value for value in mass if value is not None)
    share = [None if value is None else value / total if total else 0.0 for value in mass]
    return {
        "scored_children": [len(own) for own in kids],
        "child_mean": [mean(own) or 0.0 for own in kids],
        "child_min": [min(own, default=None) for own in kids],
        "bonus": bonus,
        "R": returns,
        "b": b,
        "A": A,
        "w": w,
        "c": c,
        "share": share,
        "why_not": why,
    }


def second_term(kids: list[float], config: dict[str, Any]) -> float:
    if not kids:
        return 0.0
    if config["bonus"] == "capped_sum":
        return min(config["lam"] * fsum(kids), config["cap"])
    return config["lam"] * (min(kids) if config["bonus"] == "min" else mean(kids))


def weights(trained: list[int], table: dict[str, list[Any]], config: dict[str, Any]) -> list[Number]:
    """Equation 4, over the batch or inside each group."""
    scope = {row: table["group"][row] if config["depth_weighting"] == "per_group" else 0 for row in trained}
    counts_of = Counter((scope[row], table["depth"][row]) for row in trained)
    w: list[Number] = [None] * len(table["s"])
    for row in trained:
        own = [count for (where, _), count in counts_of.items() if where == scope[row]]
        alpha = sum(own) / len(own)
        flat = config["depth_weighting"] == "none"
        w[row] = 1.0 if flat else alpha / counts_of[scope[row], table["depth"][row]]
    return w


def counts(table: dict[str, list[Any]], share_by: str) -> bool:
    return share_by == "token" and any(table["tokens"])


def mean(values: list[float]) -> Any:
    return fsum(values) / len(values) if values else None
