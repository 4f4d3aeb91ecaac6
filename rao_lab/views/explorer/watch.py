"""What a live view watches: a session of this process, or a run file that another process writes.

A session is taken by its shape (`Watched`), since this room does not know the one that trains.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from rao_lab.credit import Attributions
from rao_lab.errors import ConfigError, MissingError
from rao_lab.store import Run, checkpoint_folder
from rao_lab.tree import Group
from rao_lab.views.explorer.feed import News
from rao_lab.views.explorer.node_text import Decoder
from rao_lab.views.explorer.source import Mark, RunSteps, Steps
from rao_lab.views.explorer.table import StepTable

ACTIONS = ("pause", "resume", "step", "stop")
RECENT = 10
"""Steps whose median tells how long a step takes."""
POLL_SECONDS = 0.5
STALE_SECONDS = 5.0
"""Silence of another process that is worth a figure."""


class Watched(Protocol):
    """What is used of `rao_lab.api.session.Session`."""

    path: Path
    name: str
    total: int
    steps: list[Any]
    earlier: Run | None
    error: BaseException | None
    phase: tuple[str, int, int]
    began: float
    ended: float | None
    control: Any

    @property
    def state(self) -> str: ...
    @property
    def newest(self) -> int | None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def step(self) -> None: ...
    def stop(self, timeout: float | None = 0.0) -> None: ...
    def listen(self, listener: Callable[[str, Any], None], replay: bool = False) -> Callable[[], None]: ...


class SessionSteps:
    """The finished steps of a session, as a source of tables."""

    def __init__(self, session: Watched, decode: Decoder | None = None) -> None:
        self.session = session
        self.title = session.name
        self.decode = decode

    def marks(self) -> list[Mark]:
        return [*(mark for part in self._earlier() for mark in part.marks()), *self._own().marks()]

    def metrics(self) -> list[Mapping[str, Any]]:
        return [*(row for part in self._earlier() for row in part.metrics()), *self._own().metrics()]

    def table(self, step: int) -> StepTable:
        for part in self._earlier():
            if step in {each for each, _ in part.marks()}:
                return part.table(step)
        return self._own().table(step)

    def _own(self) -> Steps:
        return Steps(list(self.session.steps))

    def _earlier(self) -> list[RunSteps]:
        earlier = self.session.earlier
        return [] if earlier is None else [RunSteps(earlier, self.decode)]


class SessionWatch:
    """Watches and steers a training session of this process."""

    poll_seconds: float | None = None

    def __init__(self, session: Watched) -> None:
        self.session = session
        self._end: Callable[[], None] | None = None
        self._kept: list[int] = []
        self._counted = -1

    def open(self, put: Callable[[str, Any], None]) -> None:
        self._end = self.session.listen(put, replay=True)
        if self.session.steps:
            put("step", self.session.steps[-1])

    def poll(self) -> Iterable[News]:
        return ()

    def load(self, step: int) -> Any:
        for known in reversed(self.session.steps):
            if known.step == step:
                return known
        earlier = self.session.earlier
        before = [] if earlier is None else earlier.steps
        if earlier is not None and step in {each.step for each in before}:
            return RunWatch(earlier).load(step)
        made = [*before, *self.session.steps]
        raise MissingError(f"step {step} is not finished: there is {_range(made)}")

    def metrics(self) -> Iterator[Mapping[str, Any]]:
        if self.session.earlier is not None:
            yield from self.session.earlier.metrics
        for step in list(self.session.steps):
            yield {"seconds": step.seconds, **step.metrics, "step": step.step}

    def status(self) -> dict[str, Any]:
        session = self.session
        state = session.state
        steps = list(session.steps)
        if len(steps) != self._counted:  # looked for when a step has ended, not several times a second
            self._kept, self._counted = checkpoints(session.path), len(steps)
        over = state in ("finished", "stopped", "failed")
        phase, done, total = session.phase
        return {
            "state": state,
            "resting": bool(session.control.resting),
            "live": not over,
            "actions": [] if over else list(ACTIONS),
            "step": session.newest,
            "total": session.total,
            "phase": phase,
            "done": done,
            "of": total,
            "step_seconds": _pace([step.seconds.get("total") for step in steps[-RECENT:] if step.step > 0]),
            "seconds": round((session.ended or time.monotonic()) - session.began, 1),
            "checkpoints": self._kept,
            "error": "" if session.error is None else _error_words(session.error),
            "writer": "the kernel",
        }

    def act(self, action: str) -> None:
        if action not in ACTIONS:
            raise ConfigError(f"a session cannot {action[:40]!r}: it can {', '.join(ACTIONS)}")
        if action == "stop":
            self.session.stop(timeout=0.0)
        else:
            getattr(self.session, action)()

    def close(self) -> None:
        if self._end is not None:
            self._end()


@dataclass(frozen=True)
class StoredStep:
    """A finished step as a run file has it."""

    step: int
    groups: Sequence[Group]
    probes: Sequence[Group]
    attributions: Attributions | None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


class RunWatch:
    """Watches a run file: asked twice a second where it is followed, else read as it stands."""

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self.poll_seconds: float | None = POLL_SECONDS if run.follow else None
        self._clock = clock
        self._revision = 0
        self._heard = clock()
        self._written = run.follow and run.being_written

    def open(self, put: Callable[[str, Any], None]) -> None:
        for kind, value in self._news(first=True):
            put(kind, value)

    def poll(self) -> Iterable[News]:
        self._written = self.run.being_written
        return self._news(first=False)

    def _news(self, first: bool) -> list[News]:
        changes = self.run.changes_since(self._revision)
        ended = {each.step for each in self.run.steps if each.ended is not None}
        under_way = {each.step for each in self.run.steps} - ended
        news: list[News] = [("forget", None)] if changes.rewound and not first else []
        news += self._trees(under_way, set(changes.trees))
        for tree_id, events in changes.events.items():
            header = changes.headers[tree_id]
            if header.step in under_way and header.origin is None:
                news += (("event", (header, event)) for event in events)
        newly = sorted(step for step in changes.steps if step in ended)
        # What an older step holds is read when it is asked for.
        news += (("step", self.load(step)) for step in (newly[-1:] if first else newly))
        if changes.revision != self._revision:
            self._heard = self._clock()
        self._revision = changes.revision  # only now: what could not be read is asked for again
        return news

    def _trees(self, steps: set[int], wanted: set[int]) -> Iterator[News]:
        for step in sorted(steps):
            for summary in self.run.trees(step):
                if summary.id in wanted and not summary.fork and not summary.running:
                    yield "tree", summary.load()

    def load(self, step: int) -> StoredStep:
        try:
            attributions = self.run.attributions(step)
        except MissingError:
            attributions = None  # probes only, or stopped in the middle
        metrics = next((row for row in self.run.metrics if row["step"] == step), {})
        return StoredStep(
            step,
            self.run.groups(step),
            self.run.groups(step, probe=True),
            attributions,
            metrics,
            metrics.get("seconds") or {},
        )

    def metrics(self) -> Iterable[Mapping[str, Any]]:
        return self.run.metrics

    def status(self) -> dict[str, Any]:
        rows = self.run.metrics
        done = rows[-1]["step"] if rows else None
        config = self.run.config.get("train")
        config = config if isinstance(config, Mapping) else {}  # a file may say anything
        total = _whole(config.get("steps"))
        silence = self._clock() - self._heard
        over = total is not None and done is not None and done >= total
        paces = [(row.get("seconds") or {}).get("total") for row in rows if row["step"] > 0]
        tasks, size = _whole(config.get("tasks_per_step")), _whole(config.get("group_size"))
        return {
            "state": "following" if self._written else "finished" if over else "stopped",
            # A file that nobody writes may be taken up again: it stays watched until all steps are done.
            "live": self.run.follow and (self._written or not over),
            "actions": [],
            "step": done,
            "total": total,
            "phase": "",
            "done": 0,
            "of": tasks * size if tasks and size else 0,
            "step_seconds": _pace(paces),
            "seconds": round(sum(pace for pace in paces if isinstance(pace, int | float)), 1),
            "checkpoints": checkpoints(self.run.path),
            "error": "",
            "silent": round(silence) if self._written and silence >= STALE_SECONDS else 0,
            "writer": self.run.path.name,
        }

    def act(self, action: str) -> None:
        raise ConfigError("this run is trained by another process: pause or stop it there")

    def close(self) -> None:
        """Nothing of the file is open between calls."""


def checkpoints(path: Path) -> list[int]:
    """Steps whose weights lie beside a run file."""
    try:
        names = [entry.name for entry in checkpoint_folder(path).iterdir()]
    except OSError:
        return []
    found = [name.removeprefix("step-") for name in names if name.startswith("step-")]
    return sorted(int(number) for number in found if number.isdecimal())


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _pace(seconds: Sequence[Any]) -> float | None:
    known = [float(each) for each in seconds if isinstance(each, int | float)]
    return round(median(known[-RECENT:]), 3) if known else None


def _error_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:400]


def _range(steps: Sequence[Any]) -> str:
    return f"steps {steps[0].step} to {steps[-1].step}" if steps else "none yet"
