"""How many turns and how much context solutions needed, so that a user can tell which budget a task asks for.

Only solved trees count. Tokens are those recorded. A policy without a tokenizer records none; then the text of a
context is counted at `CHARS_PER_TOKEN`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rao_lab.execution.limits import Limits
from rao_lab.policies.scripted import CHARS_PER_TOKEN
from rao_lab.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Needs:
    """Figures over the solved trees of a set of tasks; None if none was solved."""

    solved: int
    median_turns: float | None
    """Of all nodes of a tree together."""
    max_turns: int | None
    median_context: float | None
    """Tokens of the fullest context of any node of a tree."""
    max_context: int | None
    fit: float | None
    """Share of them that keeps to `max_tree_turns`, to `max_turns` at each node, and to `context_window`."""
    estimated: bool
    """Tokens are characters divided by `CHARS_PER_TOKEN`."""

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def needs(trees: Sequence[Tree], limits: Limits) -> Needs:
    """What the solved trees needed, and how many of them keep to the limits."""
    solved = [tree for tree in trees if tree.success == 1.0]
    turns = [sum(len(node.turns) for node in tree.nodes) for tree in solved]
    contexts = [max(context_tokens(node) for node in tree.nodes) for tree in solved]
    fit = [
        total <= limits.max_tree_turns
        and context <= limits.context_window
        and all(len(node.turns) <= limits.max_turns for node in tree.nodes)
        for tree, total, context in zip(solved, turns, contexts)
    ]
    return Needs(
        solved=len(solved),
        median_turns=median(turns) if turns else None,
        max_turns=max(turns, default=None),
        median_context=median(contexts) if contexts else None,
        max_context=max(contexts, default=None),
        fit=sum(fit) / len(fit) if fit else None,
        estimated=not any(node.window for tree in trees for node in tree.nodes),
    )


def context_tokens(node: Node) -> int:
    """Tokens of a node's fullest context; counted on its text if no tokens were recorded."""
    if node.window:
        return node.peak_context
    said = sum(len(message.content) for turn in node.turns for message in turn.messages)
    return -(-(said + sum(len(turn.text) for turn in node.turns)) // CHARS_PER_TOKEN)


def needs_by_band(trees: Sequence[Tree], limits: Limits, bands: Iterable[str]) -> dict[str, Needs]:
    """`needs` of each difficulty, in the order of `bands`."""
    return {band: needs([tree for tree in trees if tree.task.difficulty == band], limits) for band in bands}


def needs_text(overall: Needs, by_band: Mapping[str, Needs], limits: Limits) -> str:
    """A table of the turns and context of the solutions, and of the share that the limits allow."""
    if overall.fit is None:
        return "budget of the solutions: unknown, since no tree solved its task"
    how = f", at {CHARS_PER_TOKEN} characters a token" if overall.estimated else ""
    lines = [
        f"budget of the solutions (fits: {limits.max_tree_turns} turns a tree, {limits.max_turns} a node, "
        f"{limits.context_window} tokens a context{how})",
        f"  {'':<8} {'solved':>6}  {'turns: median':>13} {'most':>5}  {'context: median':>15} {'most':>7}"
        f"  {'fits':>5}",
    ]
    rows = {"all": overall, **(by_band if len(by_band) > 1 else {})}
    for name, part in rows.items():
        if part.fit is None:
            lines.append(f"  {name:<8} {0:>6}")
            continue
        lines.append(
            f"  {name:<8} {part.solved:>6}  {part.median_turns:>13,.0f} {part.max_turns:>5,}"
            f"  {part.median_context:>15,.0f} {part.max_context:>7,}  {part.fit:>5.0%}"
        )
    return "\n".join(lines)
