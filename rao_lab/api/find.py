"""Finds a step, a tree and its credit in a run, by what a user types."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from rao_lab.api.settings import is_number
from rao_lab.base.safe_text import for_shell, quoted
from rao_lab.base.words import counted
from rao_lab.credit import Attribution, Attributions
from rao_lab.errors import MissingError
from rao_lab.store import Run, TreeSummary
from rao_lab.store.trace import KIND as TRACE


def find_trees(run: Run, step: int | None) -> Sequence[TreeSummary]:
    """The trees of a step, in the order of their groups, then the probes.

    Args:
        step: None = the newest that has trees; of a training that was ended in a step, the newest that was finished.

    Raises:
        MissingError: there is no such step, or it has no trees.
    """
    if step is None:
        having = [each for each in reversed(run.steps) if run.trees(each.step)]
        whole = [each for each in having if not is_cut(run, each.step)]
        step = next((each.step for each in whole or having), None)
        if step is None:
            raise MissingError(_why_no_trees(run))
    trees = run.trees(step)
    if not trees:
        others = [each.step for each in run.steps if each.trees or each.probe_trees]
        has = f": of its steps, {_listed(others)} have some" if others else ""
        raise MissingError(f"step {step} of {run.path.name} has no trees{_lost(run, step)}{has}")
    return trees


def is_cut(run: Run, step: int) -> bool:
    """Whether a training was ended in this step, which then has no credit."""
    unfinished = {each.step for each in run.steps if each.ended is None}
    return step in unfinished and is_training(run) and not run.being_written


def _why_no_trees(run: Run) -> str:
    """In a line."""
    said = f"{run.path.name} has no trees"
    if run.being_written:
        return f"{said} yet"
    if not run.steps:
        return f"{said}: " + (run.problems[0] if run.problems else "no step has begun")
    lost = next(filter(None, (_lost(run, each.step) for each in reversed(run.steps))), "")
    held = (
        f"the figures of {counted(len(run.steps), 'step')}"
        if run.metrics
        else counted(len(run.steps), "step")
    )
    return f"{said}{lost}: it holds {held} alone"


def _lost(run: Run, step: int) -> str:
    lacks = run.missing(step)
    return f" ({lacks})" if lacks else ""


def find_tree(trees: Sequence[TreeSummary], wanted: str) -> int:
    """The place of a tree among those of a step.

    Args:
        wanted: the place as a number, or GROUP.TREE as `rao-lab credit` prints them.

    Raises:
        MissingError: there is none.
    """
    first, dot, second = wanted.strip().partition(".")
    if is_number(first) and not dot and int(first) < len(trees):
        return int(first)
    if is_number(first) and is_number(second):
        wanted_place = (int(first), int(second))
        for probe in (False, True):  # probes are numbered after the groups, and a file may say otherwise
            for place, tree in enumerate(trees):
                if (tree.group, tree.rollout, tree.probe, tree.fork) == (*wanted_place, probe, False):
                    return place
    last = len(trees) - 1
    has = f"0 to {last}" if last else "only 0"
    named = last and any(not (each.probe or each.fork) for each in trees)
    groups = " (or GROUP.TREE, as `rao-lab credit` prints them)" if named else ""
    raise MissingError(f"step {trees[0].step} has no tree {quoted(wanted)}: it has {has}{groups}")


def credit_of_tree(run: Run, tree: TreeSummary) -> Attributions | None:
    """The credit of the tree's step, if the tree has some, and the step all of its trees."""
    if not (tree.probe or tree.fork or tree.running or run.missing(tree.step)):
        with suppress(MissingError):  # a step that has not ended, or has no groups
            found = run.attributions(tree.step)
            found.rows(tree.group, tree.rollout)
            return found
    return None


def chosen_rows(found: Attributions, tree: str | None, node: str | None) -> list[Attribution]:
    """The records of a step's credit, of one tree or one path only.

    Args:
        tree: GROUP.TREE.

    Raises:
        MissingError: there is none.
    """
    rows = [
        row
        for row in found
        if (tree is None or f"{row.group}.{row.tree}" == tree) and (node is None or row.node == node)
    ]
    if not rows:
        named = [f"tree {quoted(tree)}" if tree else "", f"node {quoted(node)}" if node else ""]
        what = " with ".join(part for part in named if part)
        raise MissingError(
            f"this step has credit for no {what}: a tree is named GROUP.TREE, such as 0.0, and a node by its "
            "path, such as 0.1"
        )
    return rows


def why_no_credit(run: Run, step: int | None) -> str:
    """Why a step of a run has no credit, or why the run has none at all, in one line."""
    name = run.path.name
    known = {each.step: each for each in run.steps}
    credited = credited_steps(run)
    outside = [*known] == [0] or not is_training(run)
    if outside and any(each.groups for each in run.steps):
        return (
            f"{name} has no credit: its trees were run outside training, and credit compares the trees of a "
            f"training step; `rao-lab show {for_shell(name)}` prints them"
        )
    if step is None or step not in known:
        return f"{name} has no credit: no step of training has ended" + ("" if known else " or begun")
    if known[step].ended is None:
        why = "it has not ended"
    elif step == 0:
        why = "it has only trees that were not trained on"
    else:
        why = "its credit is not in the file" if known[step].groups else "it has no groups of trees"
    others = f"; steps with credit: {_listed(credited)}" if credited else ""
    return f"step {step} of {name} has no credit: {why}{others}"


def credited_steps(run: Run) -> list[int]:
    """The training steps that ended with groups of trees; of a trace of another program, all steps with credit."""
    ended = [each.step for each in run.steps if each.groups and each.ended is not None]
    if run.config.get("kind") == TRACE:
        return [step for step in ended if _has_credit(run, step)]
    return [step for step in ended if step] if is_training(run) else []


def _has_credit(run: Run, step: int) -> bool:
    with suppress(MissingError):
        run.attributions(step)
        return True
    return False


def is_training(run: Run) -> bool:
    """Whether trees were run to be trained on, and not to be looked at, evaluated or compared."""
    return "kind" not in run.config


def _listed(steps: Sequence[int]) -> str:
    """Numbers in order, with runs of them as ranges."""
    ranges: list[list[int]] = []
    for step in steps:
        if ranges and step == ranges[-1][-1] + 1:
            ranges[-1][1:] = [step]
        else:
            ranges.append([step])
    shown = ["-".join(map(str, part)) for part in ranges]
    return ", ".join(shown[:8]) + (" ..." if len(shown) > 8 else "")
