"""The forks that a run file keeps, each set beside the tree that it was cut from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError, MissingError
from rao_lab.evaluation.forks import Forks
from rao_lab.store import Run, TreeSummary
from rao_lab.tree import Group, Tree
from rao_lab.tree.origin import common


@checked_call
def forks_of(run: Run, tree: Tree | None = None, *, step: int | None = None) -> list[Forks]:
    """What `rl.fork(..., store=...)` kept in a run: one `Forks` for each call, in order.

        >>> found = rl.fork(tree, "0.0", rest="continued", environment=env, repeats=2, store="runs/forks.rao")
        >>> [kept] = rl.forks_of(rl.open_run("runs/forks.rao"))
        >>> str(kept) == str(found)
        True

    Args:
        tree: only the forks that were cut from it.
        step: only those of a step.

    Raises:
        ConfigError: `run` is no open run.
        MissingError: it has no such step.
    """
    if not isinstance(run, Run):
        raise ConfigError("rl.forks_of takes an open run: rl.forks_of(rl.open_run(file))")
    found = []
    for members in _sets(run.forks(step)):
        first = members[0]
        original = _original(run, first)
        if original is None or (tree is not None and original != tree):
            continue
        group = None if first.probe else group_of(run, first.step, first.group)
        trees = tuple(each.load() for each in members if not each.running)
        origin = common(first.origin or {})
        node, turn = str(origin.get("node", "0")), origin.get("turn")
        if all(each.has(node) for each in (original, *trees)):
            found.append(
                Forks(
                    original,
                    trees,
                    node,
                    turn if isinstance(turn, int) else 1,
                    origin,
                    group,
                    _credit(run, first.step),
                    str(run.path),
                )
            )
    return found


def _sets(forks: Sequence[TreeSummary]) -> Iterator[list[TreeSummary]]:
    """The forks of each call; a call that was made again starts again from repeat 0."""
    calls: dict[tuple[str, int], list[TreeSummary]] = {}
    seen: Counter[str] = Counter()
    for each in forks:
        origin = each.origin or {}
        place = (each.step, each.probe, each.group, each.rollout, common(origin))
        key = json.dumps(place, sort_keys=True, default=repr)
        once = json.dumps((key, origin.get("repeat")), default=repr)
        calls.setdefault((key, seen[once]), []).append(each)
        seen[once] += 1
    yield from calls.values()


def _original(run: Run, fork: TreeSummary) -> Tree | None:
    """The tree that a fork was cut from, if the run holds it."""
    origin = fork.origin or {}
    before = origin.get("before")
    for each in run.trees(fork.step):
        same = (each.probe, each.group, each.rollout) == (fork.probe, fork.group, fork.rollout)
        if same and each.origin == before and not each.running:
            return each.load()
    return None


def _credit(run: Run, step: int) -> CreditConfig:
    """The rule of credit of a step."""
    train: Any = run.config.get("train")
    if isinstance(train, Mapping) and isinstance(train.get("credit"), Mapping):
        return CreditConfig.from_dict(train["credit"])
    with suppress(MissingError):
        return run.attributions(step).config
    return CreditConfig()


def group_of(run: Run, step: int, index: int) -> Group | None:
    """A group of a step, without reading the others; None if it has less than two trees.

    Raises:
        MissingError: the run has no such step.
    """
    found = [
        each
        for each in run.trees(step, probe=False)
        if each.group == index and not (each.fork or each.running)
    ]
    if len(found) < 2:
        return None
    trees = tuple(each.load() for each in found)
    return Group(trees[0].task, trees, step, index)
