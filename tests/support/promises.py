"""A tree of three generations, and what every tree keeps to whatever happened in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.tree_run import TreeRun
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply
from rao_lab.tree import LIMIT_STATUSES, Event, Status, Tree, TreeHeader, validate
from rao_lab.tree.codec import tree_from_json, tree_to_json
from rao_lab.tree.fold import fold
from tests.support.faulty import Clock
from tests.support.worlds import TASK, Lines, Shelf

TWICE = (
    "import asyncio\n"
    "put(1)\n"
    "r = await asyncio.gather(launch_subagent('a'), launch_subagent('b'))\n"
    "put(1)\n"
    "finish('ok')"
)
_STORY = {
    "0": ["put(1)\nx = 2", TWICE, "finish('ok')"],
    "0.0": [
        "put(2)",
        "r = await launch_subagent('c')\nput(1)\ns = await launch_subagent('d')\nfinish([r, s])",
    ],
    "0.0.0": ["put(3)\nfinish('ok')"],
    "0.0.1": ["finish({'n': 1})"],
    "0.1": ["r = await launch_subagent('e')\nfinish(r)"],
    "0.1.0": ["put(4)", "finish((1, 2))"],
}
STORY: Mapping[str, list[str]] = defaultdict(lambda: ["finish('more')"], _STORY)
"""Nodes that only a fault leads to finish at once."""
LIMITS = Limits(max_turns=4, max_tree_turns=40)


class Watched(Executor):
    """Keeps its running trees, so that a test can look at their budgets."""

    def _open(self, index: int, header: TreeHeader) -> TreeRun:
        self.opened = super()._open(index, header)
        return self.opened


@dataclass
class Grown:
    tree: Tree
    policy: Lines
    turns_left: int
    turns_spent: int


def grow(
    sandbox: Any, policy: Lines, shelf: Shelf | None = None, clock: Clock | None = None, **limits: Any
) -> Grown:
    """A tree that keeps every promise whatever happened in it."""
    clock = clock or Clock()
    events: list[Event] = []
    executor = Watched(
        shelf or Shelf(), policy, find("terse"), replace(LIMITS, **limits), sandbox=sandbox,
        on_event=lambda index, event: events.append(event), clock=clock,
    )  # fmt: skip
    beside_time(policy, clock)
    (tree,) = executor.run([TreeHeader(TASK, seed=3)])
    validate(tree)
    assert fold(tree.header, events, tree.not_reproducible) == tree
    assert tree_from_json(tree_to_json(tree)) == tree
    budget = executor.opened._budget
    grown = Grown(tree, policy, budget.turns_left, budget.turns_spent)
    promises(grown)
    return grown


def beside_time(policy: Lines, clock: Clock) -> None:
    """Time passes while the policy works: what passes in `on_tick` is a pause and counts for nothing."""
    work = policy.tick

    def tick() -> Sequence[TurnReply]:
        clock.tick(clock.uses)
        return work()

    policy.tick = tick  # type: ignore[method-assign]


def promises(grown: Grown) -> None:
    tree = grown.tree
    for node in tree.nodes:
        assert node.status.ended and node.ended_tick is not None
        # Not scored if something was lost, 0 by rule at a limit or when cancelled.
        assert (node.success is None) == (node.status is Status.ERROR), node.path
        if node.status in LIMIT_STATUSES or node.status is Status.CANCELLED:
            assert (node.success, node.success_source) == (0.0, "rule")
        for turn in node.turns:
            assert turn.code == "" or turn.ended is not None, "a turn that acted has an end"
            for call in turn.calls:
                if call.child is not None:
                    told(tree, call.child, call.result, call.error)
    assert {key[1] for key in grown.policy.forgotten} == {node.path for node in tree.nodes}
    assert grown.turns_left + grown.turns_spent == LIMITS.max_tree_turns
    assert grown.turns_spent == sum(turn.sampled_tick is not None for n in tree.nodes for turn in n.turns)


def told(tree: Tree, child: str, result: Any, error: str | None) -> None:
    """A parent reads what its child passed to `finish`, or why there is nothing to read."""
    node = tree.node(child)
    if node.status is Status.FINISHED:
        assert (result, error) == (node.value, None)
    elif node.status is Status.CANCELLED:
        assert (result, error) == (None, "cancelled: your turn ended first")
    else:
        assert isinstance(result, dict) and set(result) == {"failed"} and result["failed"] == error


def statuses(tree: Tree) -> dict[str, str]:
    return {node.path: str(node.status) for node in tree.nodes}
