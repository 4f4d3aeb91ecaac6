"""A fault at every moment of a tree of three generations: always a whole tree, and nothing is left behind.

Each kind of fault is injected at each of its moments, one by one: the first run counts the moments.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from rao_lab.errors import CallbackError
from rao_lab.execution.executor import Executor
from rao_lab.execution.sandbox import Ended, Sandbox
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply
from rao_lab.tree import Status, Tree, TreeHeader
from tests.support.faulty import Clock, FaultyLines, FaultySandbox, FaultyShelf, refuse
from tests.support.promises import LIMITS, STORY, grow, statuses
from tests.support.sandboxes import children, needs_proc
from tests.support.worlds import TASK, Lines


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    before = children()
    with Sandbox(seconds=20.0) as opened:
        yield opened
    assert children() <= before


def test_the_story_itself(sandbox: Sandbox) -> None:
    tree = grow(sandbox, Lines(STORY)).tree
    assert set(statuses(tree).values()) == {"finished"} and len(tree) == 6
    assert tree.node("0.0").value == ["ok", {"n": 1}] and tree.node("0.1").value == (1, 2)
    assert tree.not_reproducible == ""


SANDBOX_FAULTS = {
    "lost": (Ended(None, error="the sandbox was lost: injected", lost=True), Status.ERROR),
    "seconds": (Ended(None, error="stopped: the code computed for too long", stopped="seconds"), None),
    "memory": (Ended(None, error="MemoryError: injected", stopped="memory"), None),
    "error": (Ended(None, error="ValueError: injected"), None),
}


@pytest.mark.parametrize("kind", SANDBOX_FAULTS)
def test_the_sandbox_fails_at_each_of_its_uses(sandbox: Sandbox, kind: str) -> None:
    ended, expected = SANDBOX_FAULTS[kind]
    counted = FaultySandbox(sandbox, ended)
    grow(counted, Lines(STORY))
    assert counted.uses == 14
    for at in range(counted.uses):
        tree = grow(FaultySandbox(sandbox, ended, at), Lines(STORY)).tree
        met = [node for node in tree.nodes if any(turn.error == ended.error for turn in node.turns)]
        assert len(met) == 1
        assert (met[0].status is Status.ERROR) == (expected is Status.ERROR)
        assert bool(tree.not_reproducible) == (kind in ("lost", "seconds"))
        assert met[0].refusals.get(ended.stopped, 0) == (kind in ("seconds", "memory"))


REPLY_FAULTS: dict[str, Callable[[TurnReply], TurnReply]] = {
    "error": lambda reply: replace(reply, text="", stop="error", error="injected"),
    "context": lambda reply: replace(reply, text="", stop="context"),
    "length": lambda reply: replace(reply, text="   ", stop="length"),
    "nonsense": lambda reply: replace(reply, text=")("),
}


@pytest.mark.parametrize("kind", REPLY_FAULTS)
def test_the_policy_fails_at_each_of_its_replies(sandbox: Sandbox, kind: str) -> None:
    counted = FaultyLines(STORY, REPLY_FAULTS[kind])
    grow(sandbox, counted)
    assert counted.uses == 9
    for at in range(counted.uses):
        tree = grow(sandbox, FaultyLines(STORY, REPLY_FAULTS[kind], at)).tree
        found = set(statuses(tree).values())
        if kind == "error":
            (lost,) = [node for node in tree.nodes if node.status is Status.ERROR]
            assert lost.reason == "injected"
            assert tree.not_reproducible == f"the policy was lost at node {lost.path}"
        elif kind == "context":
            assert "context_limit" in found and not tree.not_reproducible
        else:
            assert "error" not in found and not tree.not_reproducible


def test_the_world_refuses_at_each_launch_and_call(sandbox: Sandbox) -> None:
    counted = FaultyShelf(refuse)
    grow(sandbox, Lines(STORY), counted)
    assert counted.uses == 12
    for at in range(counted.uses):
        tree = grow(sandbox, Lines(STORY), FaultyShelf(refuse, at)).tree
        assert sum(node.refusals.get("injected", 0) for node in tree.nodes) == 1
        assert tree.root.status is Status.FINISHED and not tree.not_reproducible


def test_the_time_of_a_tree_runs_out_at_each_tick(sandbox: Sandbox) -> None:
    counted = Clock()
    grow(sandbox, Lines(STORY), clock=counted)
    assert counted.uses == 6
    for at in range(counted.uses):
        tree = grow(sandbox, Lines(STORY), clock=Clock(at)).tree
        if at < counted.uses - 1:
            assert tree.root.status is Status.TIMEOUT
            assert tree.not_reproducible == "the limit of 3600 s per tree fired"
        else:
            assert tree.root.status is Status.FINISHED  # it ended in the tick in which time ran out


def calls(tree: Tree) -> list[Any]:
    return [(node.path, node.value, [turn.calls for turn in node.turns]) for node in tree.nodes]


@needs_proc
def test_workers_are_killed_at_each_launch_and_call() -> None:
    """Real ones: another worker takes over, nothing is done twice, and the tree is the same."""
    before = children()

    def kill() -> None:
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)

    with Sandbox() as own:
        shelf = FaultyShelf(lambda: None)
        whole = grow(own, Lines(STORY), shelf).tree
        for at in range(shelf.uses):
            tree = grow(own, Lines(STORY), FaultyShelf(kill, at)).tree
            assert (statuses(tree), calls(tree)) == (statuses(whole), calls(whole))
            assert not tree.not_reproducible
    assert shelf.uses == 12
    assert children() <= before


@pytest.mark.parametrize("part", ["policy", "world", "listener"])
def test_a_bug_in_a_part_is_raised_and_leaves_nothing_behind(sandbox: Sandbox, part: str) -> None:
    class Bug(Exception):
        pass

    def fail(*_: Any) -> Any:
        raise Bug

    policy = FaultyLines(STORY, fail if part == "policy" else lambda reply: reply, at=4)
    shelf = FaultyShelf(fail if part == "world" else lambda: None, at=4)
    heard = iter(range(1000))
    listener = (lambda index, event: next(heard) > 10 and fail()) if part == "listener" else None
    executor = Executor(shelf, policy, find("terse"), LIMITS, sandbox=sandbox, on_event=listener)
    named = part in ("policy", "world")  # the error names what was called
    with pytest.raises(CallbackError if named else Bug) as raised:
        executor.run([TreeHeader(TASK)])
    assert isinstance(raised.value.__cause__ if named else raised.value, Bug)
    assert set(policy._running) == set()
    assert grow(sandbox, Lines(STORY)).tree.root.status is Status.FINISHED  # the sandbox still serves
