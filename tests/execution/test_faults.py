"""A fault at every moment of a tree of three generations: always a whole tree, and nothing is left behind.

Each kind of fault is injected at each of its moments, one by one: the first run counts the moments.
"""

from __future__ import annotations

import os
import signal
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import MAX_VALUE_DEPTH, MAX_VALUE_ITEMS, MAX_VALUE_SIZE, Ended, Sandbox
from rao_lab.execution.tree_run import TreeRun
from rao_lab.prompts import dialect
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import LIMIT_STATUSES, Event, Status, Tree, TreeHeader, validate
from rao_lab.tree.codec import tree_from_json, tree_to_json
from rao_lab.tree.fold import fold
from tests.support.faulty import Clock, FaultyLines, FaultySandbox, FaultyShelf, refuse
from tests.support.sandboxes import children
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


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    before = children()
    with Sandbox(seconds=20.0) as opened:
        yield opened
    assert children() == before


def grow(
    sandbox: Any, policy: Lines, shelf: Shelf | None = None, clock: Clock | None = None, **limits: Any
) -> Grown:
    """A tree that keeps every promise whatever happened in it."""
    clock = clock or Clock()
    events: list[Event] = []
    executor = Watched(
        shelf or Shelf(), policy, dialect("terse"), replace(LIMITS, **limits), sandbox=sandbox,
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
        # Decision 3: not scored where something was lost, 0 by rule at a limit or when cancelled.
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


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc, which this system lacks")
def test_workers_are_killed_at_each_launch_and_call() -> None:
    """Real ones: in the middle of a call its node is lost; beside a launch no worker is held."""
    before = children()

    def kill() -> None:
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)

    with Sandbox() as own:
        lost = 0
        for at in range(12):
            tree = grow(own, Lines(STORY), FaultyShelf(kill, at)).tree
            lost += sum(node.status is Status.ERROR for node in tree.nodes)
            assert tree.root.status in (Status.FINISHED, Status.ERROR)
    assert lost == 7  # the calls of `put`; the five launches go on in another worker
    assert children() == before


def test_what_a_cancelled_node_had_done_is_kept(sandbox: Sandbox) -> None:
    texts = {
        "0": ["a = launch_subagent('a')\nb = launch_subagent('b')\nfinish(await a)"],
        "0.0": ["put(1)", "finish('ok')"],
        "0.1": ["print('seen')\nput(5)\nr = await launch_subagent('c')"],
        "0.1.0": ["put(1)", "put(1)", "put(1)"],
    }
    tree = grow(sandbox, Lines(texts)).tree
    (turn,) = tree.node("0.1").turns
    assert [(call.name, call.args) for call in turn.calls] == [("put", (5,)), ("launch_subagent", ("c",))]
    assert turn.output == "seen\n"
    assert turn.error == "stopped while it awaited sub-agents: was cancelled"


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
    executor = Executor(shelf, policy, dialect("terse"), LIMITS, sandbox=sandbox, on_event=listener)
    with pytest.raises(Bug):
        executor.run([TreeHeader(TASK)])
    assert set(policy._running) == set()
    assert grow(sandbox, Lines(STORY)).tree.root.status is Status.FINISHED  # the sandbox still serves


# Budgets over launches


def test_turns_are_reserved_shared_and_given_back(sandbox: Sandbox) -> None:
    """9 turns: 4 for the root, 4 for a, 1 left for b; a gives 3 back, which c gets."""
    code = (
        "import asyncio\n"
        "r = await asyncio.gather(launch_subagent('a', turns=4), launch_subagent('b', turns=4))\n"
        "s = await launch_subagent('c', turns=4)\n"
        "finish([r, s])"
    )
    texts = {"0": [code], "0.0": ["finish(1)"], "0.1": ["put(1)"], "0.2": ["put(1)", "put(1)", "finish(2)"]}
    policy = Lines(texts)
    executor = Watched(
        Shelf(), policy, dialect("terse"), Limits(max_turns=4, max_tree_turns=9), sandbox=sandbox
    )
    (tree,) = executor.run([TreeHeader(TASK)])
    assert tree.root.value == [[1, {"failed": "the tree's shared budget is used up"}], 2]
    assert statuses(tree) == {"0": "finished", "0.0": "finished", "0.1": "tree_limit", "0.2": "finished"}
    assert [executor.opened._budget.turns(path) for path in ("0", "0.0", "0.1", "0.2")] == [4, 4, 1, 3]
    assert executor.opened._budget.turns_left == 9 - 6


