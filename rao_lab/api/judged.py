"""What a judge adds to a step of training: what it took, and how far it agrees with the verifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted
from rao_lab.evaluation.agreement import Agreement, agreement
from rao_lab.evaluation.confusion import Confusion
from rao_lab.execution.judge.judge import PolicyJudge, taken_since
from rao_lab.training.metrics import TrainStep
from rao_lab.training.processes import Peers, totals

MOST_WHY = 200
"""Characters of a reason."""
SIZES = ("short", "middle", "long")
"""Names of the thirds of a step's transcripts by length, which change from step to step."""


def judged_steps(
    made: Iterator[TrainStep], judge: object, peers: Peers, on_tick: Callable[[int], None] | None
) -> Iterator[TrainStep]:
    """Each step, with the judge's figures among its metrics. Its trees and its credit stay as they are.

    Of several processes, the first checks the judge against the verifier.
    """
    if not isinstance(judge, PolicyJudge):
        yield from made
        return
    before, said = judge.usage, ""
    for step in made:
        metrics: dict[str, Any] = {}
        warnings: list[str] = []
        stopped = None
        try:
            found = None if peers.rank else _checked(judge, step, on_tick)
            if found is not None and found.pairs:
                metrics |= agreement_metrics(found)
                warnings, said = _failed(found, said)
        except BaseException as stop:  # noqa: BLE001 - the step is whole: it is handed on, and then the stop
            stopped = stop
        metrics["judge"] = (
            taken_since(judge, before) if stopped else totals(peers, taken_since(judge, before))
        )
        before = judge.usage
        yield replace(step, metrics={**step.metrics, **metrics}, warnings=(*step.warnings, *warnings))
        if stopped is not None:
            raise stopped
        del step  # not kept while the next one grows


def _checked(judge: PolicyJudge, step: TrainStep, on_tick: Callable[[int], None] | None) -> Agreement | None:
    trees = [tree for group in step.groups for tree in group.trees]
    if not (judge.check and trees):
        return None
    tick = None if on_tick is None else partial(on_tick, 0)
    return agreement(trees, judge, judge.check, seed=step.step, on_tick=tick)


def _failed(found: Agreement, said: str) -> tuple[list[str], str]:
    """A line about checked nodes without a verdict, and why; the same reason is said once."""
    lost = [pair.why for pair in found.pairs if pair.judge is None]
    if not lost:
        return [], said
    why = one_line(lost[0], MOST_WHY)
    line = f"the judge gave no verdict on {len(lost):,} of {counted(len(found.pairs), 'checked node')}"
    return [line if why == said else f"{line}: {why}"], why


def agreement_metrics(found: Agreement) -> dict[str, Any]:
    """The confusion of a step as metrics; thirds by length are named by their order, and say how long they are."""
    if not found.pairs:
        return {}
    thirds = found.thirds
    names = SIZES if len(thirds) == len(SIZES) else (SIZES[0], SIZES[-1])[: len(thirds)]
    return {
        "judge_agreement": _figures(found.overall),
        "judge_by_depth": {str(depth): _figures(part) for depth, part in found.by_depth.items()},
        "judge_by_length": {
            name: {**_figures(part), f"least_{found.unit}": low, f"most_{found.unit}": high}
            for name, (low, high, part) in zip(names, thirds, strict=True)
        },
    }


def _figures(part: Confusion) -> dict[str, Any]:
    return {name: value for name, value in part.to_dict().items() if name not in ("low", "high")}
