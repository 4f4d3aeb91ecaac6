"""A session that trains in this process: its finished steps, its news, and the hand on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from rao_lab.errors import ConfigError, MissingError
from rao_lab.evaluation.forks import Forks
from rao_lab.store import Run, Trouble
from rao_lab.training.metrics import TrainStep
from rao_lab.views.explorer.decoder import decoder_from
from rao_lab.views.explorer.from_records import plain_table, tasks_in
from rao_lab.views.explorer.from_run import RunSource, checkpoints
from rao_lab.views.explorer.source import OVER, RECENT, Mark, Source, pace, success_of
from rao_lab.views.explorer.table import StepTable


class Resting(Protocol):
    """What is used of a session's `control`."""

    @property
    def resting(self) -> bool: ...
    @property
    def rested(self) -> float: ...


@runtime_checkable
class Watched(Protocol):
    """What is used of `rao_lab.api.session.Session`, which this room does not know."""

    path: Path
    name: str
    total: int
    steps: list[TrainStep]
    earlier: Run | None
    error: BaseException | None
    phase: tuple[str, int, int]
    began: float
    ended: float | None
    tokenizer: Any
    difficulties: list[str]

    @property
    def control(self) -> Resting: ...
    @property
    def state(self) -> str: ...
    @property
    def newest(self) -> int | None: ...
    @property
    def run(self) -> Run: ...
    @property
    def fork(self) -> Callable[..., Forks]: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def step(self) -> None: ...
    def stop(self, timeout: float | None = 0.0) -> None: ...
    def listen(self, listener: Callable[[str, Any], None], replay: bool = False) -> Callable[[], None]: ...


class SessionSource(Source):
    """The steps of a session, and of the run that it resumes."""

    def __init__(self, session: Watched) -> None:
        self.session = session
        self.title = session.name
        self.decode = decoder_from(session.tokenizer)
        self.make_forks = session.fork
        self._end: Callable[[], None] | None = None
        self._kept: list[int] = []
        self._counted = -1

    @property
    def _earlier(self) -> list[RunSource]:
        earlier = self.session.earlier
        return [] if earlier is None else [RunSource(earlier, self.decode)]

    def marks(self) -> list[Mark]:
        before = [mark for part in self._earlier for mark in part.marks()]
        return before + [(step.step, success_of(step.metrics)) for step in list(self.session.steps)]

    def metrics(self) -> Iterator[Mapping[str, Any]]:
        for part in self._earlier:
            yield from part.metrics()
        yield from map(_row, list(self.session.steps))

    def training(self) -> Mapping[str, Any]:
        return RunSource(self.session.run, self.decode).training()

    def troubles(self, table: StepTable, most: int) -> list[Trouble]:
        if any(made.step == table.step for made in self.session.steps):
            return self.session.run.troubles(table.step, most=most)
        earlier = [part for part in self._earlier if table.step in {step for step, _ in part.marks()}]
        return earlier[0].troubles(table, most) if earlier else []

    def settings(self) -> Mapping[str, Any]:
        return self.session.run.config

    def table(self, step: int) -> StepTable:
        if any(made.step == step for made in self.session.steps):
            return RunSource(self.session.run, self.decode).table(step)
        for part in self._earlier:
            if step in {each for each, _ in part.marks()}:
                return part.table(step)
        known = [each for each, _ in self.marks()]
        there = f"steps {known[0]} to {known[-1]}" if known else "none yet"
        raise MissingError(f"step {step} is not finished: there is {there}")

    def bare(self, step: int) -> StepTable:
        made = next((made for made in list(self.session.steps) if made.step == step), None)
        return self.table(step) if made is None else plain_table([*made.groups, *made.probes], step)

    def tried(self, probe: bool) -> dict[int, list[dict[str, Any]]]:
        found = {step: tasks for part in self._earlier for step, tasks in part.tried(probe).items()}
        for made in list(self.session.steps):
            found[made.step] = tasks_in([*made.groups, *made.probes], probe)
        return found

    def open(self, put: Callable[[str, Any], None]) -> None:
        def hear(kind: str, value: Any) -> None:
            put(kind, _row(value) if kind == "step" else value)

        self._end = self.session.listen(hear, replay=True)
        if self.session.steps:
            hear("step", self.session.steps[-1])

    def status(self) -> dict[str, Any]:
        session = self.session
        state = session.state
        steps = list(session.steps)
        if len(steps) != self._counted:  # looked for when a step has ended, not several times a second
            self._kept, self._counted = checkpoints(session.path), len(steps)
        over = state in OVER
        phase, done, total = session.phase
        return {
            "state": state,
            "resting": session.control.resting,
            "live": not over,
            "actions": [] if over else ["pause", "resume", "step", "stop"],
            "step": session.newest,
            "total": session.total,
            "phase": phase,
            "done": done,
            "of": total,
            "step_seconds": pace([step.seconds.get("total") for step in steps[-RECENT:] if step.step > 0]),
            "seconds": round(_spent(session), 1),
            "checkpoints": self._kept,
            "error": "" if session.error is None else _error_words(session.error),
            "writer": "the kernel",
            "file": str(session.path),
            "difficulties": session.difficulties,
        }

    def act(self, action: str) -> None:
        acts = {
            "pause": self.session.pause,
            "resume": self.session.resume,
            "step": self.session.step,
            "stop": lambda: self.session.stop(timeout=0.0),
        }
        if action not in acts:
            raise ConfigError(f"a session cannot {action[:40]!r}: it can {', '.join(acts)}")
        acts[action]()

    def about_forks(self) -> Mapping[str, Any]:
        if self.session.state not in OVER:
            raise ConfigError("training goes on: make forks here when it has ended")
        return {"run": self.session.run}

    def close(self) -> None:
        if self._end is not None:
            self._end()


def _row(step: TrainStep) -> dict[str, Any]:
    """The metrics of a step, as a run file has them."""
    return {"seconds": step.seconds, **step.metrics, "step": step.step}


def _spent(session: Watched) -> float:
    """Seconds of training so far, without its pauses."""
    return (session.ended or time.monotonic()) - session.began - session.control.rested


def _error_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:400]
