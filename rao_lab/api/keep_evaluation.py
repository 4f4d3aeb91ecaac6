"""An evaluation in a run file that goes on: trees that ended stay, and the others are run with the same noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rao_lab.api.keep import Keeper, check_new
from rao_lab.api.reopen import check_reopened
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, RunFileError
from rao_lab.execution.asked import checked_task
from rao_lab.protocols import Policy
from rao_lab.store import Run, RunWriter, open_run
from rao_lab.store.files import file_path
from rao_lab.store.journal import in_the_way, is_begun
from rao_lab.store.rows.encode import portable
from rao_lab.tree import Status, Task, Tree

KIND = "evaluation"
SAME = (
    *("environment", "world", "policy", "dialect", "prompts", "agent", "seed", "temperature", "limits"),
    *("clock", "judge", "judging", KIND),
)
"""What must be as it was, beside how the world was opened."""


def more_of_evaluation(policy: Policy, tasks: Sequence[Task], batch: int | None) -> dict[str, Any]:
    """What the file says of an evaluation so that it can go on."""
    asked = repr([(task.id, task.goal, task.difficulty) for task in map(checked_task, tasks)])
    digest = blake2b(asked.encode("utf-8", "replace"), digest_size=8).hexdigest()
    plain = type(policy).__repr__ is object.__repr__  # an address in memory says nothing
    opened = dict(getattr(policy, "opened", {})) or (policy.name if plain else repr(policy))
    made = {"version": policy.version, "opened": opened}
    return {KIND: {"tasks": len(tasks), "digest": digest, "batch": batch, "policy made": made}}


def check_evaluation(store: str | Path | None, resume: bool) -> None:
    """Refuses a place for an evaluation, before a model has worked for it.

    Raises:
        RunFileError: something lies there, and it is not to go on. ConfigError: its name promises another kind.
    """
    if store is not None and is_begun(path := file_path(store)):
        if not resume:
            raise in_the_way(path)
        return
    check_new(store)


@contextmanager
def keeping_evaluation(
    store: str | Path | None, about: Mapping[str, Any], resume: bool
) -> Iterator[tuple[Keeper | None, Mapping[int, Tree]]]:
    """Inside, trees can be kept in a run file; the trees of an evaluation that goes on, by the places of their tasks.

    Raises:
        RunFileError: the file is no evaluation, or damaged. ConfigError: it was made otherwise.
        UnavailableError: it cannot be written.
    """
    if store is None:
        yield None, {}
        return
    done: dict[int, Tree] = {}
    stopped: list[int] = []
    path = file_path(store)
    if resume and is_begun(path):
        with open_run(path) as run:
            check_same(run, portable(dict(about)))
            for each in run.trees():
                if each.running or each.fork or each.probe:
                    continue
                tree = each.load()
                if _is_whole(tree):
                    done[each.group] = tree
                else:
                    stopped.append(each.id)
    with RunWriter(path, about, resume=resume) as writer:
        if writer.resumed:
            writer.rewind(0 if done else -1, about, stopped if done else ())
        yield Keeper(writer, [tree.header for tree in done.values()]), done


def _is_whole(tree: Tree) -> bool:
    """Whether a tree is as if nothing had stopped the evaluation: one that ended just then has no verdict."""
    judged = all(
        node.success is not None or node.reason for node in tree.nodes if node.status is Status.FINISHED
    )
    return judged and tree.root.status is not Status.CANCELLED


def check_same(run: Run, about: Mapping[str, Any]) -> None:
    """Refuses to go on with another evaluation.

    Raises:
        RunFileError: the run is no evaluation that can go on. ConfigError: it is another one; the message names what
        differs.
    """
    before, name = run.config, run.path.name
    if before.get("kind") != KIND or run.problems:
        why = run.problems[0] if run.problems else "it was not made by rao-lab eval (in Python rl.evaluate)"
        raise RunFileError(f"{name} cannot be resumed: {why}; choose another name")
    asked = before.get(KIND)
    if not isinstance(asked, Mapping):
        raise RunFileError(
            f"{name} cannot be resumed: its version did not record which tasks it has; choose another name"
        )
    if before.get("environment") == about["environment"]:
        check_reopened(before, about)
    for what in SAME:
        was, now = before.get(what), about.get(what)
        if was == now:
            continue
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            key = next(key for key in {**was, **now} if was.get(key) != now.get(key))
            what, was, now = "tasks" if key == "digest" else f"{what}.{key}", was.get(key), now.get(key)
        what = what.removeprefix(f"{KIND}.")
        raise ConfigError(
            f"{name} was begun with other tasks: give the same, or choose another name"
            if what == "tasks" and isinstance(was, str)
            else f"{name} was begun with {what}={quoted(was)}, not {quoted(now)}: give it as it was, or choose another "
            "name"
        )
