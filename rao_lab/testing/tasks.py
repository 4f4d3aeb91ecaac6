"""Checks of the tasks: splits, ids, data that are JSON, and that the same question gets the same tasks."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.drawn import SPLITS
from rao_lab.environments.named import Reopened, open_named
from rao_lab.errors import MissingError, RaoLabError
from rao_lab.protocols import Environment, Graded, Labelled
from rao_lab.testing.trial import Trial
from rao_lab.tree import Task

FIRST = 200
"""Tasks of a split that are looked at, and the last one."""
AGAIN = 12
"""Tasks of a split that are asked for again."""
PER_DIFFICULTY = 2
NOTES_SAID = 50
"""Notes of the environment that are said."""
ENDLESS = (
    "let tasks and draw end: rao_lab.environments.drawn.drawn_of(split, make) draws until a task of the split comes, "
    "and says so if none does"
)


def check_tasks(trial: Trial) -> bool:
    """Whether there are tasks to try the worlds with."""
    _say_notes(trial)
    splits: dict[str, list[Task]] = {}
    empty: dict[str, str] = {}
    for place, split in enumerate(SPLITS):
        if found := _split(trial, split, trial.part(len(SPLITS) + 2 - place), empty):
            splits[split] = found
    for split in empty if splits else ():
        trial.note(f"the split {split} has no tasks: what needs them (such as --split {split}) will say so")
    if not splits and empty:
        split, why = next(iter(empty.items()))
        trial.fault(f"tasks({split!r})", f"there are none in any split{why}", "give at least one task")
    for split, tasks in splits.items():
        _of_split(trial, split, tasks)
    if len(splits) > 1:
        _apart(trial, splits)
    for split, tasks in splits.items():
        _same_again(trial, split, tasks[:AGAIN], trial.env, "the same environment, asked again")
    fresh = _fresh(trial)
    if fresh is not None:
        for split, tasks in splits.items():
            _same_again(trial, split, tasks[:AGAIN], fresh, "an environment that was opened anew")
    trial.tasks = _chosen(splits.get("test") or next(iter(splits.values()), []), trial.env)
    sizes = ", ".join(f"{len(tasks)} of {split}" for split, tasks in splits.items())
    trial.passes(f"looked at {sizes}: ids, data, splits, and the same when asked again")
    return bool(trial.tasks) and not any(not_json(dict(task.data)) for task in trial.tasks)


def _say_notes(trial: Trial) -> None:
    """What the environment says of the files that it was made of."""
    notes = getattr(trial.env, "notes", ())
    said = [str(each) for each in notes] if isinstance(notes, Sequence) and not isinstance(notes, str) else []
    for each in said[:NOTES_SAID]:
        trial.note(each)
    if len(said) > NOTES_SAID:
        trial.note(f"{len(said) - NOTES_SAID:,} more such notes: env.notes in Python")


def _split(trial: Trial, split: str, until: float, empty: dict[str, str]) -> list[Task]:
    """The first tasks of a split and its last one; at `until` it must do with those that there are.

    Args:
        empty: gets the split if it has none, with the reason if the environment says one.
    """
    tried = f"tasks({split!r})"

    def asked() -> Any:
        try:
            return trial.env.tasks(split)
        except MissingError as problem:
            empty[split] = f": {problem}"
            return []

    answer = trial.ask(tried, asked, slow=ENDLESS, advice='have tasks for "train", "dev" and "test"')
    found = answer.value
    if not answer.ok:
        return []
    if isinstance(found, str | Mapping) or not (hasattr(found, "__len__") and hasattr(found, "__getitem__")):
        trial.fault(tried, f"it returned {quoted(found)}", "return a list of rl.Task")
        return []
    length = trial.ask(f"len({tried})", len, found)
    size = length.value or 0
    if length.ok and not size:
        empty.setdefault(split, "")
    tasks: list[Task] = []
    for number in dict.fromkeys([*range(min(size, FIRST)), size - 1] if size else []):
        if tasks and time.monotonic() > until:
            break
        made = trial.ask(
            f"{tried}[{number}]", found.__getitem__, number, slow=ENDLESS, advice="correct tasks, or draw"
        )
        task = made.value
        if not made.ok:
            return tasks
        if not isinstance(task, Task):
            trial.fault(
                f"{tried}[{number}]", f"it is {quoted(task)}", "make it an rl.Task(id, goal, data=...)"
            )
            break
        tasks.append(task)
    return tasks


def _of_split(trial: Trial, split: str, tasks: Sequence[Task]) -> None:
    ids: set[str] = set()
    for task in tasks:
        tried = f"task {unquoted(task.id)} of {split}"
        if task.id in ids or not task.id.strip():
            said = "an earlier task of the split has this id" if task.id.strip() else "its id is empty"
            trial.fault(tried, said, "give every task an id of its own: noise and records are keyed by it")
        ids.add(task.id)
        if not task.goal.strip():
            trial.fault(tried, "its goal is empty", "say in words what is to be done")
        if wrong := not_json(dict(task.data)):
            advice = "use text, finite numbers, True, False, None, lists and dicts with text as keys"
            trial.fault(f"the data of {tried}", wrong, advice)
        _graded(trial, task, tried)


def _graded(trial: Trial, task: Task, tried: str) -> None:
    env = trial.env
    if isinstance(env, Graded) and task.difficulty not in env.difficulties:
        listed = ", ".join(map(str, env.difficulties))
        trial.fault(tried, f"its difficulty is {task.difficulty!r}", f"use those of `difficulties`: {listed}")
    if isinstance(env, Labelled) and not trial.late:
        answer = trial.ask(f"labels(task) of {tried}", env.labels, task)
        labels = answer.value
        plain = isinstance(labels, Mapping) and all(
            isinstance(name, str) and isinstance(each, str | int) for name, each in labels.items()
        )
        if answer.ok and not plain:
            trial.fault(
                f"labels(task) of {tried}", f"it returned {quoted(labels)}", "map names to text or counts"
            )


def not_json(data: Any) -> str:
    """What of the data JSON does not keep as it is; "" if it keeps all."""
    place = _strange(data, "data", 0)
    if place:
        return place
    try:
        json.dumps(data, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as problem:
        return f"they are no JSON: {problem}"
    return ""


def _strange(value: Any, place: str, depth: int) -> str:
    """The first part that is not JSON, with its place."""
    if depth > 50:
        return f"{place[:80]}... is nested too deep"
    if type(value) is float and not math.isfinite(value):
        return f"{place} is {value}, which JSON has not"
    if value is None or type(value) in (bool, int, float, str):
        return ""
    if type(value) is list:
        parts = [(each, f"{place}[{number}]") for number, each in enumerate(value)]
    elif type(value) is dict:
        odd = next((name for name in value if type(name) is not str), None)
        if odd is not None:
            return f"{place} has the key {quoted(odd)}, a {type(odd).__name__}, which JSON makes text of"
        parts = [(each, f"{place}[{name!r}]") for name, each in value.items()]
    else:
        return f"{place} is a {type(value).__name__}: {quoted(value)}"
    return next((found for each, where in parts if (found := _strange(each, where, depth + 1))), "")


def _content(task: Task) -> str:
    return json.dumps([task.goal, dict(task.data)], sort_keys=True, default=repr)


def _apart(trial: Trial, splits: Mapping[str, Sequence[Task]]) -> None:
    """No task of one split is in another."""
    if len({tuple(task.id for task in tasks) for tasks in splits.values()}) == 1:
        trial.note("all splits are one list of tasks: what is learned is then tested on itself")
        return
    seen: dict[str, tuple[str, str]] = {}
    ids: dict[str, str] = {}
    for split, tasks in splits.items():
        for task in tasks:
            if task.split not in ("", split):
                said = f"it says split={task.split!r}"
                trial.fault(f"task {unquoted(task.id)} of {split}", said, "give it the split that it is of")
            other, other_id = seen.setdefault(_content(task), (split, task.id))
            if other != split:
                trial.fault(
                    f"tasks of {other} and of {split}",
                    f"{unquoted(other_id)} of {other} and {unquoted(task.id)} of {split} are the same task",
                    "draw the splits from contents that are apart, or testing says nothing",
                )
            elif ids.setdefault(task.id, split) != split:
                said = f"the id {unquoted(task.id)} is in both"
                trial.fault(f"tasks of {ids[task.id]} and of {split}", said, "put the split into the id")


def _same_again(trial: Trial, split: str, tasks: Sequence[Task], env: Environment, who: str) -> None:
    found = trial.ask(f"tasks({split!r}) of {who}", env.tasks, split).value
    for number, task in enumerate(tasks):
        if trial.late or found is None:
            return
        again = trial.ask(f"tasks({split!r})[{number}] of {who}", found.__getitem__, number).value
        if again != task and not not_json(dict(task.data)):  # nan differs from itself
            trial.fault(
                f"tasks({split!r})[{number}] of {who}",
                f"another task: {_part_of(again, task)}, and before {_part_of(task, again)}",
                "draw tasks by Random of a text that names seed, split and number, and by nothing else",
            )
            return


def _part_of(task: Any, other: Any) -> str:
    """What of a task differs from another."""
    if not (isinstance(task, Task) and isinstance(other, Task)):
        return quoted(task)
    return quoted(task.goal if task.goal != other.goal else dict(task.data))


def _findable(env: Environment) -> bool:
    """Whether its class can be found by its name: not one of a notebook, or made inside a function."""
    kind = type(env)
    found: Any = sys.modules.get(kind.__module__)
    return kind.__module__ != "__main__" and getattr(found, kind.__qualname__, None) is kind


def _fresh(trial: Trial) -> Environment | None:
    """The environment once more, if it says how it is opened or takes no arguments."""
    env = trial.env
    if _findable(env) and isinstance(env, Reopened):
        opened = dict(env.opened)
        rules, tasks = (Path(opened[name]) if opened.get(name) else None for name in ("rules", "tasks"))
        settings = opened.get("settings") or {}
        try:
            return open_named(opened["env"], "scripted", opened.get("difficulty"), rules, tasks, settings)
        except RaoLabError as problem:
            trial.note(f"it says how it is opened, but cannot be opened so here: {problem}")
            return None
    try:
        parameters = signature(type(env)).parameters
    except (TypeError, ValueError):
        return None
    if parameters:
        return None
    return trial.ask(f"{type(env).__name__}()", type(env)).value


def _chosen(tasks: Sequence[Task], env: Environment) -> list[Task]:
    """A few tasks of each difficulty, the easiest first."""
    names = list(env.difficulties) if isinstance(env, Graded) else []
    found: dict[str, list[Task]] = {name: [] for name in names}
    for task in tasks:
        found.setdefault(task.difficulty, []).append(task)
    return [task for each in found.values() for task in each[:PER_DIFFICULTY]]
