"""Live views under test: a scripted training, a page that applies what it is told, a clock to turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from rao_lab.api.session import Session
from rao_lab.credit import attribute
from rao_lab.store import RunWriter
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Event, Group, TreeHeader
from rao_lab.tree.fold import fold
from rao_lab.views.explorer.feed import Feed
from tests.support.trees import events_of, header_of, random_plan

Script = list[tuple[TreeHeader, list[Event]]]


def script(step: int, groups: int = 2, size: int = 2, nodes: int = 6) -> tuple[Script, list[Group]]:
    """A step's events by tree, and the groups they fold to."""
    random = Random(step)
    told: Script = []
    found = []
    for index in range(groups):
        trees = []
        for rollout in range(size):
            header = header_of(f"medium {index:03}", "make", step, index, rollout)
            events = events_of(random_plan(random, nodes), header, seed=rollout)
            told.append((header, events))
            trees.append(fold(header, events))
        found.append(Group(trees[0].task, tuple(trees), step, index))
    return told, found


def in_turns(told: Script) -> Iterator[tuple[TreeHeader, Event]]:
    """One event of each tree at a time, as an executor says them."""
    for place in range(max(len(events) for _, events in told)):
        for header, events in told:
            if place < len(events):
                yield header, events[place]


def ended(step: int, groups: Sequence[Group]) -> TrainStep:
    metrics = {"step": step, "success": 0.25 * step, "nodes": 3.0, "trees": 4}
    return TrainStep(step, tuple(groups), (), attribute(groups), metrics, {"total": 2.0})


class Stage:
    """A real session with a real run file, whose training is a script that goes on when told to."""

    def __init__(self, path: Path, steps: int = 2, fail: Exception | None = None) -> None:
        self._fail = fail
        self._go = threading.Semaphore(0)
        self._did = threading.Semaphore(0)
        self.scripts = {step: script(step) for step in range(1, steps + 1)}
        self.session = Session(self._train, path, steps)
        self.counts: dict[int, int] = {
            step: sum(len(events) for _, events in told) for step, (told, _) in self.scripts.items()
        }

    def _train(self, session: Session) -> Iterator[TrainStep]:
        with RunWriter(session.path, TRAIN) as writer:
            for step, (told, groups) in self.scripts.items():
                writer.begin_step(step)
                session.on_phase("sample", 0, len(told))
                for header, event in in_turns(told):
                    self._go.acquire()
                    session.control.check()
                    session.on_event(header, event)
                    self._did.release()
                self._go.acquire()
                if self._fail is not None:
                    raise self._fail
                finish(writer, step, groups)
                yield ended(step, groups)
                self._did.release()

    def play(self, beats: int) -> None:
        """Events, with a step's end as one of them."""
        for _ in range(beats):
            self._go.release()
        for _ in range(beats):
            assert self._did.acquire(timeout=120)

    def loose(self, beats: int = 10_000) -> None:
        """Lets it run, whatever it meets."""
        for _ in range(beats):
            self._go.release()


class Page:
    """The front end's side: applies snapshots and deltas, and complains of a gap."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.traits: dict[str, Any] = {}
        self.rows: dict[int, dict[int, dict[str, Any]]] = {}
        self.seq: dict[int, int] = {}

    def send(self, content: Any, buffers: Any = None) -> None:
        self.messages.append(content)
        step = content.get("step")
        if content["type"] == "snapshot":
            self.rows[step] = table_of(content, buffers)
            self.seq[step] = content["seq"]
        elif content["type"] == "delta" and step in self.rows:
            assert content["seq"] == self.seq[step] + 1
            self.seq[step] += 1
            for row, *values in content["rows"]:
                assert row <= len(self.rows[step])
                self.rows[step].setdefault(row, {}).update(zip(content["fields"], values, strict=True))

    def show(self, **traits: Any) -> None:
        self.traits.update(traits)

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]


def table_of(head: Mapping[str, Any], buffers: Sequence[bytes]) -> dict[int, dict[str, Any]]:
    kinds = {"i32": "<i4", "u8": "u1", "f64": "<f8"}
    rows: dict[int, dict[str, Any]] = {row: {} for row in range(head["n"])}
    for column, part in zip(head["columns"], buffers, strict=True):
        for row, value in enumerate(np.frombuffer(part, kinds[column["type"]]).tolist()):
            rows[row][column["name"]] = None if value != value else value
    return rows


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(source: Any, clock: Clock) -> tuple[Feed, Page]:
    """A feed whose thread is this one, and a page that has said hello."""
    page = Page()
    feed = Feed(source, page, clock=clock)
    feed.begin()
    turn(feed, clock)
    feed.take({"type": "hello", "step": None})
    turn(feed, clock)
    return feed, page


def turn(feed: Feed, clock: Clock, seconds: float = 1.0) -> None:
    clock.now += seconds
    feed.turn()


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if holds():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not come about")


TRAIN = {"train": {"steps": 2, "tasks_per_step": 2, "group_size": 2}}


def record_events(writer: RunWriter, told: Script, upto: int) -> None:
    for number, (header, event) in enumerate(in_turns(told)):
        if number < upto:
            writer.event((header.group, header.rollout), header, event)
    writer.flush()


def finish(writer: RunWriter, step: int, groups: Sequence[Group], first: int = 0) -> None:
    for group in groups:
        for tree in group.trees[first:]:
            writer.tree_done(tree)
    made = ended(step, groups)
    writer.end_step(step, made.attributions, {**made.metrics, "seconds": made.seconds})
    writer.flush()
