"""An evaluation, with the budget that its solutions needed."""

from __future__ import annotations

from typing import Any

from rao_lab.evaluation.budget import needs, needs_by_band, needs_text
from rao_lab.evaluation.evaluate import Evaluation


def evaluation_json(found: Evaluation) -> dict[str, Any]:
    """What `rao-lab eval --json` prints."""
    return {**found.to_dict(), "budget": needs(found.trees, found.limits).to_dict()}


def evaluation_text(found: Evaluation) -> str:
    """How well it went, then what the solutions needed."""
    overall = needs(found.trees, found.limits)
    by_band = needs_by_band(found.trees, found.limits, found.by_difficulty)
    return f"{found}\n{needs_text(overall, by_band, found.limits)}"
