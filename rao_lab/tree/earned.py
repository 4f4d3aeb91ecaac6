"""What the nodes of a tree earned, as pictures and graphs take it: found in credit, and never another tree's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rao_lab.base.safe_text import one_line, quoted
from rao_lab.errors import InputError, MissingError
from rao_lab.tree.events import Status
from rao_lab.tree.node import Recorded


class Earned(Protocol):
    """What a picture needs of a node's `Attribution`."""

    @property
    def R(self) -> float | None: ...
    @property
    def A(self) -> float | None: ...
    @property
    def why_not(self) -> str | None: ...


class EarnedInStep(Protocol):
    """The `Attributions` of a step."""

    def of(self, tree: Any, /) -> Mapping[str, Any]: ...


Credit = EarnedInStep | Mapping[str, Any] | None
"""The credit of a step, in which a tree is found; or the records of one tree, by path."""


def earned_by(tree: Recorded, credit: Credit) -> Mapping[str, Any] | None:
    """What each node of the tree earned, by path; None for None.

    Raises:
        MissingError: the credit is of other trees.
        InputError: it is no credit.
    """
    if credit is None:
        return None
    if isinstance(credit, Mapping):
        nodes = {node.path: node for node in tree.nodes}
        strange = (_strange(nodes.get(path), path, record) for path, record in credit.items())
        for problem in filter(None, strange):
            raise MissingError(f"this credit is not of this tree ({tree_words(tree)}): {problem}")
        return credit
    if not hasattr(credit, "of"):
        raise InputError(f"credit must be Attributions, or records by path, not {quoted(credit)}")
    return credit.of(tree)


def tree_words(tree: Recorded) -> str:
    """Which tree it is, in a few words."""
    header = tree.header
    place = f"step {header.step}, tree {header.group}.{header.rollout}, " if header.step else ""
    return f"{one_line(header.task.id, 60)}, {place}seed {header.seed}"


def _strange(node: Any, path: str, record: Any) -> str:
    """Why a record is not of the tree's node at its path; "" if it may be."""
    if node is None:
        return f"it has a node {quoted(path)}, and this tree has none"
    s = getattr(record, "s", node.success)
    if node.status is Status.FINISHED and s != node.success:
        return f"in it node {path} has the success {quoted(s)}, and in this tree {quoted(node.success)}"
    return ""
