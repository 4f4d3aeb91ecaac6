"""Comparisons, as JSON and as text, with temperature 1 beside any other one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rao_lab.cli.reports.evaluation import evaluation_json
from rao_lab.evaluation.compare import Comparison
from rao_lab.protocols import Environment


def comparison_json(
    found: Mapping[str, Comparison], world: Environment, fits: Callable[..., Any]
) -> dict[str, Any]:
    """What `rao-lab eval --against --json` prints: the first evaluation as without it, then the comparisons."""
    first, *beside = found.values()
    return {
        **evaluation_json(next(iter(first.evaluations.values())), None, world, fits),
        "compared": first.to_dict(),
        **({"compared_at_temperature_1": beside[0].to_dict()} if beside else {}),
    }


def comparison_text(found: Mapping[str, Comparison]) -> str:
    """One after another."""
    first, *beside = found.values()
    parts = [str(first)]
    for each in beside:
        parts += ["", "the same tasks at temperature 1, as in training:", str(each)]
    return "\n".join(parts)
