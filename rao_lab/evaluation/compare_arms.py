"""Ways to train side by side, each used more than once: means over runs, with intervals that count runs.

An interval over tasks says how well one run was measured; it says nothing of another run that was trained the same
way. Here a run is the unit. A mean has the t interval at n - 1 degrees of freedom. A difference is paired if both arms
have the same seeds, since runs of one seed meet the same tasks; otherwise it is Welch's (1947). Runs that are all alike
tell nothing of how runs differ: then there is no interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from math import sqrt
from statistics import fmean, stdev, variance
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import table_html
from rao_lab.base.safe_text import one_line, quoted, shorten
from rao_lab.base.words import counted, fixed
from rao_lab.errors import ConfigError
from rao_lab.evaluation.clustered import LEVEL, t_quantile
from rao_lab.evaluation.compare_runs import NAMED, WINDOW, Reached, RunComparison, compare_runs
from rao_lab.store import Run, differences
from rao_lab.tree.text import signed, signed_interval

HEADS = ("arm", "runs", "tokens", "success", "95 %", "probes", "95 %")
FIGURES = ("success", "probes")
SEED = "train.seed"
Runs = tuple[Sequence[str], Sequence[Reached]]
"""The seeds of an arm's runs, and what each reached."""


@dataclass(frozen=True, slots=True)
class OverRuns:
    """A mean over runs, or a difference of two, with its 95 % interval."""

    value: float
    low: float | None
    """None, as `high`: one run, or runs that are all alike."""
    high: float | None
    runs: int
    """Of a difference that is paired: pairs."""
    paired: bool = False

    @property
    def resolved(self) -> bool:
        """The interval leaves out 0."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class ArmReached:
    """One arm where all runs are level. Means are None if no run has anything to count."""

    arm: str
    runs: int
    tokens: float
    """That trees of a run generated so far, on average, probes left out."""
    success: OverRuns | None
    """Of the roots that were trained on, over the last steps."""
    probes: OverRuns | None
    success_apart: OverRuns | None
    """This arm minus the first; None for the first."""
    probes_apart: OverRuns | None


@dataclass(frozen=True, repr=False)
class ArmComparison:
    """Two or more arms beside each other; `runs` compares the same runs one by one.

    >>> run = rl.open_run("runs/a.rao")
    >>> rl.compare_arms({"one": [run], "other": [run]}).seeds
    {'one': ('0',), 'other': ('0',)}
    """

    seeds: Mapping[str, tuple[str, ...]]
    """By arm, the seed of each run, as its config says."""
    mixed: Mapping[str, tuple[str, ...]]
    """By arm, what its runs set otherwise beside the seed: it ought to be nothing."""
    points: Mapping[str, tuple[ArmReached, ...]]
    """By where the runs are level."""
    runs: RunComparison

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        points = {where: [asdict(arm) for arm in arms] for where, arms in self.points.items()}
        seeds = {arm: list(each) for arm, each in self.seeds.items()}
        mixed = {arm: list(each) for arm, each in self.mixed.items()}
        return {"seeds": seeds, "mixed": mixed, "points": points, "runs": self.runs.to_dict()}

    def __str__(self) -> str:
        lines = self._arms()
        for where, arms in self.points.items():
            lines += ["", f"{where} (success: the last {self.runs.window} steps; intervals over runs)"]
            rows = [HEADS, *map(_row, arms)]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            for first, *rest in rows:
                figures = (f"{each:>{width}}" for each, width in zip(rest, widths[1:], strict=True))
                lines.append(f"  {first:<{widths[0]}}  {'  '.join(figures)}".rstrip())
            lines += [f"  {line}" for line in _said(arms)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = ["<br>".join(self._arms())]
        parts += [
            table_html(where, HEADS, map(_row, arms), _said(arms)) for where, arms in self.points.items()
        ]
        return "<br>".join(parts)

    def _arms(self) -> list[str]:
        found = []
        for arm, seeds in self.seeds.items():
            found.append(f"{arm}: {counted(len(seeds), 'run')}, seeds {one_line(', '.join(seeds), 60)}")
            if self.mixed[arm]:
                names = one_line(", ".join(self.mixed[arm]), 80)
                found.append(f"  its runs differ in more than the seed, and its intervals with them: {names}")
        return found


@checked_call
def compare_arms(arms: Mapping[str, Sequence[Run]], window: int = WINDOW) -> ArmComparison:
    """Puts ways to train beside each other, each with its runs of several seeds.

        >>> run = rl.open_run("runs/a.rao")  # in earnest, runs of several seeds
        >>> found = rl.compare_arms({"one": [run], "other": [run]}, window=1)
        >>> found.points["after step 1"][0].success.low is None  # one run says nothing of another
        True

    Args:
        arms: by name, the runs of each. Differences are to the first.
        window: steps that a success is averaged over.

    Raises:
        ConfigError: fewer than two arms, an arm without runs or with a run twice, or a run in which no step of
            training has ended.
    """
    lists_only = isinstance(arms, Mapping) and all(isinstance(each, list | tuple) for each in arms.values())
    if not lists_only or len(arms) < 2:
        raise ConfigError(
            'rl.compare_arms takes two arms or more by name, such as {"rao": [a, b], "flat": [c, d]}, '
            f"not {quoted(arms)}"
        )
    lists = {shorten(one_line(str(name)), NAMED): list(runs) for name, runs in arms.items()}
    for name, runs in lists.items():
        if not runs:
            raise ConfigError(f"arm {quoted(name)} has no run: give each arm a list of runs")
    flat = [run for runs in lists.values() for run in runs]
    compared = compare_runs(*flat, window=window)
    for name, runs in lists.items():
        if len({run.path.resolve() for run in runs}) < len(runs):
            raise ConfigError(f"arm {quoted(name)} has a run twice: one run counts once")
    ends = [0, *accumulate(map(len, lists.values()))]
    seeds = {name: tuple(_seed(run) for run in runs) for name, runs in lists.items()}
    points = {}
    for point in compared.points:
        parts = [point.reached[start:end] for start, end in pairwise(ends)]
        reached = zip(lists, parts, strict=True)
        levels = [(seeds[arm], part) for arm, part in reached]
        points[point.where] = tuple(
            _reached(arm, level, levels[0]) for arm, level in zip(lists, levels, strict=True)
        )
    mixed = {
        name: tuple(each for each in differences([run.config for run in runs]) if each != SEED)
        for name, runs in lists.items()
    }
    return ArmComparison(seeds, mixed, points, compared)


def _seed(run: Run) -> str:
    train = run.config.get("train")
    return one_line(str(train.get("seed")), 20) if isinstance(train, Mapping) else "?"


def _reached(arm: str, level: Runs, first: Runs) -> ArmReached:
    _, runs = level
    means = [_mean(_told(runs, figure)) for figure in FIGURES]
    apart = [None if level is first else _difference(figure, level, first) for figure in FIGURES]
    return ArmReached(arm, len(runs), fmean(each.tokens for each in runs), *means, *apart)


def _told(runs: Sequence[Reached], figure: str) -> list[float]:
    found = (getattr(run, figure) for run in runs)
    return [each.value for each in found if each is not None]


def _difference(figure: str, mine: Runs, first: Runs) -> OverRuns | None:
    """`mine` minus `first`, paired by seed if it can be."""
    (seeds, runs), (others, base) = mine, first
    if sorted(seeds) == sorted(others) and len(set(seeds)) == len(seeds):
        there = {seed: getattr(run, figure) for seed, run in zip(others, base, strict=True)}
        pairs = [(getattr(run, figure), there[seed]) for seed, run in zip(seeds, runs, strict=True)]
        found = _mean([one.value - two.value for one, two in pairs if one and two])
        return found and replace(found, paired=True)
    one, two = _told(runs, figure), _told(base, figure)
    if not one or not two:
        return None
    value, runs_in_all = fmean(one) - fmean(two), len(one) + len(two)
    if len(one) < 2 or len(two) < 2 or not (variance(one) or variance(two)):
        return OverRuns(value, None, None, runs_in_all)
    a, b = variance(one) / len(one), variance(two) / len(two)
    freedom = (a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(two) - 1))
    reach = t_quantile((1 + LEVEL) / 2, int(freedom)) * sqrt(a + b)
    return OverRuns(value, value - reach, value + reach, runs_in_all)


def _mean(values: Sequence[float]) -> OverRuns | None:
    if not values:
        return None
    value, n = fmean(values), len(values)
    spread = stdev(values) if n > 1 else 0.0
    if not spread:
        return OverRuns(value, None, None, n)
    reach = t_quantile((1 + LEVEL) / 2, n - 1) * spread / sqrt(n)
    return OverRuns(value, value - reach, value + reach, n)


def _row(arm: ArmReached) -> tuple[str, ...]:
    """For `HEADS`; empty if there is nothing to count."""
    return (arm.arm, str(arm.runs), f"{arm.tokens:,.0f}", *_interval(arm.success), *_interval(arm.probes))


def _interval(found: OverRuns | None) -> tuple[str, str]:
    """A share lies from 0 to 1."""
    if found is None:
        return "", ""
    if found.low is None or found.high is None:
        return fixed(found.value, 2), "\u2013"
    return fixed(found.value, 2), f"{fixed(max(0.0, found.low), 2)} to {fixed(min(1.0, found.high), 2)}"


def _said(arms: Sequence[ArmReached]) -> list[str]:
    """The differences in words."""
    first, *others = arms
    found = []
    for arm in others:
        for what, apart in (("success", arm.success_apart), ("probes", arm.probes_apart)):
            if apart is None:
                continue
            how = counted(apart.runs, "seed") + ", paired" if apart.paired else counted(apart.runs, "run")
            head = f"{what}, {arm.arm} minus {first.arm}"
            if apart.low is None or apart.high is None:
                found.append(
                    f"{head}: {signed(apart.value, 2, '-')}, no interval from {how}: no spread is seen"
                )
                continue
            interval = signed_interval(apart.value, apart.low, apart.high, "-")
            resolved = "resolved" if apart.resolved else "not resolved"
            found.append(f"{head}: {interval} over {how}: {resolved}")
    return found
