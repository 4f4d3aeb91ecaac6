"""What watching costs training: the same steps alone and with a live view attached.

Time is the processor time of the whole process, all threads of it: a busy neighbour does not change it, and
it bounds from above what the sender thread can take from the training thread. The wall clock is given too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
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
ROUNDS = 5
EVENTS = 200_000


class Encoder:
    """Does what a kernel does with a message before it leaves: turns it into JSON."""

    def __init__(self) -> None:
        self.bytes = 0

    def send(self, content: Any, buffers: Any = None) -> None:
        self.bytes += len(json.dumps(content)) + sum(len(part) for part in buffers or ())

    def show(self, **traits: Any) -> None:
        self.bytes += len(json.dumps(traits))


def measure(say: Say) -> Sequence[Case]:
    """Steps of the embedded policy, alone and watched in turn, and the listener by itself."""
    taken: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    shares: list[float] = []
    _train(False)  # the first run pays for imports and caches
    for turn in range(ROUNDS):
        # Who goes first alternates, so that a drift of the machine falls on both.
        for watched in (False, True) if turn % 2 else (True, False):
            processor, wall, sender = _train(watched)
            taken[watched].append((processor, wall))
            if watched:
                shares.append(sender / processor)
        say(f"round {turn + 1} of {ROUNDS}")
    alone, watched_ = ([median(column) for column in zip(*taken[key], strict=True)] for key in (False, True))
    # Each round's pair shares its moment: the median of their ratios is steadier than a ratio of medians.
    ratios = [
        [one[kind] / other[kind] for one, other in zip(taken[True], taken[False], strict=True)]
        for kind in (0, 1)
    ]
    return [
        Case("step/alone", alone[0] / STEPS, "s of processor"),
        Case("step/watched", watched_[0] / STEPS, "s of processor", "step/alone", median(ratios[0])),
        Case("step wall/alone", alone[1] / STEPS, "s"),
        Case("step wall/watched", watched_[1] / STEPS, "s", "step wall/alone", median(ratios[1])),
        Case("sender", median(shares), "share of the processor time"),
        Case("listener", _listener() * 1e6, "us an event"),
    ]


def _train(watched: bool) -> tuple[float, float, float]:
    """Seconds of the process, of the wall clock, and of the sender thread."""
    policy = load_policy("tiny")
    config = default_config(policy, steps=STEPS, tasks_per_step=6, group_size=6, probe_tasks=2, seed=1)
    with TemporaryDirectory() as folder:
        processor, wall = time.process_time(), time.perf_counter()
        session = start(TextCraft("medium"), policy, config, store=f"{folder}/run.rao")
        feed = _watch(session) if watched else None
        session.result()
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        if feed is None:
            return processor, wall, 0.0
        feed.close()
        return processor, wall, feed.busy


def _watch(session: Session) -> LiveFeed:
    feed = LiveFeed(SessionWatch(session), Encoder())
    feed.start()
    feed.take({"type": "hello", "step": None})
    for step in range(STEPS + 1):  # a view that follows the newest asks for each
        feed.follow(step)
    return feed


def _listener() -> float:
    """Seconds that an event costs the thread that trains."""
    feed = LiveFeed(_Nothing(), Encoder())
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
