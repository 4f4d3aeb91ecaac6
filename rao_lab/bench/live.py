"""What watching costs training: the same steps alone, with a live board and with live trees.

Time is the processor time of the training thread, which counts what the listener costs and what sharing the
interpreter costs, and that of the sender thread, which on one busy core is taken from training too. Alone is
measured twice: the ratio of the two is how far a ratio of this machine can be trusted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rao_lab.bench import Case, Say
from rao_lab.environments import TextCraft
from rao_lab.loading import load_policy
from rao_lab.session import Session
from rao_lab.training import default_config, start
from rao_lab.widgets.live import LiveFeed
from rao_lab.widgets.watch import SessionWatch

STEPS = 3
ROUNDS = 8
EVENTS = 200_000


class _Screen:
    """Asks as a front end that follows, and does with a message what a kernel does: it becomes JSON."""

    feed: LiveFeed

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


VIEWS = ("alone", "alone again", "board", "trees")
"""Nobody watches; a board, which follows the steps that have ended; trees, node by node while they grow."""


def measure(say: Say) -> Sequence[Case]:
    """Steps of the embedded policy, watched and not in turn, and the listener by itself."""
    taken: dict[str, list[tuple[float, float]]] = {view: [] for view in VIEWS}
    _train("alone")  # the first run pays for imports and caches
    for number in range(ROUNDS):
        # In another order each round, so that a drift of the machine falls on all alike.
        for view in Random(number).sample(VIEWS, len(VIEWS)):
            taken[view].append(_train(view))
        say(f"round {number + 1} of {ROUNDS}")
    cases = [Case("alone", _middle(taken["alone"]), UNIT)]
    for view in VIEWS[1:]:
        # A round shares its moment: the median of its ratios is steadier than a ratio of medians.
        pairs = zip(taken[view], taken["alone"], strict=True)
        ratio = median(one[0] / other[0] for one, other in pairs)
        cases.append(Case(view, _middle(taken[view]), UNIT, "alone", ratio))
    for view in ("board", "trees"):
        share = median(sender / training for training, sender in taken[view])
        cases.append(Case(f"{view}, sender thread", share, "share of the training thread's time"))
    return [*cases, Case("listener", _listener() * 1e6, "us an event")]


UNIT = "processor seconds a step"


def _middle(taken: Sequence[tuple[float, float]]) -> float:
    return median(training for training, _ in taken) / STEPS


def _train(view: str) -> tuple[float, float]:
    """Processor seconds of the training thread and of the sender thread."""
    policy = load_policy("tiny")
    config = default_config(policy, steps=STEPS, tasks_per_step=4, group_size=4, probe_tasks=0, seed=1)
    ticks: list[float] = []
    with TemporaryDirectory() as folder:
        session = start(
            TextCraft("medium"),
            policy,
            config,
            store=f"{folder}/run.rao",
            on_step=lambda _: ticks.append(time.thread_time()),
        )
        feed = _watch(session, view)
        session.result()
        if feed is not None:
            feed.close()
            feed.join()
    return ticks[-1] - ticks[0], 0.0 if feed is None else feed.busy


def _watch(session: Session, view: str) -> LiveFeed | None:
    if view.startswith("alone"):
        return None
    feed = LiveFeed(SessionWatch(session), _Screen(view == "trees"))
    feed.outlet.feed = feed  # type: ignore[attr-defined]
    feed.start()
    return feed


def _listener() -> float:
    """Seconds that an event costs the thread that trains."""
    feed = LiveFeed(_Nothing(), _Screen(False))
    began = time.perf_counter()
    for number in range(EVENTS):
        feed.put("event", number)
    return (time.perf_counter() - began) / EVENTS


class _Nothing:
    """A source of which only the listener is used."""

    poll_seconds = None

    def open(self, put: Any) -> None: ...
    def poll(self) -> Sequence[Any]:
        return ()

    def load(self, step: int) -> Any: ...
    def metrics(self) -> Sequence[Any]:
        return ()

    def status(self) -> dict[str, Any]:
        return {}

    def act(self, action: str) -> None: ...
    def close(self) -> None: ...
