"""Which of several prompts is best on the same tasks, if that can be told, and otherwise what it would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from typing import Any

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted, fixed
from rao_lab.evaluation.clustered import Estimate, difference, holm, tasks_needed
from rao_lab.tree.text import signed_interval

SETTLED = 0.05
MOST_TASKS = 10_000
"""More tasks than this are not proposed."""
FEWEST = 6
"""Of fewer tasks nobody guesses how many would resolve a difference."""

Scores = Sequence[Sequence[float | None]]
"""Of each task the success of each repeat; None = not scored, or not run."""


@dataclass(frozen=True, slots=True)
class Versus:
    """First minus second, on the tasks of both."""

    first: str
    second: str
    seen: Estimate | None
    """With its own 95 % interval; None if no task has scored trees of both."""
    p: float
    """Two-sided, after Holm's correction for all pairs of the bench."""

    @property
    def settled(self) -> bool:
        """Whether the difference holds after the correction."""
        return self.seen is not None and self.p < SETTLED and self.seen.low * self.seen.high > 0

    def to_dict(self) -> dict[str, Any]:
        seen = None if self.seen is None else self.seen.to_dict()
        return {
            "first": self.first,
            "second": self.second,
            "seen": seen,
            "p": self.p,
            "settled": self.settled,
        }

    def __str__(self) -> str:
        names = f"{one_line(self.first, 40)} minus {one_line(self.second, 40)}"
        if self.seen is None:
            return f"{names}: no task has scored trees of both"
        seen = self.seen
        interval = signed_interval(seen.value, seen.low, seen.high)
        return f"{names}: {interval} on {counted(seen.tasks, 'task')}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the differences amount to."""

    winner: str | None
    sentence: str


def versus_all(scores: Mapping[str, Scores]) -> tuple[Versus, ...]:
    """Each pair in the order given, the earlier minus the later, with p values corrected for all of them."""
    seen = {
        (first, second): difference(
            [_both(one, two) for one, two in zip(scores[first], scores[second], strict=True)]
        )
        for first, second in combinations(scores, 2)
    }
    ps = holm({pair: 1.0 if found is None else found.p for pair, found in seen.items()})
    return tuple(Versus(first, second, found, ps[first, second]) for (first, second), found in seen.items())


def verdict(means: Mapping[str, float | None], pairs: Sequence[Versus]) -> Verdict:
    """The winner, if one is better than every other after the correction, and a sentence that says so or not.

    Args:
        means: the success of each, None if nothing was scored.
        pairs: from `versus_all`.
    """
    known = {name: mean for name, mean in means.items() if mean is not None}
    if len(known) < 2:
        return Verdict(None, "no winner: fewer than two of them have scored trees")
    best = max(known, key=lambda name: known[name])
    against = {
        pair.second if pair.first == best else pair.first: pair for pair in pairs if best in _names(pair)
    }
    for_many = f" (Holm's correction for {len(pairs)} pairs)" if len(pairs) > 1 else ""
    if all(pair.settled for pair in against.values()):
        others = "the other" if len(against) == 1 else "every other"
        return Verdict(
            best, f"winner: {one_line(best, 60)}; its paired interval against {others} excludes 0{for_many}"
        )
    open_pairs = [pair for pair in against.values() if not pair.settled]
    closest = min(open_pairs, key=lambda pair: abs(pair.seen.value) if pair.seen else 0.0)
    return Verdict(None, f"no winner yet{for_many}: {_what_it_takes(closest, len(pairs))}")


def _what_it_takes(pair: Versus, comparisons: int) -> str:
    if pair.seen is None:
        return f"no task has scored trees of both {one_line(pair.first, 40)} and {one_line(pair.second, 40)}"
    if pair.seen.value == 0:
        return f"{one_line(pair.first, 40)} and {one_line(pair.second, 40)} have the same success so far"
    if pair.seen.tasks < FEWEST:
        return f"{counted(pair.seen.tasks, 'task')} cannot tell, nor how many it takes: play {FEWEST} or more"
    needed = tasks_needed(pair.seen, comparisons)
    if not isfinite(needed) or needed > MOST_TASKS:
        return f"to resolve a difference of {fixed(abs(pair.seen.value), 3)} would take more than {MOST_TASKS:,} tasks"
    more = max(1, round(needed - pair.seen.tasks))
    return (
        f"about {counted(more, 'more task')} would resolve a difference of this size "
        f"({fixed(abs(pair.seen.value), 2)}, {one_line(pair.first, 40)} and {one_line(pair.second, 40)})"
    )


def _names(pair: Versus) -> tuple[str, str]:
    return pair.first, pair.second


def _both(one: Sequence[float | None], two: Sequence[float | None]) -> tuple[list[float], list[float]]:
    pairs = [(a, b) for a, b in zip(one, two) if a is not None and b is not None]
    return [a for a, _ in pairs], [b for _, b in pairs]
