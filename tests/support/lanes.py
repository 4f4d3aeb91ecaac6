"""Random lanes of a tree: agents that decode, run code, launch children and wait for them."""

from __future__ import annotations

import random
from math import nan
from typing import Any

from rao_lab.tree.times import Lane, Span, Times


class Play:
    """Plays one tree from a seed. Times have three decimals, so that JSON keeps them.

    Args:
        code: seconds that code takes at most; 0 on a clock that counts decode steps.
    """

    def __init__(self, seed: int, code: float = 0.2, depth: int = 3) -> None:
        self.dice = random.Random(seed)
        self.code = code
        self.depth = depth
        self.spans: dict[tuple[int, ...], list[Span]] = {}
        self.heads: dict[tuple[int, ...], tuple[int, float, float]] = {}
        """Of each path the parent's turn, the start and the end."""
        self.node((0,), 0, 0.0)

    def took(self, most: float) -> float:
        return round(self.dice.uniform(0, most), 3) if self.code else float(self.dice.randint(1, 9))

    def node(self, path: tuple[int, ...], turn: int, start: float) -> float:
        at, children = start, 0
        spans = self.spans.setdefault(path, [])
        self.heads[path] = (turn, start, nan)
        for index in range(1, self.dice.randint(1, 4) + 1):
            steps = self.dice.randint(1, 9)
            sampled = at + (self.took(1.0) if self.code else steps)
            now = sampled
            spans.append(Span(at, sampled, nan, steps))
            for _ in range(self.dice.choice([0, 0, 1, 2]) if len(path) <= self.depth else 0):
                now += self.took(self.code) if self.code else 0.0
                ends = []
                for _ in range(self.dice.choice([1, 1, 2, 3])):
                    ends.append(self.node((*path, children), index, now))
                    children += 1
                now = max(ends)
            at = round(now + (self.took(self.code) if self.code else 0.0), 3)
            spans[-1] = spans[-1]._replace(ended=at)
        self.heads[path] = (turn, start, at)
        return at

    def times(self, until: float = float("inf")) -> Times:
        """What is known at a moment: what has not happened by then is not there, and what has not ended has no end."""
        paths = sorted(path for path, head in self.heads.items() if head[1] <= until)
        place = {path: at for at, path in enumerate(paths)}
        lanes = []
        for path in paths:
            turn, start, end = self.heads[path]
            spans = [
                Span(
                    span.started,
                    _by(span.sampled, until),
                    _by(span.ended, until),
                    span.steps * (span.sampled <= until),
                )
                for span in self.spans[path]
                if span.started <= until
            ]
            lanes.append(
                Lane(
                    place.get(path[:-1], -1),
                    turn,
                    _r(start),
                    _by(end, until),
                    end > until,
                    [*map(_rounded, spans)],
                )
            )
        return Times(lanes)


def _r(time: float) -> float:
    return round(time, 3)


def _by(time: float, until: float) -> float:
    return _r(time) if time <= until else nan


def _rounded(span: Span) -> Span:
    return span._replace(started=_r(span.started))


def lanes_json(times: Times) -> list[Any]:
    """Lanes as JSON: null for a time that is not known."""
    return [
        [
            *lane[:2],
            *map(_plain, lane[2:4]),
            lane.live,
            [[*map(_plain, span[:3]), span.steps] for span in lane.turns],
        ]
        for lane in times.lanes
    ]


def lanes_from(data: list[Any]) -> Times:
    return Times(
        [
            Lane(
                parent,
                turn,
                _number(start),
                _number(end),
                live,
                [Span(*map(_number, span[:3]), span[3]) for span in spans],
            )
            for parent, turn, start, end, live, spans in data
        ]
    )


def answers(times: Times) -> dict[str, Any]:
    """All that is computed of lanes."""
    return {
        "end": times.end,
        "bars": [[list(bar) for bar in bars] for bars in times.bars],
        "waits": [[list(wait) for wait in waits] for waits in times.waits],
        "path": [list(leg) for leg in times.path],
        "steps": times.steps,
        "pathSteps": times.path_steps,
    }


def _plain(time: float) -> float | None:
    return None if time != time else time


def _number(time: float | None) -> float:
    return nan if time is None else float(time)
