"""Forks in a run file: beside the tree that they were cut from, in none of its steps' groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import unquoted
from rao_lab.credit import attribute
from rao_lab.errors import ConfigError, RunFileError
from rao_lab.evaluation.forks import Forks
from rao_lab.prompts import recorded
from rao_lab.protocols import Dialect
from rao_lab.store import RunWriter, open_run
from rao_lab.store.files import file_path
from rao_lab.store.journal import is_begun
from rao_lab.store.lock import is_locked
from rao_lab.tree import Tree
from rao_lab.tree.origin import tree_name

COPIED = ("environment", "world", "policy", "dialect", "prompts", "opened", "clock")
"""What a new file says of how the tree was made, if its run says it."""


def check_keeps(store: str | Path, tree: Tree) -> None:
    """Refuses a file that cannot keep forks of this tree, before a model works for them.

    Raises:
        RunFileError: it is being written.
        ConfigError: it is a run that does not hold the tree.
    """
    path = file_path(store)
    if not is_begun(path):
        return
    if is_locked(path):
        raise RunFileError(f"{unquoted(path.name)} is being written: keep the forks in another file")
    header = tree.header
    with open_run(path) as run:
        held = [
            each
            for each in (run.trees(header.step) if header.step in [step.step for step in run.steps] else [])
            if (each.probe, each.group, each.rollout, each.task)
            == (header.probe, header.group, header.rollout, header.task.id)
        ]
    if not held:
        raise ConfigError(
            f"{unquoted(path.name)} is a run without this tree, {tree_name(header)} of step {header.step}: keep its "
            "forks in the file that holds it, or in a new one"
        )


def keep(store: str | Path, forks: Forks, config: Mapping[str, Any], prompts: Sequence[Dialect]) -> None:
    """Writes forks into the run that holds their tree, or into a new file, with the tree and its group.

    Args:
        config: of the tree's run, if there is one.
        prompts: those of the forks, which the file keeps.

    Raises:
        RunFileError, UnavailableError: the file cannot be written.
    """
    path = file_path(store)
    header = forks.original.header
    kept = {name: files for prompt in prompts for name, files in recorded(prompt).items()}
    if is_begun(path):
        with RunWriter(path, {}, resume=True) as writer:
            for tree in forks.trees:
                writer.tree_done(tree)
            writer.flush()
            _note_prompts(writer, kept)
        return
    about: dict[str, Any] = {
        "environment": header.environment,
        "policy": header.policy,
        "agent": header.agent,
        "seed": header.seed,
    }
    about |= {name: config[name] for name in COPIED if name in config}
    about["prompts"] = {**about.get("prompts", {}), **kept}
    group = forks.group
    # The group holds the tree, unless that is a fork itself.
    originals = (
        *(() if group is None else group.trees),
        *((forks.original,) if group is None or header.origin else ()),
    )
    with RunWriter(path, {**about, "limits": dict(header.limits)}) as writer:
        writer.begin_step(header.step)
        for tree in (*originals, *forks.trees):
            writer.tree_done(tree)
        writer.end_step(header.step, None if group is None else attribute([group], forks.config))


def _note_prompts(writer: RunWriter, prompts: Mapping[str, Any]) -> None:
    """The run names these prompts in its trees: it holds their files, too. A config that cannot be read stays."""
    with open_run(writer.path) as run:
        config, packages = run.config, run.packages
    held = config.get("prompts")
    held = held if isinstance(held, Mapping) else {}
    if config and not prompts.keys() <= held.keys():
        writer.note_config({**config, "prompts": {**prompts, **held}}, packages)
