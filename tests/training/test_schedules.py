"""Random programs on random schedules: whatever nodes write and whenever they end, the tree keeps its word."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import LIMIT_STATUSES, Event, Node, Status, Tree, TreeHeader, validate
from rao_lab.tree.codec import event_from_json, event_to_json, tree_from_json, tree_to_json
from rao_lab.tree.fold import fold
from rao_lab.tree.values import dumps, loads
from tests.support.worlds import TASK, Lines, Shelf


@dataclass(frozen=True)
class Script:
    """What nodes write: the turns of a node are picked by its path."""

    programs: tuple[tuple[str, ...], ...]
    """Each a node's turns."""
    delays: tuple[int, ...]
    """Decode steps of turns, taken in turn."""
    limits: Limits
    trees: int


LAUNCHES = st.one_of(
    st.integers(1, 3).map(lambda n: f"hs += [launch_subagent('x') for _ in range({n})]"),
    st.integers(-1, 3).map(lambda n: f"hs.append(launch_subagent('y', turns={n}))"),
    st.just("hs += [launch_subagent('x'), launch_subagent('z')]"),
    st.sampled_from(["hs.append(launch_subagent('forbidden'))", "hs.append(launch_subagent(7))"]),
)
AWAITS = st.one_of(
    st.just("r = await asyncio.gather(*hs)"),
    st.just("r = await hs[-1]"),
    st.just("r = await asyncio.gather(hs[0], hs[-1])"),
    st.just("r = [await h for h in hs]"),
)
PLAIN = st.one_of(
    st.integers(0, 5).map(lambda n: f"put({n})"),
    st.sampled_from(["print(random.random(), r)", "put(-1)", "r = 1 / 0", "launch_subagent('x')"]),
)
ENDS = st.sampled_from(
    ["finish(r)", "finish('ok')", "finish('unknown')", "finish((1, {2}, [b'x', None]))", "finish(1.5)", ""]
)


def program(*parts: list[str] | str) -> str:
    lines = [line for part in parts for line in ([part] if isinstance(part, str) else part)]
    return PREAMBLE + "\n".join(lines)


PREAMBLE = "import asyncio, random\nhs = []\nr = 0\n"
some = st.lists(PLAIN, max_size=2)
launches = st.lists(LAUNCHES, min_size=1, max_size=3)
turns = st.one_of(
    st.builds(program, some, launches, AWAITS, some, ENDS),
    st.builds(program, launches, AWAITS, ENDS),
    st.builds(program, launches, some, AWAITS, launches, AWAITS, ENDS),
    st.builds(program, launches, AWAITS, launches, ENDS),
    st.builds(program, some, ENDS),
    st.sampled_from(["", ")("]),
)
scripts = st.builds(
    Script,
    programs=st.lists(
        st.lists(turns, min_size=1, max_size=3).map(tuple), min_size=3, max_size=6
    ).map(tuple),
    delays=st.lists(st.integers(1, 7), min_size=1, max_size=8).map(tuple),
    limits=st.builds(
        Limits,
        # Mostly roomy: tight limits are met often enough below a roomy root.
        max_depth=st.sampled_from([4, 3, 2, 3, 4, 0]),
        max_turns=st.sampled_from([4, 3, 2, 3, 4, 1]),
        max_children=st.sampled_from([6, 4, 2, 6, 4, 0]),
        max_nodes=st.sampled_from([24, 12, 8, 24, 12, 1]),
        max_tree_turns=st.sampled_from([60, 30, 12, 60, 30, 2]),
    ),
    trees=st.integers(1, 3),
)  # fmt: skip


@dataclass
class Scripted(Lines):
    """Says a script's lines. With `restless`, it and the wall clock dawdle at random."""

    script: Script
    restless: random.Random | None = None
    requests: list[TurnRequest] = field(default_factory=list)
    forgotten: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._running: dict[Any, tuple[TurnRequest, int]] = {}

    def submit(self, request: TurnRequest) -> None:
        self.requests.append(request)
        delays = self.script.delays
        self._running[request.key] = (request, delays[_pick(request.key, request.turn) % len(delays)])

    def tick(self) -> Sequence[TurnReply]:
        dawdle(self.restless)
        return super().tick()

    def _reply(self, request: TurnRequest) -> TurnReply:
        programs = self.script.programs
        lines = programs[_pick(request.key, 0) % len(programs)]
        if _pick(request.key, -request.turn) % 19 == 0:
            return TurnReply(request.key, "", stop="error", error="lost by chance")
        return TurnReply(request.key, lines[min(request.turn, len(lines)) - 1])


def _pick(key: tuple[int, str], more: int) -> int:
    return int.from_bytes(blake2b(repr((key, more)).encode(), digest_size=4).digest(), "big")


