"""Who scores a node: a rule, the world's verifier, a judge, or the root's success as a proxy."""

from __future__ import annotations

from typing import Any

from rao_lab.execution.log import TreeLog
from rao_lab.protocols import Judge, Score, World
from rao_lab.tree import LIMIT_STATUSES, ROOT, Status


def score_ended(log: TreeLog, world: World, path: str, status: Status, value: Any) -> None:
    """Scores a node as it ends (decision 3): a node that finished by the world, if that has a verifier; 0 for
    a limit or a cancellation, whatever the world looks like. A lost node (`error`) is not scored."""
    if status is Status.FINISHED:
        log.scored(path, world.leave(path, value))
    elif status is Status.CANCELLED or status in LIMIT_STATUSES:
        log.scored(path, Score(0.0, "rule"))


def score_rest(log: TreeLog, judge: Judge | None) -> None:
    """Scores the finished nodes that the world could not: by the judge, otherwise by the root's success."""
    tree = log.fold.tree()
    for node in tree.nodes:
        if node.status is not Status.FINISHED or node.success is not None:
            continue
        if judge is not None:
            log.scored(node.path, judge.score(tree, node.path))
        elif node.path != ROOT and tree.root.success is not None:
            log.scored(node.path, Score(tree.root.success, "root_proxy"))
