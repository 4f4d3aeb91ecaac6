"""One run file that was handed in: is it whole, what was trained, did it learn, and does it agree with itself.

A file is edited, or damaged, if what it says of credit is not what the equations give for its own trees, if the success
that a step reports is not that of its trees, if how a node ended is not the same in both places that keep it, or if a
tree that is played again in its world ends otherwise. A file that was made up whole is not found out: tokens are not
sampled again, and nobody asks whether a tree was drawn in this training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from rao_lab.api.defaults import LOCAL_CHAT, OF_WORLD, TINY
from rao_lab.api.export import share_by
from rao_lab.api.rules import means_before
from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted, fixed
from rao_lab.course.learned import Learned, ended, learned
from rao_lab.course.played_again import PlayedAgain, play_again
from rao_lab.credit import attribute_table
from rao_lab.environments.bundled import BUNDLED
from rao_lab.environments.named import open_named
from rao_lab.errors import MissingError, RaoLabError
from rao_lab.store import Run, open_run
from rao_lab.store.apart import apart
from rao_lab.store.differences import NOT_SET, differences
from rao_lab.store.rows.texts import REPLACED
from rao_lab.training.config import TrainConfig

NOTEBOOKS: Mapping[str, Mapping[str, float]] = {
    "notebook 01": {
        "tasks_per_step": 12, "group_size": 4, "learning_rate": 1e-3, "probe_tasks": 8, "probe_rollouts": 2
    },
    "notebook 04": {
        "tasks_per_step": 4, "group_size": 6, "learning_rate": 3e-3, "probe_tasks": 16, "probe_rollouts": 1,
        "probe_every": 6,
    },
    "notebook 06": {"tasks_per_step": 8, "group_size": 4, "learning_rate": 1e-3, "probe_tasks": 0},
}  # fmt: skip
"""What the notebooks that keep a run set otherwise than is usual, but for the number of steps."""
CLOSE = 1e-6
"""Numbers nearer than this are the same: they were computed on another machine."""
TERMS = ("s", "R", "b", "A", "w", "c")
MOST_SAID = 5
"""Lines about one file."""


@dataclass(frozen=True, slots=True)
class GradedRun:
    """What is known of one run file."""

    file: str
    """Its path below the student's folder."""
    cannot: str = ""
    """Why it cannot be opened; "" if it can."""
    damaged: tuple[str, ...] = ()
    """What of it cannot be read."""
    edited: tuple[str, ...] = ()
    """Where it contradicts itself."""
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why."""
    trained: str = ""
    """World, policy and agent."""
    steps: int = 0
    """Training steps that have ended."""
    asked: int | None = None
    """Steps that were to be made."""
    settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What is not as in `set_as`: by name, there and here."""
    set_as: str = "usual"
    """What its settings are nearest to: what is usual for this policy, or a notebook of the course."""
    learned: Learned | None = None
    recomputed: int = 0
    """Steps whose credit was computed again."""
    played: PlayedAgain | None = None
    """The trees that were played again; None if the file cannot be opened."""
    marks: frozenset[str] = frozenset()
    """Of its steps, by their times and the times of their trees: two runs never have one in common."""
    same: tuple[str, ...] = ()
    """Runs of others that are the same run."""

    @property
    def sound(self) -> bool:
        """It can be read and agrees with itself."""
        return not (self.cannot or self.damaged or self.edited)

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.cannot:
            return "cannot be read"
        return "edited?" if self.edited else "damaged" if self.damaged else "whole"

    def to_json(self) -> dict[str, Any]:
        names = (
            "file",
            "cannot",
            "damaged",
            "edited",
            "notes",
            "trained",
            "steps",
            "asked",
            "recomputed",
            "same",
            "set_as",
        )
        found = {name: getattr(self, name) for name in names}
        settings = {name: {"usual": usual, "here": here} for name, (usual, here) in self.settings.items()}
        return {
            **found,
            "state": self.state,
            "played_again": None if self.played is None else self.played.to_json(),
            "settings": settings,
            "learned": None if self.learned is None else self.learned.to_json(),
        }