def dawdle(restless: random.Random | None) -> None:
    if restless is not None and restless.random() < 0.2:
        time.sleep(restless.random() * 0.002)


class Restless:
    """A sandbox that dawdles."""

    def __init__(self, inner: Sandbox, restless: random.Random) -> None:
        self.inner, self.restless, self.workers = inner, restless, inner.workers

    def run(self, *args: Any, **settings: Any) -> Any:
        dawdle(self.restless)
        return self.inner.run(*args, **settings)

    def resume(self, *args: Any, **settings: Any) -> Any:
        dawdle(self.restless)
        return self.inner.resume(*args, **settings)


def grow(sandbox: Any, script: Script, policy: Scripted) -> tuple[list[Tree], list[list[Event]]]:
    """The trees and their events; the clock stands still, so that they hold no times."""
    events: list[list[Event]] = [[] for _ in range(script.trees)]
    executor = Executor(
        Shelf(), policy, find("terse"), script.limits, sandbox=sandbox,
        on_event=lambda index, event: events[index].append(event), clock=lambda: 0.0,
    )  # fmt: skip
    return executor.run([TreeHeader(TASK, seed=5, rollout=index) for index in range(script.trees)]), events


@pytest.fixture(scope="module")
def sandboxes():
    """One worker, and four, with time enough for a busy machine."""
    with Sandbox(1, seconds=30.0) as one, Sandbox(4, seconds=30.0) as four:
        yield one, four


def keeps_its_word(script: Script, tree: Tree, events: list[Event]) -> None:
    validate(tree)
    assert [event.seq for event in events] == list(range(len(events)))
    assert [event.tick for event in events] == sorted(event.tick for event in events)
    assert fold(tree.header, events, tree.not_reproducible) == tree
    assert tree_from_json(loads(dumps(tree_to_json(tree)))) == tree
    assert [event_from_json(loads(dumps(event_to_json(event)))) for event in events] == events
    within_budgets(script.limits, tree)
    for node in tree.nodes:
        ends_as_decided(node, tree)


def within_budgets(limits: Limits, tree: Tree) -> None:
    assert tree.depth <= limits.max_depth and len(tree) <= limits.max_nodes
    assert all(len(node.children) <= limits.max_children for node in tree.nodes)
    assert all(len(node.turns) <= limits.max_turns for node in tree.nodes)
    acted = sum(turn.sampled_tick is not None for node in tree.nodes for turn in node.turns)
    assert acted <= limits.max_tree_turns


def ends_as_decided(node: Node, tree: Tree) -> None:
    assert node.status.ended and node.started_tick <= (node.ended_tick or 0)
    if node.status is Status.ERROR:
        assert (node.success, node.success_source, node.reason) == (None, None, "lost by chance")
    elif node.status is Status.FINISHED:
        unknown = node.value == "unknown"
        proxied = unknown and node.path != "0"
        source = "root_proxy" if proxied and tree.success is not None else None if unknown else "verifier"
        assert node.success_source == source
    else:
        assert node.status in LIMIT_STATUSES or node.status is Status.CANCELLED
        assert (node.success, node.success_source) == (0.0, "rule")
    for child in tree.children(node.path):
        assert node.started_tick <= child.started_tick
        assert (child.ended_tick or 0) <= (node.ended_tick or 0), "children never outlive their parent"
    if node.turns and node.status is Status.TURN_LIMIT:
        assert all(turn.ended is not None for turn in node.turns)
    spawned = [path for turn in node.turns for path in turn.children]
    assert spawned == list(node.children)
    called = [call.child for turn in node.turns for call in turn.calls if call.child is not None]
    assert called == list(node.children)


def check(sandboxes: tuple[Sandbox, Sandbox], script: Script) -> None:
    one, four = sandboxes
    policy = Scripted(script)
    trees, events = grow(one, script, policy)
    for tree, heard in zip(trees, events, strict=True):
        keeps_its_word(script, tree, heard)
    assert sorted(policy.forgotten) == sorted(
        (index, node.path) for index, tree in enumerate(trees) for node in tree.nodes
    )
    restless = random.Random(1)
    again, heard_again = grow(Restless(four, restless), script, Scripted(script, restless))
    assert heard_again == events and again == trees


@settings(suppress_health_check=list(HealthCheck))
@given(script=scripts)
def test_random_programs(sandboxes: tuple[Sandbox, Sandbox], script: Script) -> None:
    check(sandboxes, script)


@pytest.mark.slow
@settings(max_examples=1000, suppress_health_check=list(HealthCheck))
@given(script=scripts)
def test_very_many_random_programs(sandboxes: tuple[Sandbox, Sandbox], script: Script) -> None:
    check(sandboxes, script)
