"""Comparisons, as JSON and as text, with temperature 1 beside any other one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rao_lab.cli.reports.evaluation import evaluation_json
from rao_lab.evaluation.compare import Comparison
from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.protocols import Environment


def comparison_json(
    found: Mapping[str, Comparison],
    world: Environment,
    fits: Callable[..., Any],
    cut: Mapping[str, Evaluation] | None = None,
) -> dict[str, Any]:
    """What `rao-lab eval --against --json` prints: the first evaluation as without it, then the comparisons.

    Args:
        cut: the evaluations so far of one that was stopped.
    """
    compared = dict(zip(("compared", "compared_at_temperature_1"), found.values(), strict=False))
    evaluations = next((each.evaluations for each in found.values()), cut or {})
    stopped = {"stopped": {name: each.to_dict() for name, each in cut.items()}} if cut else {}
    return {
        **evaluation_json(next(iter(evaluations.values())), None, world, fits),
        **{name: each.to_dict() for name, each in compared.items()},
        **stopped,
    }


def comparison_text(found: Mapping[str, Comparison], cut: Mapping[str, Evaluation] | None = None) -> str:
    """One after another, then what was stopped."""
    parts: list[str] = []
    for each in found.values():
        parts += ["", "the same tasks at temperature 1, as in training:"] if parts else []
        parts.append(str(each))
    if cut:
        parts += [""] if parts else []
        parts.append("stopped; first try at each task so far, with Wilson's 95 % intervals:")
        parts += [str(each) if name == each.agent else f"{name}: {each}" for name, each in cut.items()]
    return "\n".join(parts)