def grade_run(path: Path, file: str) -> GradedRun:
    """Looks at one run file. It never raises, whatever is in the file."""
    try:
        with open_run(path) as run:
            return _graded(run, file)
    except RaoLabError as problem:
        return GradedRun(file, cannot=one_line(str(problem), 300))


def _graded(run: Run, file: str) -> GradedRun:
    damaged, edited, notes = list(run.problems), list[str](), list[str]()
    readable, recomputed = list[int](), 0
    reported = {row["step"]: row for row in run.metrics}
    for step in (each.step for each in run.steps):
        try:
            if lacks := run.missing(step):
                damaged.append(f"step {step} lacks {lacks}" if not lacks.startswith("step") else lacks)
                continue
            edited += _misreported(run, step, reported.get(step, {}))
            edited += _kept_twice(run, step)
            said = _recomputed(run, step)
            readable.append(step)
        except RaoLabError as problem:
            damaged.append(f"step {step}: {problem}")
            continue
        recomputed += said is not None
        edited += [said] if said else []
        if said is None and run.trees(step, probe=False) and step > 0:
            notes.append(f"step {step}: its credit could not be computed again")
    played = play_again(run, readable)
    edited += _few_of(played.apart, "nodes of the trees that were played again")
    edited += [line for line in damaged if REPLACED in line]
    damaged = [line for line in damaged if REPLACED not in line]
    train = _mapping(run.config.get("train"))
    asked = train.get("steps")
    set_as, settings = _settings(run.config, train)
    over = [
        each.step for each in run.steps if each.step > 0 and each.ended is not None and each.step in reported
    ]
    return GradedRun(
        file,
        damaged=_few(damaged),
        edited=_few(edited),
        notes=_few(notes),
        trained=_trained(run.config, train),
        steps=len(over),
        asked=asked if isinstance(asked, int) else None,
        settings=settings,
        set_as=set_as,
        learned=None if "kind" in run.config else learned(run, readable),
        recomputed=recomputed,
        played=played,
        marks=frozenset(_marks(run, readable)),
    )


def _misreported(run: Run, step: int, reported: Mapping[str, Any]) -> Iterator[str]:
    """If the success that a step reports, that of its trees and that of their roots are not the same."""
    for name, probe in (("success", False), ("probe_success", True)):
        trees = [tree for tree in ended(run.trees(step, probe=probe)) if tree.success is not None]
        if not trees:
            continue
        said, given = reported.get(name), fmean(tree.success or 0.0 for tree in trees)
        if isinstance(said, int | float) and abs(given - said) > CLOSE:
            yield f"step {step}: it reports {name} {fixed(said, 2)}, and its trees have {fixed(given, 2)}"
        nodes = run.node_table(step)
        roots = nodes.success[(nodes.parent < 0) & (nodes.probe == probe)]
        found = float(np.nanmean(roots)) if np.isfinite(roots).any() else 0.0
        if abs(found - given) > CLOSE:
            yield f"step {step}: its trees have {name} {fixed(given, 2)}, and their roots {fixed(found, 2)}"


def _kept_twice(run: Run, step: int) -> list[str]:
    """Nodes of which a row and the columns of their tree say another thing."""
    found = apart(run, step)
    lines = [
        f"{step}:{each.group}.{each.tree}/{each.path} is kept twice, as {each.row}, and as {each.columns}"
        for each in found
    ]
    return _few_of(lines, f"nodes of step {step}")


def _few_of(lines: Sequence[str], what: str) -> list[str]:
    """The first, and of how many."""
    return [f"{lines[0]} (so {len(lines):,} {what})" if len(lines) > 1 else lines[0]] if lines else []