def test_without_any_turn_left_a_launch_is_refused(sandbox: Sandbox) -> None:
    code = "finish(await launch_subagent('a'))"
    tree = Executor(
        Shelf(),
        Lines({"0": [code]}),
        dialect("terse"),
        Limits(max_turns=4, max_tree_turns=4),
        sandbox=sandbox,
    ).run([TreeHeader(TASK)])[0]
    assert tree.root.refusals == {"tree_turns": 1}
    assert "all 4 turns of this task" in tree.root.value["failed"]


@pytest.mark.parametrize("turns", [0, -3])
def test_a_child_without_turns_is_refused(sandbox: Sandbox, turns: int) -> None:
    tree = grow(sandbox, Lines({"0": [f"finish(await launch_subagent('a', turns={turns}))"]})).tree
    assert tree.root.refusals == {"bad_turns": 1} and len(tree) == 1


# Awaits


def test_a_handle_awaited_twice_is_one_child(sandbox: Sandbox) -> None:
    code = "h = launch_subagent('a')\nx = await h\ny = await h\nfinish([x, y])"
    tree = grow(sandbox, Lines({"0": [code], "0.0": ["finish(4)"]})).tree
    assert tree.root.value == [4, 4] and len(tree) == 2
    assert [call.child for call in tree.root.turns[0].calls] == ["0.0"]


def test_of_children_that_end_in_one_tick_all_count_before_their_parent_goes_on(sandbox: Sandbox) -> None:
    """b ends in the tick in which its parent's code ends without it: it finished, and is not cancelled."""
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nfinish(await a)"
    texts = {"0": [code], "0.0": ["finish(1)"], "0.1": ["finish(2)"]}
    tree = grow(sandbox, Lines(texts)).tree
    assert statuses(tree) == {"0": "finished", "0.0": "finished", "0.1": "finished"}
    assert tree.node("0.0").ended_tick == tree.node("0.1").ended_tick == tree.root.ended_tick


def test_a_child_that_goes_on_in_the_tick_in_which_its_parents_turn_ends_is_cancelled(
    sandbox: Sandbox,
) -> None:
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nx = await a"
    texts = {"0": [code, "finish('ok')"], "0.0": ["finish(1)"], "0.1": ["put(7)", "finish(2)"]}
    policy = Lines(texts)
    tree = grow(sandbox, policy).tree
    assert statuses(tree) == {"0": "finished", "0.0": "finished", "0.1": "cancelled"}
    assert len(tree.node("0.1").turns) == 2 and tree.node("0.1").turns[1].sampled_tick is None
    assert [(request.key[1], request.turn) for request in policy.requests] == [
        ("0", 1), ("0.0", 1), ("0.1", 1), ("0", 2),
    ]  # fmt: skip


def test_a_grandchild_is_cancelled_with_its_parent_and_gives_its_turns_back(sandbox: Sandbox) -> None:
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nx = await a\nfinish('ok')"
    texts = {
        "0": [code],
        "0.0": ["put(1)", "put(1)", "finish(1)"],
        "0.1": ["await launch_subagent('c')"],
        "0.1.0": ["await launch_subagent('d')"],
        "0.1.0.0": ["put(1)"],
    }
    tree = grow(sandbox, Lines(texts), max_turns=8).tree
    assert [str(tree.node(path).status) for path in ("0.1", "0.1.0", "0.1.0.0")] == ["cancelled"] * 3


# Values: from a child to its parent, out of the tree, into the run file and back


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


