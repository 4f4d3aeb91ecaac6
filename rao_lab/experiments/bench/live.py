"""What watching costs training: the same steps alone, with a live board and with live trees.

Four sessions train the same policy on the same tasks with the same seed, so that their steps are the same to
the token. They take turns: all four do a step within seconds, in random order, while the others rest. The
median of the ratios of equal steps stays steady, even if the speed of the machine drifts. Two sessions
train alone: the ratio of the two says how far the other ratios can be trusted.

The order is random, and each ratio is told with its lower and upper quarter. After every step a line says what has been
found so far, so that the bench may be stopped once that is enough.

Processor time is that of the whole process, from the start of a step until training rests again. It counts
the listener, the sender thread and all that they share with training.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rao_lab.api.session import Session
from rao_lab.api.train import default_config, start
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.experiments.bench.cases import Case, Say, paired
from rao_lab.policies.load import load_policy
from rao_lab.views.explorer.feed import Feed
from rao_lab.views.explorer.shown import source_of

STEPS, QUICK = 32, 4
EVENTS = 200_000
SETTLE_SECONDS = 0.15
"""A pause after each step, in which the sender thread sends the rest, so that this is counted too."""

VIEWS = ("alone", "alone again", "board", "trees")
"""Nobody watches, twice; a board shows the steps that have ended; trees are shown while they grow."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many seconds one step took."""

    processor: float
    wall: float


def measure(say: Say, quick: bool = False) -> Sequence[Case]:
    """Measures steps of the embedded policy, watched and not, and the listener by itself."""
    with TemporaryDirectory() as folder:
        sessions = {view: _begin(view, Path(folder)) for view in VIEWS}
        feeds = {view: _watch(session, view) for view, session in sessions.items()}
        taken: dict[str, list[Taken]] = {view: [] for view in VIEWS}
        for number in range((QUICK if quick else STEPS) + 1):
            for view in Random(number).sample(VIEWS, len(VIEWS)):
                one = _step(sessions[view])
                if number:  # the first pays for caches
                    taken[view].append(one)
            say(f"step {number} of {QUICK if quick else STEPS}{_so_far(taken)}")
        for session in sessions.values():
            session.stop()
        for feed in filter(None, feeds.values()):
            feed.close()
            feed.join()
    cases = _cases(taken, "processor", "processor seconds a step") + _cases(taken, "wall", "seconds a step")
    alone = sum(one.processor for one in taken["alone"])
    cases += [
        Case(f"{view}, sender thread", feed.busy / alone, "share of the processor time of training alone")
        for view, feed in feeds.items()
        if feed is not None
    ]
    return [*cases, Case("listener", _listener() * 1e6, "us an event")]


def _so_far(taken: Mapping[str, Sequence[Taken]]) -> str:
    """The ratios of processor time found so far; the first step pays for caches and gives none."""
    if not taken["alone"]:
        return ""
    ratios = [
        f"{case.name} {case.ratio:.3f}" for case in _cases(taken, "processor", "") if case.ratio is not None
    ]
    return f": processor time of {', '.join(ratios)} x alone"


def _cases(taken: Mapping[str, Sequence[Taken]], field: str, unit: str) -> list[Case]:
    """For each view: its median step, and the median ratio to the same step alone, with its quarters."""
    seconds = {view: [getattr(one, field) for one in steps] for view, steps in taken.items()}
    cases = []
    for case in paired(seconds, unit, ["alone"]):
        if case.ratio is not None:
            ratios = [one / other for one, other in zip(seconds[case.name], seconds["alone"], strict=True)]
            low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75)).tolist()
            case = replace(case, ratios={"alone": (low, middle, high)})
        cases.append(case)
    return cases


def _begin(view: str, folder: Path) -> Session:
    """Starts a session that rests before its first step."""
    policy = load_policy("tiny")
    config = default_config(policy, steps=STEPS + 2, tasks_per_step=4, group_size=4, probe_tasks=0, seed=1)
    session = start(TextCraft("medium"), policy, config, store=folder / f"{view}.rao")
    session.pause()
    _rest(session)
    return session


def _step(session: Session) -> Taken:
    """Lets a session take one step and rest again."""
    done = len(session.steps)
    wall, processor = time.perf_counter(), time.process_time()
    session.step()
    while len(session.steps) == done:
        time.sleep(0.002)
    wall = time.perf_counter() - wall
    _rest(session)
    time.sleep(SETTLE_SECONDS)
    return Taken(time.process_time() - processor, wall)


def _rest(session: Session) -> None:
    while not session.control.resting:
        if session.ended is not None:
            session.result()  # raises what ended it
            raise AssertionError("the session ended before its last step")
        time.sleep(0.002)


class _Screen:
    """Asks for steps as a front end does that follows, and turns messages into JSON as a kernel does."""

    feed: Feed

    def __init__(self, newest: bool) -> None:
        self._newest = newest
        self._asked: int | None = None

    def send(self, content: Any, buffers: Any = None) -> None:
        json.dumps(content)

    def show(self, **traits: Any) -> None:
        json.dumps(traits)
        ended = traits.get("session", {}).get("step")
        target = traits.get("newest", self._asked) if self._newest else ended
        if target is not None and target != self._asked:
            self._asked = target
            self.feed.take({"type": "open", "step": target})


def _watch(session: Session, view: str) -> Feed | None:
    if view.startswith("alone"):
        return None
    screen = _Screen(view == "trees")
    feed = screen.feed = Feed(source_of(session), screen)
    feed.start()
    return feed


def _listener() -> float:
    """How many seconds an event costs the thread that trains."""
    feed = Feed(source_of([]), _Screen(False))
    began = time.perf_counter()
    for number in range(EVENTS):
        feed.put("event", number)
    return (time.perf_counter() - began) / EVENTS