def _recomputed(run: Run, step: int) -> str | None:
    """What of the recorded credit is not what the equations give; "" if all is, None if there is none or the rule is a
    function that is not here."""
    try:
        found = run.attributions(step)
    except MissingError:
        return None
    table = run.node_table(step).credit_table()
    if found.config.rule is not None:
        return None
    try:
        again = attribute_table(
            table, found.config, share_by(run), moving=means_before(run, step, found.config)
        )
    except MissingError:  # the steps that a moving mean needs
        return None
    if list(found.table.path) != list(again.table.path):
        return f"step {step}: its credit is of {counted(len(found.table), 'other node')} than its trees have"
    for name in TERMS:
        here, due = (
            np.asarray(getattr(each.table if name == "s" else each, name)) for each in (found, again)
        )
        other = ~np.isclose(here, due, rtol=CLOSE, atol=CLOSE, equal_nan=True)
        if other.any():
            at = int(np.flatnonzero(other)[0])
            place = f"{found.table.group[at]}.{found.table.tree[at]}/{found.table.path[at]}"
            return (
                f"{step}:{place} records {name} = {fixed(float(here[at]), 3)}, and its trees give "
                f"{fixed(float(due[at]), 3)} ({counted(int(other.sum()), 'node')} of {len(here):,})"
            )
    return ""


def _trained(config: Mapping[str, Any], train: Mapping[str, Any]) -> str:
    parts = [config.get("environment"), config.get("policy"), train.get("agent") or config.get("agent")]
    kind = config.get("kind")
    parts += [f"no training: {kind}" if isinstance(kind, str) else ""]
    return one_line(" · ".join(each for each in parts if isinstance(each, str) and each), 100)


def _settings(config: Mapping[str, Any], train: Mapping[str, Any]) -> tuple[str, dict[str, tuple[str, str]]]:
    """Against what is usual for such a policy, or against the notebook that it differs least from. Settings that this
    version does not know are passed over."""
    if not train:
        return "usual", {}
    tiny = OF_WORLD.get(str(config.get("environment")), TINY)
    usual = tiny if config.get("dialect") == "terse" else LOCAL_CHAT
    due = TrainConfig(**{**usual.train, "limits": usual.train_limits}).to_dict()
    here = {name: value for name, value in train.items() if name in due and name != "steps"}

    def against(notebook: Mapping[str, float]) -> dict[str, tuple[str, str]]:
        found = differences([{**due, **notebook, "steps": None}, due | here | {"steps": None}])
        return {name: (there, own) for name, (there, own) in found.items() if own != NOT_SET}

    world = _world_settings(config, train)
    found = {"usual": against({})} | {name: against(each) for name, each in NOTEBOOKS.items()}
    nearest = min(found, key=lambda name: len(found[name]))
    return nearest, world | found[nearest]


def _world_settings(config: Mapping[str, Any], train: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What a bundled world was opened with otherwise than is usual; all notebooks that keep a run open it as usual."""
    opened = _mapping(_mapping(config.get("opened")).get("env"))
    name = opened.get("env")
    if name not in BUNDLED or name != config.get("environment"):
        return {}
    try:
        usual = getattr(open_named(name, "tiny"), "opened", {})
    except RaoLabError:
        return {}
    found = differences([_flat(usual), _flat(opened)])
    said = {key: (there, own) for key, (there, own) in found.items() if own != NOT_SET}
    if said.get("env.seed", ("", ""))[1] == str(train.get("seed")):
        del said["env.seed"]  # the training's seed says it
    return said


def _flat(opened: Mapping[str, Any]) -> dict[str, Any]:
    """Under the names by which `rao-lab train` is told."""
    return {**opened, "settings": None, "env": _mapping(opened.get("settings"))}


def _marks(run: Run, steps: list[int]) -> Iterator[str]:
    began = {each.step: each.started for each in run.steps}
    for step in steps:
        times = sorted(tree.ended or 0.0 for tree in ended(run.trees(step)))
        if times and began[step] is not None:
            yield sha256(repr((began[step], times)).encode()).hexdigest()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _few(lines: list[str]) -> tuple[str, ...]:
    kept = [one_line(line, 300) for line in lines[:MOST_SAID]]
    return (*kept, f"and {len(lines) - MOST_SAID:,} more") if len(lines) > MOST_SAID else tuple(kept)
