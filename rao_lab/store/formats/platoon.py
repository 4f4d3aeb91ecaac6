"""platoon: files of events (`JsonlFileSink`), and dumps of a `TrajectoryCollection`.

A trajectory is a node; `parent_info.fork_step` counts the steps that its parent had ended, so the launching turn is
known. A dump has no times. Where a dump was turned into events, the times are those of the turning, and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rao_lab.store.formats.fields import Platoon as F
from rao_lab.store.formats.found import UNSAID, FoundNode, FoundTurn, Root
from rao_lab.store.formats.reading import (
    Asked,
    At,
    Notes,
    a_list,
    an_object,
    count,
    key,
    moment,
    named,
    number,
    objects,
    plain,
    text,
)
from rao_lab.tree import Status
from rao_lab.tree.values import dumps

_BONUS = "reward/subagent_success"
"""What a step's reward holds for sub-agents that succeeded: credit adds its own."""
_EXHAUSTED = "exhausted budget"
_INVENTED = 1e-5
"""Seconds an event that a conversion puts between two events, at most."""


def looks(first: Mapping[str, Any]) -> bool:
    """Whether the first object of a file is of this format."""
    if first.get(F.TYPE) in F.EVENTS:
        return True
    return isinstance(first.get(F.TRAJECTORIES), dict)


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a file."""
    del asked  # a trajectory has one reward
    found: dict[str, _Trajectory] = {}
    times: list[float] = []
    for at, record in objects(path, nan=True):
        if isinstance(record.get(F.TRAJECTORIES), dict):
            for each in record[F.TRAJECTORIES].values():
                _dumped(each, at, found, notes)
        else:
            when = moment(record.get(F.TIME), at, F.TIME)
            times += [] if when is None else [when]
            _event(record, when, at, found, notes)
    if times and max(times) - min(times) <= _INVENTED * len(times):
        notes.add("times of a conversion and not of the run: left out", len(times))
        for each in found.values():
            each.forget_times()
    return [each.done(notes) for each in found.values()]


class _Trajectory:
    """One trajectory as far as its events have come."""

    def __init__(self, data: Mapping[str, Any], at: At, when: float | None) -> None:
        self.node = FoundNode(key(data.get("id"), at, "the id of a trajectory"), at, started=when)
        self.last = when
        self.ended = False
        self.steps: list[Any] = a_list(data.get(F.STEPS), at, F.STEPS)
        """Of a dump, or of an event that holds the whole trajectory."""
        self.bonus = 0.0
        self.finish: str | None = None
        self.error = ""
        self.most = 0
        parent = data.get(F.PARENT)
        if parent is not None:
            parent = an_object(parent, at)
            self.node.parent = key(parent.get("id"), at, "the id of a parent")
            self.node.parent_turn = count(parent.get(F.FORK_STEP), at, F.FORK_STEP) + 1
        self.task(data.get(F.TASK), at)
        self.outcome(data, at)

    def task(self, task: Any, at: At) -> None:
        if task is None:
            return
        task = an_object(task, at)
        self.node.goal = text(task.get(F.GOAL), at, "goal")
        self.most = count(task.get(F.MAX_STEPS), at, F.MAX_STEPS)
        misc = named(plain(task.get(F.MISC), at, F.MISC))
        given = key(task["id"], at, "the id of a task") if task.get("id") is not None else None
        self.node.args = {"max_steps": self.most} if self.most else {}
        self.node.root = Root(task=given, data=misc, max_steps=self.most or None, environment="platoon")

    def step(self, step: Any, when: float | None, at: At, notes: Notes) -> None:
        step = an_object(step, at)
        turn = FoundTurn(continues=bool(self.node.turns), started=self.last, ended=when)
        turn.thought = text(step.get(F.THOUGHT), at, F.THOUGHT).strip()
        turn.code = text(step.get(F.CODE), at, F.CODE).strip("\n")
        turn.output = text(step.get(F.OUTPUT), at, F.OUTPUT)
        turn.error = text(step.get(F.FAILED), at, F.FAILED) or None
        if not any(name in step for name in (F.THOUGHT, F.CODE, F.OUTPUT, F.FAILED)):
            notes.add("steps of another kind than code, shown as they are")
            turn.text = dumps(
                plain({name: each for name, each in step.items() if name != F.MISC}, at, F.STEP)
            )
        misc = named(step.get(F.MISC))
        usage = named(named(misc.get("action_misc")).get("usage"))
        turn.read = count(usage.get("prompt_tokens"), at, "prompt_tokens")
        turn.wrote = count(usage.get("completion_tokens"), at, "completion_tokens")
        turn.continues &= not turn.read  # a server counts the whole context
        model = named(misc.get("action_misc")).get("model")
        if isinstance(model, str) and not self.node.root.policy:
            self.node.root.policy = model[:200]
        self.bonus += number(named(misc.get("reward_misc")).get(_BONUS), at, _BONUS) or 0.0
        self.node.turns.append(turn)
        self.last = when

    def outcome(self, data: Mapping[str, Any], at: At) -> None:
        self.node.reward = number(data.get(F.REWARD), at, F.REWARD)
        if data.get(F.FINISH) is not None:
            self.finish = text(data[F.FINISH], at, F.FINISH)
        self.error = text(data.get(F.ERROR), at, F.ERROR)

    def forget_times(self) -> None:
        self.node.started = self.node.ended = None
        for turn in self.node.turns:
            turn.started = turn.ended = None

    def done(self, notes: Notes) -> FoundNode:
        node = self.node
        node.value = self.finish
        if self.finish is not None:
            node.status = Status.FINISHED
        elif _EXHAUSTED in self.error.lower() or (self.most and len(node.turns) >= self.most):
            node.status, node.reason = Status.TURN_LIMIT, self.error
        elif self.error:
            node.status, node.reason = Status.ERROR, self.error
        elif self.ended:
            node.reason = UNSAID
        else:
            node.status, node.reason, node.reward = Status.ERROR, "its file ends before it does", None
        if node.reward is not None:
            node.source = "platoon"
            if self.bonus:
                notes.add("rewards from which platoon's own bonus for sub-agents was taken")
                node.reward -= self.bonus
                node.source = f"platoon, less its bonus for sub-agents {self.bonus:g}"
        return node


def _event(
    record: Mapping[str, Any], when: float | None, at: At, found: dict[str, _Trajectory], notes: Notes
) -> None:
    kind = record.get(F.TYPE)
    if kind == F.CREATED:
        made = _Trajectory(an_object(record.get(F.TRAJECTORY), at), at, when)
        if made.node.key in found:
            raise at.wrong("a trajectory is created once", made.node.key)
        found[made.node.key] = made
        return
    if kind not in F.EVENTS:
        notes.add(f"events of another type: {str(kind)[:40]}")
        return
    name = key(record.get(F.TRAJECTORY_ID), at, F.TRAJECTORY_ID)
    if name not in found:
        raise at.wrong("an event must be of a trajectory that was created", name)
    trajectory = found[name]
    if kind == F.TASK_SET:
        trajectory.task(record.get(F.TASK), at)
    elif kind == F.STEP_ADDED:
        trajectory.step(record.get(F.STEP), when, at, notes)
    if kind != F.TASK_SET:
        trajectory.outcome(record, at)
    if kind == F.FINISHED:
        trajectory.node.ended, trajectory.ended = when, True


def _dumped(data: Any, at: At, found: dict[str, _Trajectory], notes: Notes) -> None:
    """A trajectory of a dump: whole, and without times."""
    made = _Trajectory(an_object(data, at), at, None)
    if made.node.key in found:
        raise at.wrong("the ids of trajectories must differ", made.node.key)
    for number_, step in enumerate(made.steps, 1):
        made.step(step, None, at.within(f"trajectory {made.node.key[:40]}, step {number_}"), notes)
    made.ended = True
    found[made.node.key] = made
