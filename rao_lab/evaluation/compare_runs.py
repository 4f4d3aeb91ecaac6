"""Training runs side by side: what was set otherwise, and what they reached for equal steps and equal tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import table_html
from rao_lab.base.checks import whole
from rao_lab.base.safe_text import one_line, quoted, shorten
from rao_lab.base.words import counted, fixed
from rao_lab.credit import signal
from rao_lab.errors import ConfigError
from rao_lab.evaluation.clustered import Estimate, difference, share
from rao_lab.store import Run, TreeSummary, differences
from rao_lab.store.differences import NOT_SET
from rao_lab.tree.text import signed_interval

WINDOW = 5
"""Steps that a success is averaged over."""
NAMED = 40
"""Characters of a run's name."""

ByTask = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Reached:
    """One run, up to one of its steps. Means are over the last steps, None if there is nothing to count."""

    run: str
    step: int
    tokens: int
    """That its trees generated so far, probes left out."""
    seconds: float | None
    """Of training so far; None if the run does not say."""
    trees: int
    """Of the last steps, as far as the run keeps them: what the next number is of."""
    success: Estimate | None
    """Of the roots that were trained on, by task."""
    probe_step: int | None
    """The last step with probes; None if there is none."""
    probes: Estimate | None
    """Their success, by task."""
    nodes: float | None
    depth: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """All runs where they are level, and how their probes differ."""

    where: str
    reached: tuple[Reached, ...]
    differences: tuple[Estimate | None, ...]
    """Of each run but the first: its probes minus the first one's, task by task. None: they share no probe task."""


@dataclass(frozen=True, repr=False)
class RunComparison:
    """Two or more runs beside each other.

    >>> found = rl.compare_runs(rl.open_run("runs/a.rao"), rl.open_run("runs/a.rao"))
    >>> [point.where for point in found.points], found.settings
    (['after step 1'], {})
    """

    names: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...]]
    """What was set otherwise: by name, what each run says."""
    window: int
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "runs": list(self.names),
            "settings": {name: list(values) for name, values in self.settings.items()},
            "window": self.window,
            "points": [asdict(point) for point in self.points],
        }

    def __str__(self) -> str:
        lines = [f"{name}: {one_line(', '.join(values), 100)}" for name, values in self.settings.items()]
        lines = ["set otherwise:", *(f"  {line}" for line in lines)] if lines else ["the same settings"]
        for point in self.points:
            lines += ["", f"{point.where} (success: the last {self.window} steps; intervals over tasks)"]
            rows = [HEADS, *map(_row, point.reached)]
            widths = [max(len(str(row[at])) for row in rows) for at in range(len(HEADS))]
            for row in rows:
                first, *rest = (str(value) for value in row)
                figures = "  ".join(
                    f"{value:>{width}}" for value, width in zip(rest, widths[1:], strict=True)
                )
                lines.append(f"  {first:<{widths[0]}}  {figures}".rstrip())
            lines += [f"  {line}" for line in self._said(point)]
        return "\n".join([*lines, "", UNIT])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(name, *values) for name, values in self.settings.items()]
        parts = [table_html("Set otherwise", ("", *self.names), rows)] if rows else []
        for point in self.points:
            parts.append(table_html(point.where, HEADS, map(_row, point.reached), self._said(point)))
        parts.append(UNIT)
        return "<br>".join(parts)

    def _said(self, point: Point) -> list[str]:
        first, *others = self.names
        base, *rest = (reached.probes for reached in point.reached)
        found = []
        for name, probes, apart in zip(others, rest, point.differences, strict=True):
            if base is None or probes is None:
                continue
            if apart is None:
                found.append(f"probes, {name} minus {first}: not told, since {OTHER_PROBES}")
            else:
                resolved = "" if apart.low <= 0 <= apart.high else ": resolved"
                only = " that both have" if apart.tasks < max(base.tasks, probes.tasks) else ""
                tasks = f"{counted(apart.tasks, 'probe task')}{only}"
                interval = signed_interval(apart.value, apart.low, apart.high, "-")
                found.append(f"probes, {name} minus {first}: {interval} on {tasks}{resolved}")
        return found


