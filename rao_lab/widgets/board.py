"""What the board shows of a session: its state, its progress and its curves, as plain JSON."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any

SERIES = ("success", "R", "nodes", "depth", "children", "together", "entropy", "unscored")
"""Plain numbers of a step's metrics that become a curve each."""
TABLES = (
    "success_by_difficulty",
    "success_by_depth",
    "gradient_share_by_depth",
    "refusals",
    "tokens_per_second",
)
"""Metrics that are tables by name."""


def board_state(session: Any) -> dict[str, Any]:
    """Progress in figures; the front end makes the words."""
    steps = session.steps
    done = steps[-1].step if steps else 0
    elapsed = (session.ended or time.monotonic()) - session.began
    made = sum(step.step > 0 for step in steps)
    each = elapsed / made if made else None
    left = each * max(0, session.total - done) if each is not None and session.ended is None else None
    state = session.state
    name, part, whole = session.phase
    paused = (
        f"paused after step {done}; what was sampled of step {done + 1} is kept" if state == "paused" else ""
    )
    return {
        "actions": True,
        "state": state,
        "step": done,
        "total": session.total,
        "phase": [name, part, whole],
        "elapsed": round(elapsed, 1),
        "each": None if each is None else round(each, 2),
        "left": None if left is None else round(left, 1),
        "paused": paused,
        "error": "" if session.error is None else f"{type(session.error).__name__}: {session.error}",
    }


def curves_of(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One list for each series, with None where a step has no such number."""
    if not metrics:
        return {}
    found: dict[str, Any] = {"step": [each["step"] for each in metrics]}
    for name in SERIES:
        column = [_number(each.get(name)) for each in metrics]
        if any(value is not None for value in column):
            found[name] = column
    for name in TABLES:
        tables = [_table(each.get(name)) for each in metrics]
        keys = sorted({key for table in tables for key in table})
        if keys:
            found[name] = {key: [_number(table.get(key)) for table in tables] for key in keys[:12]}
    if "success" in found:
        trees = [each.get("trees") for each in metrics]
        bands = [_interval(value, count) for value, count in zip(found["success"], trees, strict=True)]
        found["success_low"] = [None if band is None else band[0] for band in bands]
        found["success_high"] = [None if band is None else band[1] for band in bands]
    probe = [_number(each.get("probe_success")) for each in metrics]
    if any(value is not None for value in probe):
        found["probe_success"] = probe
    return found


def _table(value: Any) -> dict[str, Any]:
    """A metric by name; a plain number stands alone, a record by its success."""
    if not isinstance(value, Mapping):
        return {} if value is None else {"": value}
    return {
        str(key): item.get("success") if isinstance(item, Mapping) else item for key, item in value.items()
    }


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return round(float(value), 6)


def _interval(share: float | None, count: Any) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share."""
    if share is None or not isinstance(count, int) or count < 1:
        return None
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)
