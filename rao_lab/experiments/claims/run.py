"""Runs the units of the claims, several at once: each in a process with one thread of torch.

A unit whose rows are kept is not run again. One that fails is told and stops no other. Ctrl-C stops all of them;
what they have trained is kept in their run files, what they have evaluated beside these, and they go on from there.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from rao_lab.base.processes import interrupt, leave_group
from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError, RaoLabError
from rao_lab.experiments.claims import looks
from rao_lab.experiments.claims import rows as store
from rao_lab.experiments.claims.arms import ARMS, RESUMED, Scale, Unit
from rao_lab.experiments.claims.bases import base

Say = Callable[[str], object]
TOLD_EVERY = 30.0
"""Seconds between two lines of progress."""
ENDS_IN = 60.0
"""Seconds that a unit has to keep what it trained, after Ctrl-C."""
PER_TREE = {"recursive": 0.05, "flat": 0.02}
"""Seconds of one tree, roughly; what is measured corrects them."""
LARGER = {"easy": 0.4, "medium": 1.0, "hard": 2.5, "extreme": 4.0}
"""How much longer a tree of a band takes, roughly."""


@dataclass
class Outcome:
    """What became of the units."""

    done: list[str] = field(default_factory=list)
    kept: int = 0
    """Their rows were there already."""
    failed: dict[str, str] = field(default_factory=dict)
    """Unit -> why."""


def run_units(
    units: Sequence[Unit], scale: Scale, out: Path, folder: Path, jobs: int = 1, say: Say = print
) -> Outcome:
    """Runs every unit whose rows are not kept.

    Args:
        out: where run files and the tracebacks of failed units go.
        folder: where rows are kept.
        jobs: processes.

    Raises:
        KeyboardInterrupt: Ctrl-C; all processes have ended.
        ConfigError: rows were made with other settings, or a unit waits for one that is neither kept nor chosen.
    """
    open_units = [unit for unit in units if not store.is_kept(folder, unit, scale)]
    for unit in open_units:
        for other in _waits_for(unit):
            if other not in open_units and not store.is_kept(folder, other, scale):
                raise ConfigError(
                    f"{unit.arm.name} needs the rows of {other.name}: choose {other.arm.name}, too"
                )
    for name in dict.fromkeys(unit.arm.base for unit in open_units):
        base(name, partial(_making, say, name))
    outcome = Outcome(kept=len(units) - len(open_units))
    if outcome.kept:
        say(f"{counted(outcome.kept, 'unit')} of {len(units)} are kept already")
    if open_units:
        _Runner(open_units, scale, out, folder, say, outcome).run(min(jobs, len(open_units)))
    return outcome


def _making(say: Say, name: str, line: str) -> None:
    say(f"making the base {name}: {line}")


def _waits_for(unit: Unit) -> list[Unit]:
    return [Unit(ARMS[name], unit.seed) for name in unit.arm.equal_tokens]


def expected(unit: Unit, scale: Scale) -> float:
    """Seconds that a unit takes, roughly: only ratios matter."""
    each = PER_TREE[unit.arm.agent]
    steps = unit.arm.steps(scale, dict(zip(unit.arm.equal_tokens, (2, 1), strict=False)))
    trees = sum(LARGER[band] for look in unit.arm.looks for band in look.bands) * scale.tasks
    return each * (steps * scale.tasks_per_step * scale.group_size + trees)


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    unit: Unit | None = None
    began: float = 0.0
    at: str = ""


class _Runner:
    """The units under way."""

    def __init__(
        self, units: Sequence[Unit], scale: Scale, out: Path, folder: Path, say: Say, outcome: Outcome
    ) -> None:
        self._waiting = list(units)
        self._all = len(units)
        self._scale, self._out, self._folder = scale, out, folder
        self._say, self._outcome = say, outcome
        self._workers: list[_Worker] = []
        self._told = time.monotonic()
        self._spent, self._planned = 0.0, 0.0

    def run(self, jobs: int) -> None:
        whole = sum(expected(unit, self._scale) for unit in self._waiting)
        self._say(
            f"{counted(self._all, 'unit')}, {counted(jobs, 'process', 'processes')}: roughly {_said(whole / jobs)}"
        )
        with self._ended_at_last():
            self._workers = [_started() for _ in range(jobs)]
            while self._waiting or self._busy():
                for worker in self._workers:
                    if worker.unit is None:
                        self._begin(worker)
                if not self._busy():
                    break
                for pipe in wait([worker.pipe for worker in self._busy()], timeout=1.0):
                    self._hear(next(worker for worker in self._workers if worker.pipe is pipe))
                if time.monotonic() - self._told > TOLD_EVERY:
                    self._tell()

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.unit is not None]

    def _begin(self, worker: _Worker) -> None:
        """Gives it the first unit that waits for nothing; a unit whose like has failed fails, too."""
        for unit in [*self._waiting]:
            others = _waits_for(unit)
            if missing := [other.name for other in others if other.name in self._outcome.failed]:
                self._waiting.remove(unit)
                self._fail(unit, f"{missing[0]} failed, whose rows it needs")
            elif all(store.place(self._folder, other).exists() for other in others):
                self._waiting.remove(unit)
                tokens = {
                    o.arm.name: store.read(store.place(self._folder, o))["training"]["tokens"] for o in others
                }
                worker.unit, worker.began, worker.at = unit, time.monotonic(), "begins"
                worker.pipe.send((unit.arm.name, unit.seed, self._scale, self._out, tokens))
                return

    def _hear(self, worker: _Worker) -> None:
        unit = worker.unit
        assert unit is not None
        try:
            kind, *said = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(ENDS_IN)
            place = self._workers.index(worker)
            self._workers[place] = _started()
            self._fail(unit, f"its process ended with exit code {worker.process.exitcode}")
            return
        if kind == "at":
            worker.at = "{} {:,} of {:,}".format(*said)
            if said[0] == RESUMED:
                self._say(f"{unit.name}: {worker.at}")
            return
        worker.unit = None
        seconds = time.monotonic() - worker.began
        if kind == "failed":
            self._fail(unit, *said)
            return
        try:
            store.keep(self._folder, unit, said[0])
        except RaoLabError as error:
            self._fail(unit, str(error))
            return
        looks.drop(self._out, unit)
        self._outcome.done.append(unit.name)
        self._spent += seconds
        self._planned += expected(unit, self._scale)
        self._say(f"{unit.name}: done in {_said(seconds)}; {self._left()}")
        self._told = time.monotonic()

    def _fail(self, unit: Unit, why: str, trace: str = "") -> None:
        self._outcome.failed[unit.name] = why
        if trace:
            path = self._out / f"{unit.name}.failed.txt"
            with suppress(OSError):
                self._out.mkdir(parents=True, exist_ok=True)
                path.write_text(trace, encoding="utf-8")
                why += f" ({path} says where)"
        self._say(f"{unit.name}: failed: {one_line(why, 500)}")

    def _tell(self) -> None:
        self._told = time.monotonic()
        under_way = "; ".join(f"{worker.unit.name}: {worker.at}" for worker in self._busy() if worker.unit)
        self._say(f"{under_way}; {self._left()}")

    def _left(self) -> str:
        """How many units are done, and how long the others will take if they go as these did."""
        over = len(self._outcome.done) + len(self._outcome.failed)
        text = f"{over} of {self._all} units are over"
        if not self._planned:
            return text
        now = time.monotonic()
        pace = self._spent / self._planned
        left = sum(expected(unit, self._scale) for unit in self._waiting) * pace
        for worker in self._busy():
            if worker.unit is not None:
                left += max(0.0, expected(worker.unit, self._scale) * pace - (now - worker.began))
        return f"{text}, about {_said(left / len(self._workers))} left"

    @contextmanager
    def _ended_at_last(self) -> Iterator[None]:
        """No process outlives the block: idle ones are told to end, the others are interrupted."""
        try:
            yield
        finally:
            busy = self._busy()
            for worker in self._workers:
                if worker.unit is None:
                    with suppress(OSError):
                        worker.pipe.send(None)
                elif worker.process.is_alive() and worker.process.pid:
                    interrupt(worker.process.pid)
            if busy:
                self._say("stopping; finished steps and evaluations are kept: the same command goes on there")
            until = time.monotonic() + ENDS_IN
            for worker in self._workers:
                worker.process.join(max(0.0, until - time.monotonic()))
                if worker.process.is_alive():
                    worker.process.kill()
                    worker.process.join()


def _said(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _started() -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(pipe: Connection) -> None:
    """A process: runs units as it is told, until it is told None or nobody listens."""
    os.environ["OMP_NUM_THREADS"] = "1"  # torch is imported below
    leave_group()  # Ctrl-C of a terminal goes to the process that started this one, which hands it on once
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from rao_lab.experiments.claims.unit import run_unit

    def say(*at: Any) -> None:
        pipe.send(("at", *at))

    with suppress(KeyboardInterrupt, EOFError, BrokenPipeError):
        while (given := pipe.recv()) is not None:
            arm, seed, scale, out, tokens = given
            answer: tuple[Any, ...]
            try:
                answer = ("done", run_unit(Unit(ARMS[arm], seed), scale, out, tokens, say))
            except BrokenPipeError:
                raise
            except RaoLabError as error:
                answer = ("failed", str(error))
            except Exception as error:  # noqa: BLE001 - one unit's fault must not cost the others
                answer = ("failed", f"{type(error).__name__}: {error}", traceback.format_exc())
            pipe.send(answer)