LONGEST = MAX_VALUE_SIZE - 3 * 8
"""Characters of the longest text that passes: what holds the arguments counts too."""
MOST = MAX_VALUE_ITEMS - 4
DEEPEST = MAX_VALUE_DEPTH - 2
VALUES: dict[str, tuple[str, Any]] = {
    source: (f"v = {source}", eval(source))  # noqa: S307 - the literals just below
    for source in (
        "None", "True", "0", "-7", "2 ** 13999", "1.5", "-0.0", "1e308 * 10", "''", "'αβ\\x00\\u202e'",
        "b'\\x00\\xff'", "[]", "()", "{}", "set()", "frozenset()", "(1, (2.0, '3'), [4])",
        "{1, 'a', (2, b'b')}", "frozenset([1, 2])", "{(1, 2): 'x', None: 1, 1.5: b'k', True: []}",
        "[{'a': {'b': [1, {'c': (None,)}]}}]", "{'$': 'tuple', 'v': [1]}", "{'failed': 'not really'}",
    )
}  # fmt: skip
VALUES |= {
    "nan": ("v = 1e308 * 10 - 1e308 * 10", float("nan")),
    # The parent's turn has passed the arguments of its launch as well.
    "longest text": (f"v = 'x' * {LONGEST - 25}", "x" * (LONGEST - 25)),
    "longest bytes": (f"v = b'\\x01' * {LONGEST - 25}", b"\x01" * (LONGEST - 25)),
    "most items": (f"v = list(range({MOST}))", list(range(MOST))),
    "deepest": (f"v = []\nfor _ in range({DEEPEST - 1}):\n    v = [v]", nested(DEEPEST)),
}


class ByTree(Lines):
    """The child of each tree has a text of its own."""

    def __init__(self, root: str, children: list[str]) -> None:
        super().__init__({"0": [root]})
        self.children = children

    def _reply(self, request: TurnRequest) -> TurnReply:
        index, path = request.key
        if path == "0":
            return super()._reply(request)
        return TurnReply(request.key, self.children[index], prompt_ids=array("i"))


def same(left: Any, right: Any) -> bool:
    """Equal in every type and bit, NaN included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(a, b) and same(left[a], right[b]) for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, float):
        return left.hex() == right.hex()
    return bool(left == right)


def test_values_of_every_kind_reach_the_parent_and_the_run_file_and_come_back(tmp_path: Path) -> None:
    code = "v = await launch_subagent('a')\nfinish(v)"
    policy = ByTree(code, [f"{source}\nfinish(v)" for source, _ in VALUES.values()])
    headers = [TreeHeader(TASK, step=1, group=group) for group in range(len(VALUES))]
    with Sandbox(seconds=60.0) as own, RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        executor = Executor(
            Shelf(), policy, dialect("terse"), LIMITS, sandbox=own,
            on_event=lambda index, event: writer.event(index, headers[index], event),
        )  # fmt: skip
        trees = executor.run(headers)
        for tree in trees:
            writer.tree_done(tree)
        writer.end_step(1)
    stored = [group.trees[0] for group in open_run(tmp_path / "a.rao").groups(1)]
    for (name, (_, value)), made, kept in zip(VALUES.items(), trees, stored, strict=True):
        for tree in (made, kept):
            launch = tree.root.turns[0].calls[0]
            values = (tree.node("0.0").value, launch.result, tree.root.value)
            assert all(same(found, value) for found in values), name


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (f"v = 'x' * {LONGEST + 1}", "too large"),
        (f"v = list(range({MOST + 1}))", "too large"),
        (f"v = []\nfor _ in range({DEEPEST}):\n    v = [v]", "nested too deep"),
        ("v = 2 ** 14000", "bits"),
        ("v = len", "pass None, bool"),
    ],
)
def test_one_more_is_refused_and_the_node_goes_on(sandbox: Sandbox, made: str, words: str) -> None:
    texts = {"0": ["finish(await launch_subagent('a'))"], "0.0": [f"{made}\nfinish(v)", "finish('less')"]}
    tree = grow(sandbox, Lines(texts)).tree
    assert words in (tree.node("0.0").turns[0].error or "")
    assert tree.root.value == "less"
