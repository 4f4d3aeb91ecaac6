"""Boards for a terminal: progress, success with intervals, the shape of trees, live.

A board draws on the console that it is given; the command line gives one on stderr. If that is no terminal,
it prints a plain line for each thing that ends and redraws nothing. It decides nothing: it is told what
happened.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rao_lab.base.safe_text import one_line, visible
from rao_lab.base.words import counted, fixed
from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.evaluation.intervals import wilson
from rao_lab.evaluation.summary import Summary
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Denominator

WIDE = 84
"""Cells of a terminal in which three bands stand side by side with room between them."""
LEAST_DONE = 0.02
"""Part of the work that must be done before the time left is told from it."""
RECENT = 5
"""Steps whose trees are pooled for the interval of success while training."""


class Board:
    """A live board; use as a context manager.

    Args:
        console: where to draw.
        title: the panel's.
        leave: the last picture stays when the block ends.
        line: gives a line that says what runs now, drawn while the block lasts.
    """

    def __init__(
        self, console: Console, title: str, leave: bool = True, line: Callable[[], str] | None = None
    ) -> None:
        self.console = console
        self._title = Text(one_line(title))
        self._leave = leave
        self._line = line
        self._shares: Mapping[str, float] = {}
        self._began = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            get_time=lambda: time.monotonic(),
        )
        self._phases: dict[str, TaskID] = {}
        self._rows: dict[tuple[str, str], Mapping[str, Summary]] = {}
        self._steps: dict[str, deque[TrainStep]] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(
                get_renderable=self._draw,
                console=self.console,
                refresh_per_second=4,
                transient=not self._leave,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._line = None
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """A line above the board, or on its own. A terminal breaks it between words, a log does not."""
        self.console.print(Text(visible(line)), soft_wrap=not self.console.is_terminal)

    def resumed(self, step: int, notes: Sequence[str]) -> None:
        """Training goes on after a step (-1: from the beginning), and what is to be known about that."""
        for note in notes:
            self.say(f"note: {note}")
        self.say(f"goes on after step {step}" if step >= 0 else "no checkpoint yet: from the beginning")

    @contextmanager
    def stoppable(self, line: Callable[[], str]) -> Iterator[None]:
        """Says the line, made then, if Ctrl-C ends the block."""
        try:
            yield
        except KeyboardInterrupt:
            self.say(line())
            raise

    def plan(self, shares: Mapping[str, float]) -> None:
        """The phases to come and about what part of the time each takes, by any measure; told again if it is
        known better. 0 = it runs beside the others."""
        self._shares = shares
        for name in shares:
            if name not in self._phases:
                self._phases[name] = self._progress.add_task(name, total=None, start=False)

    def phase(self, name: str, total: int, done: int = 0) -> None:
        """A phase begins, perhaps with a part of it done before, or its total becomes known."""
        if name in self._phases:
            self._progress.start_task(self._phases[name])
            self._progress.update(self._phases[name], total=total)
        else:
            self._phases[name] = self._progress.add_task(name, total=total)
        if done:
            self._progress.update(self._phases[name], completed=done)

    def advance(self, name: str, done: int) -> None:
        """So much of the phase is done."""
        task = self._phases[name]
        self._progress.update(task, completed=done)
        if self._live is None and done and done == self._progress.tasks[task].total:
            self.say(f"{name}: {done} done, {self._progress.tasks[task].elapsed or 0:.0f} s")

    def evaluated(self, when: str, evaluation: Evaluation, listed: bool = True) -> None:
        """Adds a row to the table of success; one that is not listed is said in a log alone, for want of room."""
        if listed:
            self._rows[when, evaluation.agent] = evaluation.by_difficulty
        if self._live is None:
            for name, part in evaluation.by_difficulty.items():
                self.say(f"{when:<6} {evaluation.agent:<9} {name:<7} {share(part)}, {part.scored.words()}")

    def stepped(self, agent: str, step: TrainStep) -> None:
        """A training step ended. One without trees of its own (the probes before the first) only adds its warnings."""
        for warning in step.warnings:
            self.say(f"{agent} step {step.step}: {warning}")
        if not step.groups:
            return
        self._steps.setdefault(agent, deque(maxlen=RECENT)).append(step)
        if self._live is None:
            self.say(step_line(agent, step))

    def _draw(self) -> RenderableType:
        if not (self._phases or self._rows or self._steps):
            return ""
        parts: list[RenderableType] = [self._progress]
        if self._shares:
            parts.insert(0, Text(self._remaining() + "\n", style="bold"))
        if self._rows:
            parts += ["", success_table(self._rows, narrow=self.console.width < WIDE)]
        if self._steps and not self._rows_of_now():
            agent, steps = [*self._steps.items()][-1]
            parts += ["", training_lines(agent, steps)]
        if self._line is not None:
            parts += ["", Text(self._line(), style="dim")]
        return Panel(Group(*parts), title=self._title, title_align="left", border_style="dim")

    def _rows_of_now(self) -> bool:
        """Whether what was trained last is evaluated already: its numbers then take the room of its steps."""
        whens = {when.split()[0] for when, _ in self._rows}  # "before T 1" is before, too
        return bool(self._steps) and len(whens) > 1

    def _remaining(self) -> str:
        """The time left: a phase that is under way goes on at its own pace, those to come at that of all so far."""
        so_far = f"{clock(time.monotonic() - self._began)} so far"
        parts, spent, done = [], 0.0, 0.0
        for name, weight in self._shares.items():
            if not weight:
                continue
            task = self._progress.tasks[self._phases[name]]
            part = min(1.0, task.completed / task.total) if task.total else 0.0
            seconds = task.finished_time or task.elapsed or 0.0
            parts.append((part, seconds, weight))
            if part:
                spent, done = spent + seconds, done + part * weight
        whole = sum(self._shares.values())
        if done < LEAST_DONE * whole:
            return so_far
        left = sum(
            seconds * (1 - part) / part if part else max(0.0, weight * spent / done - seconds)
            for part, seconds, weight in parts
        )
        return f"{done / whole:.0%}   {so_far}, about {clock(round(left))} left"


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def share(part: Summary) -> str:
    """A success share with its interval, in words; if some tasks were not scored, with how many were."""
    if part.success is None:
        return f"none of {part.tasks} scored"
    of = f" of {part.scored.scored}" if part.unscored else ""
    return f"{fixed(part.success, 2)} [{fixed(part.low, 2)}, {fixed(part.high, 2)}]{of}"


def success_table(rows: Mapping[tuple[str, str], Mapping[str, Summary]], narrow: bool = False) -> Table:
    """Success by difficulty, before and after, flat beside its ceiling and its success on the tasks that fit.

    Args:
        narrow: one blank between columns, not two, success on what fits only of the last flat row, and what the
            ceiling counts in the title, not below.
    """
    bands = list(dict.fromkeys(name for parts in rows.values() for name in parts))
    kinds = {part.flat_ceiling_of: None for parts in rows.values() for part in parts.values()}
    said = [kind if narrow else f"tasks that fit the window with {kind}" for kind in kinds if kind]
    said = [f"flat ceiling: {each}" for each in said]
    title = "; ".join(["success on held-out tasks [95 % interval]", *(said if narrow else ())])
    table = Table(box=None, pad_edge=False, collapse_padding=narrow, title=title)
    table.title_justify = "left"
    table.title_style = "dim"
    table.add_column("")
    table.add_column("agent")
    for band in bands:
        table.add_column(Text(one_line(band)), justify="left")
    for (when, agent), parts in rows.items():
        style = "bold" if when == "after" and agent == "recursive" else ""
        table.add_row(
            when, agent, *(share(parts[band]) if band in parts else "" for band in bands), style=style
        )
        last = when == [each for each, other in rows if other == agent][-1]
        if agent == "flat" and (last or not narrow) and any(part.fitting for part in parts.values()):
            fitting = [_fitting(parts[band]) if band in parts else "" for band in bands]
            table.add_row("", "of what fits", *fitting, style="dim")
    ceilings = _ceilings(rows)
    if ceilings:
        cells = [ceilings.get(band, "") for band in bands]
        table.add_row("", "flat ceiling", *cells, style="dim")
    _say_tasks(table, rows, bands, () if narrow else said)
    return table


def _fitting(part: Summary) -> str:
    """Success on the tasks that the flat ceiling counts."""
    found = part.fitting
    if found is None or found.success is None:
        return ""
    of = f" of {found.scored}" if found.scored < found.tasks else ""
    return f"{fixed(found.success, 2)} [{fixed(found.low, 2)}, {fixed(found.high, 2)}]{of}"


def _say_tasks(
    table: Table,
    rows: Mapping[tuple[str, str], Mapping[str, Summary]],
    bands: Sequence[str],
    said: Sequence[str],
) -> None:
    """Of how many tasks the shares are, unless the ceiling says it; then what is `said`, and why some tasks were not
    scored."""
    counts = {band: {parts[band].tasks for parts in rows.values() if band in parts} for band in bands}
    if not all(part.fitting for parts in rows.values() for part in parts.values()):
        tasks = (" or ".join(map(str, sorted(counts[band]))) for band in bands)
        table.add_row("", "tasks", *tasks, style="dim")
    missing = [
        f"{when} {agent}, {name}: {part.scored.words()}"
        for (when, agent), parts in rows.items()
        for name, part in parts.items()
        if part.unscored
    ]
    notes = [*said, *missing]
    table.caption = Text("\n".join(map(one_line, notes))) if notes else None
    table.caption_justify = "left"


def success_text(rows: Mapping[tuple[str, str], Mapping[str, Summary]]) -> str:
    """The table as plain text, in 80 columns if it can be."""
    wide = _drawn(success_table(rows))
    return wide if max(map(len, wide.splitlines())) <= 80 else _drawn(success_table(rows, narrow=True))


def _drawn(table: Table) -> str:
    target = StringIO()
    Console(file=target, width=100, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in target.getvalue().rstrip().splitlines())


def _ceilings(rows: Mapping[tuple[str, str], Mapping[str, Summary]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for parts in rows.values():
        for band, part in parts.items():
            if part.flat_ceiling is not None:
                of = f" ({part.fitting.tasks} of {part.tasks})" if part.fitting is not None else ""
                found[band] = f"{fixed(part.flat_ceiling, 2)}{of}"
    return found


def training_lines(agent: str, steps: Sequence[TrainStep]) -> Text:
    """The newest step in four short lines, cut where the terminal ends; success is pooled over recent steps."""
    last = steps[-1]
    metrics = last.metrics
    text = Text(no_wrap=True, overflow="ellipsis")
    over = "this step" if len(steps) == 1 else f"the last {len(steps)} steps"
    text.append(f"{agent}, step {last.step}   ", style="bold")
    text.append(f"success {pooled(steps)} in {over}\n")
    text.append(
        f"nodes {_number(metrics, 'nodes')} (at most {_number(metrics, 'nodes_max', 0)})   "
        f"depth {_number(metrics, 'depth')}   entropy {_number(metrics, 'entropy', 3)}\n"
    )
    text.append(f"refusals {one_line(refusals(metrics))}\n")
    speed = metrics.get("tokens_per_second") or {}
    speeds = speed if isinstance(speed, Mapping) else {"generation": speed}
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in speeds.items() if rate)
    text.append(f"tokens/s {rates or '-'}{_judged(metrics)}")
    return text


def step_line(agent: str, step: TrainStep) -> str:
    """One step on one line."""
    metrics = step.metrics
    found = Denominator.of(tree for group in step.groups for tree in group.trees)
    of = f"{found.scored} of {found.total}" if found.unscored else f"{found.total}"
    return (
        f"{agent:<9} step {step.step:<4} success {_number(metrics, 'success', 2)} of {of}  "
        f"nodes {_number(metrics, 'nodes')}  depth {_number(metrics, 'depth')}  "
        f"refusals {refusals(metrics)}  {fixed(step.seconds.get('total', 0.0), 1)} s{_judged(metrics)}"
    )


def _judged(metrics: Mapping[str, Any]) -> str:
    """How far a judge agreed with the verifier on the nodes that were checked, if it gave verdicts on some."""
    found = metrics.get("judge_agreement") or {}
    if not found.get("nodes"):
        return ""
    kappa = "none" if found["kappa"] is None else fixed(found["kappa"], 2)
    return f"  judge agrees on {fixed(found['agreement'], 2)} of {found['nodes']:,} (kappa {kappa})"


def pooled(steps: Sequence[TrainStep]) -> str:
    """Success of all scored training roots of these steps, with Wilson's interval and how many they are."""
    trees = [tree for step in steps for group in step.groups for tree in group.trees]
    found = Denominator.of(trees)
    scores = [tree.success for tree in trees if tree.success is not None]
    if not scores:
        return f"not known: {found.scored} of {found.total} trees scored"
    low, high = wilson(sum(scores), len(scores))
    trees_of = counted(found.total, "tree")
    of = trees_of if not found.unscored else f"{found.scored:,} scored of {trees_of}"
    return f"{fixed(sum(scores) / len(scores), 2)} [{fixed(low, 2)}, {fixed(high, 2)}] of {of}"


def refusals(metrics: Mapping[str, Any]) -> str:
    """Counts by kind, most frequent first."""
    counts = metrics.get("refusals") or {}
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{kind} {count}" for kind, count in ordered[:3]) or "none"


def _number(metrics: Mapping[str, Any], name: str, places: int = 1) -> str:
    value = metrics.get(name)
    return "-" if value is None else f"{value:.{places}f}"
