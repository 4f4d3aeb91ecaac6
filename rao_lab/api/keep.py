"""Trees that are run outside training, kept: in a run file while they grow, or saved afterwards.

    tree = rl.run(task, env, policy, store="runs/one.rao")
    found = rl.evaluate(env, policy, store="runs/all.rao")
    tree.save("tree.json"); rl.load_tree("tree.json")

A file that a call keeps its trees in is a run file like that of a training, without credit. It is written live: if the
program is killed, the trees that had ended are there whole, and the others as far as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rao_lab.api.export import record, whole_file
from rao_lab.api.reopen import how_opened
from rao_lab.api.written import run_name
from rao_lab.base.calls import checked_call
from rao_lab.base.interrupts import HeldBack
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.named import world_text
from rao_lab.errors import ConfigError, InputError, MissingError, RecordError, RunFileError, UnavailableError
from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.execution.judge.judge import told_of_judge
from rao_lab.execution.limits import Limits
from rao_lab.prompts import Prompt, chosen, recorded
from rao_lab.protocols import Environment, Judge, Policy
from rao_lab.store import RunWriter, open_run
from rao_lab.store.files import begins_as_run, file_path
from rao_lab.store.journal import is_begun
from rao_lab.store.lock import is_locked
from rao_lab.training.metrics import tree_metrics
from rao_lab.tree import Event, Group, Tree, TreeHeader
from rao_lab.tree.codec import tree_from_json, tree_to_json
from rao_lab.tree.values import dumps, loads

MOST_JSON = 1 << 30
"""Bytes of a JSON file that are read, and"""
MOST_PARTS = 1 << 26
"""elements in it."""


class Keeper:
    """Writes trees into the step of a run file that is under way."""

    def __init__(self, writer: RunWriter, done: Iterable[TreeHeader] = ()) -> None:
        self._writer = writer
        self._step = 0
        self._kept = {(header.step, header.group, header.rollout) for header in done}
        self._begun = {step for step, _, _ in self._kept}

    def begin(self, step: int) -> None:
        """The trees to come belong to this step, perhaps again. They keep the noise that they were sampled with."""
        self._step = step
        if step not in self._begun:
            self._begun.add(step)
            self._writer.begin_step(step)

    def event(self, header: TreeHeader, event: Event) -> None:
        self._writer.event(None, replace(header, step=self._step), event)

    def tree(self, tree: Tree) -> None:
        """A tree has ended, or was stopped. What is kept already is passed over."""
        place = self._step, tree.header.group, tree.header.rollout
        if tree.nodes and place not in self._kept:
            with HeldBack():  # an interrupt between the two would have the tree written twice
                self._writer.tree_done(replace(tree, header=replace(tree.header, step=self._step)))
                self._kept.add(place)

    def end(self, found: Evaluation | None = None, judging: Mapping[str, float] | None = None) -> None:
        """All trees of the step have ended; an evaluation of them gives its figures.

        Args:
            judging: what a judge took for trees without an evaluation.
        """
        figures = None if found is None else _figures(found)
        self._writer.end_step(self._step, None, figures or ({"judge": judging} if judging else None))


def _figures(found: Evaluation) -> dict[str, Any]:
    """What the board draws of an evaluation: the figures of training that trees alone can tell."""
    figures = tree_metrics([Group(tree.task, (tree,)) for tree in found.trees])
    if found.by_kind:  # as the text has them: kinds may be known by labels alone
        figures["by_kind"] = {kind: part.to_dict() for kind, part in found.by_kind.items()}
    judging = {"judge": found.judging} if found.judging else {}
    return {**figures, "unscored": found.overall.unscored, **judging}


@contextmanager
def keeping(store: str | Path | None, about: Mapping[str, Any]) -> Iterator[Keeper | None]:
    """Inside, trees can be kept in a new run file; without one, there is no keeper.

    Args:
        about: what the file says of how they were made.

    Raises:
        RunFileError: something lies there. UnavailableError: it cannot be written.
    """
    if store is None:
        yield None
        return
    with RunWriter(store, about) as writer:
        yield Keeper(writer)


def check_new(store: str | Path | None) -> None:
    """Refuses a place for a run file, before a model has worked for it.

    Raises:
        RunFileError: something lies there. ConfigError: its name promises another kind of file.
    """
    if store is None:
        return
    path = run_name(file_path(store), "store=")
    if is_begun(path):
        raise RunFileError(f"{unquoted(path)} exists already: choose another name")


def told_of(
    kind: str,
    environment: Environment,
    policy: Policy,
    limits: Limits,
    *,
    seed: int,
    prompt: Prompt | None,
    judge: Judge | None,
    **more: Any,
) -> dict[str, Any]:
    """What a file says of how its trees were made.

    Args:
        kind: "run", "evaluation" or "comparison".
        more: what else there is to say.
    """
    words = chosen(prompt, policy)
    world = how_opened(environment, policy)["env"]
    return {
        "kind": kind,
        "environment": environment.name,
        "world": world_text(environment),
        **({"opened": {"env": world}} if "env" in world else {}),
        "policy": policy.name,
        "dialect": words.name,
        **({"prompts": kept} if (kept := recorded(words)) else {}),
        **({"clock": day} if (day := getattr(policy, "clock", "")) else {}),
        **told_of_judge(judge),
        "seed": seed,
        "limits": limits.to_dict(),
        **more,
    }


@checked_call
def save_tree(tree: Tree, path: str | Path, *, force: bool = False) -> None:
    """Saves a tree: as JSON if the name ends with .json, as a run file if with .rao. `tree.save` is the same.

        >>> rl.save_tree(tree, "tree.rao")
        >>> rl.load_tree("tree.rao") == tree
        True

    Args:
        force: what lies there is overwritten.

    Raises:
        InputError: this is no tree, or one that still runs; its name ends otherwise; or a file lies there.
        RunFileError: the run file that lies there has checkpoints, or is being written.
        UnavailableError: it cannot be written.
    """
    if not isinstance(tree, Tree):
        raise InputError(f"save_tree saves one tree, not {quoted(tree)}")
    if not (tree.nodes and tree.root.status.ended):
        raise InputError(f"the tree of {unquoted(tree.task.id)} still runs: save it when it has ended")
    out = file_path(path)
    if out.is_dir():
        raise InputError(f"{unquoted(out)} is a folder: name a file in it")
    if out.suffix.lower() not in (".rao", ".json"):
        raise InputError(f"{unquoted(out)} does not say what to write: end it with .rao or .json")
    if is_begun(out) and not force:
        raise InputError(f"{unquoted(out)} exists already: choose another name, or give force=True")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(f"{unquoted(out)} cannot be made: {error.strerror or error}") from None
    if out.suffix.lower() == ".json":
        whole_file(out, [dumps(tree_to_json(tree)), "\n"])
        return
    beside = [Path(f"{out}{end}") for end in (".ckpt", "-wal", "-journal")]
    if is_locked(out) or any(each.exists() for each in beside):
        raise RunFileError(f"{unquoted(out)} is a training, or is being written: choose another name")
    part = out.with_name(out.name + ".part")
    part.unlink(missing_ok=True)
    try:
        record([tree], part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


@checked_call
def load_tree(path: str | Path, tree: int | None = None) -> Tree:
    """Loads a tree that was saved: from JSON, or from a run file.

        >>> tree.save("saved.json")
        >>> rl.load_tree("saved.json").success
        1.0

    Args:
        tree: its id, if the run file holds several: `rl.open_run(path).trees()` lists them.

    Raises:
        MissingError: there is no such file, or no such tree in it.
        InputError: the file holds no tree.
        ConfigError: `tree` is given for a JSON file, which holds one.
    """
    source = file_path(path)
    try:
        is_json = source.suffix.lower() == ".json" and source.is_file() and not begins_as_run(source)
        if not source.exists():
            raise MissingError(f"there is no file {unquoted(source)}: check the name")
    except OSError as error:
        raise InputError(f"{unquoted(source)} cannot be read: {error.strerror or error}") from None
    if is_json:
        if tree is not None:
            raise ConfigError(f"tree={quoted(tree)} has no meaning for a JSON file: it holds one tree")
        return _from_json(source)
    with open_run(source) as run:
        if tree is not None:
            return run.tree(tree)
        found = run.trees()
        if len(found) != 1:
            ids = ", ".join(str(each.id) for each in found[:8]) + (", ..." if len(found) > 8 else "")
            has = f"{len(found):,} trees: give tree=ID, one of {ids}" if found else "no trees"
            raise MissingError(f"{unquoted(source.name)} holds {has}")
        return found[0].load()


def _from_json(source: Path) -> Tree:
    name = unquoted(source.name)
    with source.open("rb") as file:
        text = file.read(MOST_JSON + 1)
    if len(text) > MOST_JSON:
        raise InputError(f"{name} is larger than {MOST_JSON >> 30} GiB: it holds no tree of `tree.save`")
    try:
        return tree_from_json(loads(text, MOST_PARTS))
    except (InputError, RecordError) as problem:
        raise InputError(
            f"{name} holds no tree as `tree.save` and `rao-lab run --json` write it: {unquoted(problem)}"
        ) from None