OTHER_PROBES = (
    "their probe tasks are others: train.seed draws them. --set probe_seed=N, the same for both, draws the same; "
    "`rao-lab eval --policy A.rao.ckpt/step-N --against B.rao.ckpt/step-N` compares what was trained"
)
"""Why probes are not compared, and what to do."""

UNIT = (
    "Intervals here are over tasks. Bands of the board and of rl.figures are over trees, as if those of one task were "
    "not alike: they are narrower, and too narrow to compare runs by."
)
HEADS = ("run", "step", "tokens", "seconds", "trees", "success", "95 %", "probes", "95 %", "nodes", "depth")


def _row(reached: Reached) -> tuple[str, ...]:
    """For `HEADS`; empty if there is nothing to count."""
    means = (fixed(value, 1) if value is not None else "" for value in (reached.nodes, reached.depth))
    seconds = "" if reached.seconds is None else f"{reached.seconds:,.0f}"
    counts = (str(reached.step), f"{reached.tokens:,}", seconds, f"{reached.trees:,}")
    return (reached.run, *counts, *_interval(reached.success), *_interval(reached.probes), *means)


def _interval(found: Estimate | None) -> tuple[str, str]:
    return (
        ("", "")
        if found is None
        else (fixed(found.value, 2), f"{fixed(found.low, 2)} to {fixed(found.high, 2)}")
    )


@checked_call
def compare_runs(first: Run, *others: Run, window: int = WINDOW) -> RunComparison:
    """Puts training runs beside each other: settings that differ, success for equal steps and for equal tokens.

    Success is that of the trained trees of the last steps, and of the probes of the last step that had some; intervals
    count tasks, since trees of one task are alike. A difference is between the same probe tasks; runs with other seeds
    have others, unless `probe_seed` of `rl.TrainConfig` is the same.

        >>> run = rl.open_run("runs/a.rao")
        >>> rl.compare_runs(run, run, window=1).points[0].reached[0].trees
        4

    Args:
        window: steps that a success is averaged over.

    Raises:
        ConfigError: fewer than two runs, or one in which no step of training has ended.
    """
    runs = (first, *others)
    for each in runs:
        if not isinstance(each, Run):
            raise ConfigError(
                f"rl.compare_runs takes open runs, as rl.open_run(path) gives them, not {quoted(each)}"
            )
    if not others:
        raise ConfigError("one run is no comparison: give rl.compare_runs(a, b)")
    whole("window", window, least=1)
    names = _names(runs)
    paths = [_path(run, name) for run, name in zip(runs, names, strict=True)]
    level_steps = min(path[-1].step for path in paths)
    level_tokens = min(path[-1].tokens for path in paths)
    by_steps = [max(at for at, here in enumerate(path) if here.step <= level_steps) for path in paths]
    by_tokens = [
        max((at for at, here in enumerate(path) if here.tokens <= level_tokens), default=0) for path in paths
    ]
    ends = [len(path) - 1 for path in paths]
    wanted = {f"after step {level_steps}": by_steps}
    if by_tokens != by_steps:
        wanted[f"within {level_tokens:,} tokens, each after its last whole step"] = by_tokens
    if ends not in (by_steps, by_tokens):
        wanted["at the end"] = ends
    points = [
        _point(
            where,
            [_Seen(run, path[: at + 1]) for run, path, at in zip(runs, paths, places, strict=True)],
            window,
        )
        for where, places in wanted.items()
    ]
    return RunComparison(names, differences([run.config for run in runs]), window, tuple(points))


