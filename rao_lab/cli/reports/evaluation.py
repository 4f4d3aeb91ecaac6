"""An evaluation, with the budget that its solutions needed, and what came of temperature 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rao_lab.evaluation.budget import needs, needs_by_band, needs_text
from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.evaluation.rows import task_rows
from rao_lab.evaluation.summary import summary_words
from rao_lab.protocols import Environment


def evaluation_json(
    found: Evaluation,
    plain: Evaluation | None = None,
    world: Environment | None = None,
    fits: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """What `rao-lab eval --json` prints.

    Args:
        plain: the same at temperature 1, if the other is at another one.
        world, fits: tell what rows say of each task.
    """
    parts = [_with_rows(each, world, fits) for each in (found, plain) if each is not None]
    beside = {"at_temperature_1": parts[1]} if len(parts) > 1 else {}
    return {**parts[0], "budget": needs(found.trees, found.limits).to_dict(), **beside}


def _with_rows(
    found: Evaluation, world: Environment | None, fits: Callable[..., Any] | None
) -> dict[str, Any]:
    return {**found.to_dict(), "rows": [row.to_dict() for row in task_rows(found, world, fits)]}


def evaluation_text(found: Evaluation, plain: Evaluation | None = None) -> str:
    """How well it went, at temperature 1 beside, then what the solutions needed."""
    overall = needs(found.trees, found.limits)
    by_band = needs_by_band(found.trees, found.limits, found.by_difficulty)
    beside = "" if plain is None else "\n".join(["", *_beside(plain)])
    return f"{found}{beside}\n{needs_text(overall, by_band, found.limits)}"


def _beside(plain: Evaluation) -> list[str]:
    flat = plain.agent == "flat"
    lines = [f"the same tasks at temperature 1, as in training: {summary_words(plain.overall, flat=flat)}"]
    if len(plain.by_difficulty) > 1:
        lines += [
            f"  {name:<8} {summary_words(part, why=False, flat=flat)}"
            for name, part in plain.by_difficulty.items()
        ]
    return lines
