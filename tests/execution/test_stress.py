"""Loads far beyond everyday use: no deadlock, no leak, bounds that hold, children that are gone."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Status, Tree, TreeHeader, validate
from tests.support.worlds import TASK, Lines, Shelf

ROOMY = Limits(
    max_depth=60, max_turns=8, max_children=600, max_nodes=40_000, max_tree_turns=400_000, repl_seconds=20.0
)


class ByDepth(Lines):
    """One text for each depth; the last one for all deeper nodes."""

    def __init__(self, *texts: str) -> None:
        super().__init__({})
        self.by_depth = texts

    def _reply(self, request: TurnRequest) -> TurnReply:
        return TurnReply(request.key, self.by_depth[min(request.depth, len(self.by_depth) - 1)])


def wide(children: int) -> str:
    return (
        "import asyncio\n"
        f"r = await asyncio.gather(*[launch_subagent('x') for _ in range({children})])\n"
        "finish('ok' if all(x == 'ok' for x in r) else r)"
    )


CHAIN = "r = await launch_subagent('x')\nfinish('ok' if r == 'ok' else r)"
LEAF = "put(1)\nfinish('ok')"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, seconds=20.0, suspensions=2000) as opened:
        yield opened


def grow(sandbox: Sandbox, policy: Lines, trees: int = 1, limits: Limits = ROOMY) -> list[Tree]:
    executor = Executor(Shelf(), policy, find("terse"), limits, sandbox=sandbox)
    return executor.run([TreeHeader(TASK, rollout=index) for index in range(trees)])


def test_a_chain_50_deep(sandbox: Sandbox) -> None:
    (tree,) = grow(sandbox, ByDepth(*[CHAIN] * 50, LEAF))
    validate(tree)
    assert (len(tree), tree.depth, tree.root.value) == (51, 50, "ok")


def test_a_fan_out_of_500(sandbox: Sandbox) -> None:
    (tree,) = grow(sandbox, ByDepth(wide(500), LEAF))
    validate(tree)
    assert (len(tree), tree.root.value) == (501, "ok")
    assert all(node.together for node in tree.children("0"))


@pytest.mark.slow
def test_a_tree_of_30_000_nodes(sandbox: Sandbox) -> None:
    (tree,) = grow(sandbox, ByDepth(wide(300), wide(100), LEAF))
    validate(tree)
    assert len(tree) == 1 + 300 + 300 * 100
    assert tree.success == 1.0


def test_all_bounds_at_once(sandbox: Sandbox) -> None:
    tight = Limits(max_depth=2, max_turns=2, max_children=3, max_nodes=7, max_tree_turns=9)
    (tree,) = grow(sandbox, ByDepth(wide(5)), limits=tight)
    validate(tree)
    assert len(tree) <= 7
    assert tree.depth <= 2
    assert sum(len(node.turns) for node in tree.nodes) <= 9
    assert all(len(node.children) <= 3 for node in tree.nodes)
    assert set().union(*(node.refusals for node in tree.nodes)) & {"depth", "children", "nodes", "tree_turns"}


def test_many_trees_through_one_worker_and_one_generation_slot(sandbox: Sandbox) -> None:
    """A policy that samples one turn a tick cannot deadlock trees that wait for each other's slots."""

    class OneSlot(ByDepth):
        def tick(self) -> list[TurnReply]:
            key = min(self._running)
            request, _ = self._running.pop(key)
            return [self._reply(request)]

    trees = grow(sandbox, OneSlot(wide(4), wide(4), LEAF), trees=6)
    assert [len(tree) for tree in trees] == [21] * 6
    assert {tree.root.status for tree in trees} == {Status.FINISHED}


def children_of_this_process() -> list[int]:
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [int(pid) for path in found for pid in path.read_text().split()]


def resident_kb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS in /proc/self/status")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc, which this system lacks")
def test_no_process_is_left_and_no_more_than_the_workers_run() -> None:
    before = set(children_of_this_process())
    with Sandbox(workers=3) as own:
        grow(own, ByDepth(wide(10), LEAF), trees=12)
        assert len(set(children_of_this_process()) - before) <= 3
    assert set(children_of_this_process()) - before == set()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc, which this system lacks")
def test_memory_after_1000_trees_is_that_after_100(sandbox: Sandbox) -> None:
    policy = ByDepth(wide(4), LEAF)

    def many(trees: int) -> int:
        for _ in range(trees // 10):
            grow(sandbox, policy, trees=10)
            policy.requests.clear()
            policy.forgotten.clear()
        gc.collect()
        return resident_kb()

    after_100 = many(100)
    after_1000 = many(900)
    assert after_1000 <= after_100 * 1.10