def probe_tasks_apart(runs: Sequence[Iterable[Mapping[str, Any]]]) -> tuple[str, ...] | None:
    """The probe tasks of each run, by the ends of their names, if they are not the same in all; otherwise None.

    Args:
        runs: the metrics of each. A file may say anything.
    """
    tasks = [_probe_tasks(rows) for rows in runs]
    if len({frozenset(each) for each in tasks if each}) < 2:
        return None
    ends = (", ".join(task.rsplit("/", 1)[-1] for task in each) for each in tasks)
    return tuple(one_line(each, NAMED) or NOT_SET for each in ends)


def _probe_tasks(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    told = [row.get("probe_success_by_task") for row in rows]
    return next(([*map(str, each)] for each in reversed(told) if isinstance(each, Mapping) and each), [])


def _names(runs: Sequence[Run]) -> tuple[str, ...]:
    """File names; alike ones with the folder, or a number."""
    names = [run.path.name for run in runs]
    if len(set(names)) < len(names):
        names = [f"{run.path.parent.name}/{run.path.name}" for run in runs]
    names = [shorten(one_line(name), NAMED) for name in names]
    alike = len(set(names)) < len(names)
    return tuple(f"{name} ({number})" if alike else name for number, name in enumerate(names, 1))


@dataclass(frozen=True, slots=True)
class _Here:
    """A run after a step."""

    step: int
    tokens: int
    seconds: float | None


def _path(run: Run, name: str) -> list[_Here]:
    """A run after each of its training steps.

    Raises:
        ConfigError: none has ended.
    """
    found: list[_Here] = []
    tokens = 0
    seconds: float | None = None
    for row in run.metrics:
        if row["step"] > 0:
            tokens += int(row.get("tokens_out") or 0)
            own = (row.get("seconds") or {}).get("total")
            seconds = seconds if own is None else (seconds or 0.0) + float(own)
            found.append(_Here(row["step"], tokens, seconds))
    if not found or "kind" in run.config:
        raise ConfigError(
            f"{name} is no training run in which a step has ended: rl.compare compares evaluations"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Seen:
    """A run up to a step."""

    run: Run
    path: list[_Here]


def _point(where: str, seen: Sequence[_Seen], window: int) -> Point:
    names = _names([each.run for each in seen])
    probes = [_last_probes(each) for each in seen]
    reached = tuple(
        _reached(name, each, found, window) for name, each, found in zip(names, seen, probes, strict=True)
    )
    first = probes[0][1]
    apart = [
        difference([(mine[task], first[task]) for task in mine if task in first]) for _, mine in probes[1:]
    ]
    return Point(where, reached, tuple(apart))


def _reached(name: str, seen: _Seen, probes: tuple[int | None, ByTask], window: int) -> Reached:
    last = seen.path[-1]
    trees = [
        tree
        for here in seen.path[-window:]
        for tree in seen.run.trees(here.step, probe=False)
        if not (tree.fork or tree.running)
    ]
    step, found = probes
    return Reached(
        name,
        last.step,
        last.tokens,
        last.seconds,
        len(trees),
        share(list(_by_task(trees).values())),
        step,
        share(list(found.values())),
        fmean(tree.nodes for tree in trees) if trees else None,
        fmean(tree.depth for tree in trees) if trees else None,
    )


def _last_probes(seen: _Seen) -> tuple[int | None, ByTask]:
    """The last step with probes up to here, and their successes by task."""
    last = seen.path[-1].step
    steps = [each.step for each in seen.run.steps if each.probe_trees and each.step <= last]
    if not steps:
        return None, {}
    trees = [tree for tree in seen.run.trees(steps[-1], probe=True) if not (tree.fork or tree.running)]
    return steps[-1], _by_task(trees)


def _by_task(trees: Sequence[TreeSummary]) -> ByTask:
    found: ByTask = defaultdict(list)
    for tree in trees:
        s = signal(tree.status, tree.success)
        if s is not None:
            found[tree.task].append(s)
    return dict(found)
