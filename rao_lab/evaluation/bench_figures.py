"""The figures of one variant of a prompt bench: success, the shape of its trees, what they cost, what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from rao_lab.evaluation.clustered import Estimate, share
from rao_lab.tree import LIMIT_STATUSES, Denominator, Node, Tree

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of the trees of one prompt. Means and shares are None if there was nothing to count."""

    name: str
    success: Estimate | None
    """Mean over tasks of the mean over repeats, with its interval over tasks; scored trees only."""
    scored: Denominator
    nodes: float | None
    """Mean a tree, as are the next ones."""
    depth: float | None
    turns: float | None
    children: float | None
    """Mean children of a node that launched any."""
    delegating_trees: float | None
    """Share of trees whose root launched a child."""
    delegating_nodes: float | None
    """Share of nodes that launched a child."""
    tokens_in: float | None
    """None if nobody counted, as with the scripted policy."""
    tokens_out: float | None
    cost: float | None
    """USD a tree, by the policy's prices; None without prices."""
    seconds: float | None
    """From a tree's start to its end, other trees running beside it."""
    unparsed: float | None
    """Share of turns whose reply held no action."""
    failed_turns: float | None
    """Share of turns whose code failed."""
    limited: float | None
    """Share of nodes that ended at a limit."""
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Refused launches and calls by kind, all trees together, the most frequent first."""

    def to_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__slots__}
        scored = {
            "total": self.scored.total,
            "scored": self.scored.scored,
            "why_not": dict(self.scored.why_not),
        }
        return {
            **plain,
            "success": None if self.success is None else self.success.to_dict(),
            "scored": scored,
            "refusals": dict(self.refusals),
        }


def figures(
    name: str, by_task: Sequence[Sequence[Tree]], prices: Mapping[str, float] | None = None
) -> Figures:
    """Sums up the trees of one variant, task by task."""
    trees = [tree for each in by_task for tree in each]
    nodes = [node for tree in trees for node in tree.nodes]
    turns = [turn for node in nodes for turn in node.turns]
    launching = [node for node in nodes if node.children]
    told = [*trees] if any(turn.tokens_in or turn.tokens_out for turn in turns) else []
    refused: Counter[str] = Counter()
    for node in nodes:
        refused.update(node.refusals)
    return Figures(
        name,
        success=share([[tree.success for tree in each if tree.success is not None] for each in by_task]),
        scored=Denominator.of(trees),
        nodes=_mean([len(tree) for tree in trees]),
        depth=_mean([tree.depth for tree in trees]),
        turns=_mean([sum(len(node.turns) for node in tree.nodes) for tree in trees]),
        children=_mean([len(node.children) for node in launching]),
        delegating_trees=_mean([bool(tree.nodes and tree.root.children) for tree in trees]),
        delegating_nodes=_mean([bool(node.children) for node in nodes]),
        tokens_in=_mean([_read(tree.nodes) for tree in told]),
        tokens_out=_mean([_wrote(tree.nodes) for tree in told]),
        cost=None
        if not prices
        else _mean([cost(_read(tree.nodes), _wrote(tree.nodes), prices) for tree in trees]),
        seconds=_mean([tree.ended for tree in trees if tree.ended is not None]),
        unparsed=_mean([not turn.code for turn in turns if turn.stop != "error"]),
        failed_turns=_mean([bool(turn.code and turn.error) for turn in turns]),
        limited=_mean([node.status in LIMIT_STATUSES for node in nodes]),
        refusals=dict(sorted(refused.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def cost(read: int, wrote: int, prices: Mapping[str, float]) -> float:
    """USD of so many tokens, by prices in USD a million."""
    return (read * prices.get("in", 0.0) + wrote * prices.get("out", 0.0)) / MILLION


def _read(nodes: Sequence[Node]) -> int:
    return sum(node.tokens_in for node in nodes)


def _wrote(nodes: Sequence[Node]) -> int:
    return sum(node.tokens_out for node in nodes)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
