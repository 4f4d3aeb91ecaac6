"""Weighted rewards."""

from __future__ import annotations

import inspect
import logging
from typing import Any


class Rubric:
    def __init__(self, funcs: Any = None, weights: Any = None) -> None:
        self.funcs = funcs or []
        self.weights = weights or [1.0] * len(self.funcs)

    @property
    def has_group_rewards(self) -> bool:
        return any("completions" in inspect.signature(each).parameters for each in self.funcs)

    async def _call(self, function: Any, state: Any) -> float:
        known = {name: state.get(name) for name in ("prompt", "completion", "answer", "info")} | {
            "state": state
        }
        given = {k: v for k, v in known.items() if k in inspect.signature(function).parameters}
        try:
            value = function(**given)
            return float(await value if inspect.isawaitable(value) else value)
        except Exception as problem:  # noqa: BLE001 - as the library does
            logging.getLogger(__name__).error("Error calling reward function: %s", problem)
            return 0.0

    async def score_rollout(self, state: Any) -> None:
        scores = [await self._call(each, state) for each in self.funcs]
        state["reward"] = sum(score * weight for score, weight in zip(scores, self.weights, strict=True))

    async def cleanup(self, state: Any) -> None:
        return None


class RubricGroup(Rubric):
    def __init__(self, rubrics: list[Rubric]) -> None:
        super().__init__()
        self.rubrics = rubrics

    @property
    def has_group_rewards(self) -> bool:
        return any(each.has_group_rewards for each in self.rubrics)

    async def score_rollout(self, state: Any) -> None:
        total = 0.0
        for each in self.rubrics:
            await each.score_rollout(state)
            total += state["reward"]
        state["reward"] = total
