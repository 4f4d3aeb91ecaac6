"""Whether a recorded run learned: success before and after, with intervals over tasks, and a plain verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from rao_lab.base.words import counted, fixed
from rao_lab.credit import signal
from rao_lab.evaluation.clustered import Estimate, difference, share
from rao_lab.store import Run, TreeSummary
from rao_lab.tree.text import places

WINDOW = 5
"""Most steps at either end that success is counted over."""

ByTask = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Learned:
    """Success before and after. The verdict is "learned" or "got worse" only if the whole 95 % interval of the
    difference says so, otherwise "not resolved"."""

    measured: str
    """What was counted, such as "training steps 1-5 and 6-10"."""
    before: float
    after: float
    low: float
    high: float
    """The 95 % interval of after minus before."""
    tasks: int
    """Before and after together if they are not the same ones."""

    @property
    def verdict(self) -> str:
        return "learned" if self.low > 0 else "got worse" if self.high < 0 else "not resolved"

    def __str__(self) -> str:
        low, high = (fixed(each, places(self.low, self.high), sign=True) for each in (self.low, self.high))
        return f"{self.verdict} {fixed(self.before, 2)} → {fixed(self.after, 2)} [{low}, {high}]"

    def to_json(self) -> dict[str, Any]:
        return {"verdict": self.verdict, **{name: getattr(self, name) for name in self.__slots__}}


def learned(run: Run, steps: Sequence[int]) -> Learned | None:
    """By the probes of the first and the last step that have some, or by the training trees of the first and the last
    steps: whichever has more tasks. None if there is nothing to compare.

    Args:
        steps: those whose trees can be read.
    """
    found = [each for each in (_by_probes(run, steps), _by_training(run, steps)) if each is not None]
    return max(found, key=lambda each: each.tasks, default=None)


def _by_probes(run: Run, steps: Sequence[int]) -> Learned | None:
    """The same tasks, tried twice."""
    probed = [step for step in steps if run.trees(step, probe=True)]
    if len(probed) < 2:
        return None
    first, last = (_by_task(run, [step], probe=True) for step in (probed[0], probed[-1]))
    pairs = [(last[task], first[task]) for task in first if task in last]
    gap = difference(pairs)
    before, after = (
        share([scores for _, scores in pairs]),
        share([scores for scores, _ in pairs]),
    )
    if gap is None or before is None or after is None:
        return None
    measured = f"probes of steps {probed[0]} and {probed[-1]}, {counted(gap.tasks, 'task')}"
    return Learned(measured, before.value, after.value, gap.low, gap.high, gap.tasks)


def _by_training(run: Run, steps: Sequence[int]) -> Learned | None:
    """Tasks that are drawn anew in each step."""
    trained = [step for step in steps if step > 0 and run.trees(step, probe=False)]
    width = min(WINDOW, len(trained) // 2)
    if not width:
        return None
    ends = trained[:width], trained[-width:]
    scores = [list(_by_task(run, end, probe=False).values()) for end in ends]
    before, after = share(scores[0]), share(scores[1])
    if before is None or after is None:
        return None
    low, high = _apart(before, after)
    shown = " and ".join(f"{end[0]}-{end[-1]}" if len(end) > 1 else f"{end[0]}" for end in ends)
    tasks = before.tasks + after.tasks
    measured = f"training steps {shown}, {counted(tasks, 'task')}"
    return Learned(measured, before.value, after.value, low, high, tasks)


def _apart(before: Estimate, after: Estimate) -> tuple[float, float]:
    """The interval of a difference of independent shares from theirs (Newcombe 1998, method 10)."""
    gap = after.value - before.value
    below = hypot(after.value - after.low, before.high - before.value)
    above = hypot(after.high - after.value, before.value - before.low)
    return max(-1.0, gap - below), min(1.0, gap + above)


def _by_task(run: Run, steps: Sequence[int], *, probe: bool) -> ByTask:
    found: ByTask = defaultdict(list)
    for step in steps:
        for tree in ended(run.trees(step, probe=probe)):
            s = signal(tree.status, tree.success)
            if s is not None:
                found[tree.task].append(s)
    return found


def ended(trees: Sequence[TreeSummary]) -> list[TreeSummary]:
    """Those that count: no forks, and none that was cut off."""
    return [tree for tree in trees if not (tree.fork or tree.running)]
