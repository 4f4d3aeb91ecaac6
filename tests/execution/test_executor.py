"""The loop over node states: every way a turn, a launch and a node can end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import dialect
from rao_lab.tree import Event, Finished, Status, Tree, TreeHeader, path_key, validate
from rao_lab.tree.fold import fold
from tests.support.worlds import TASK, Lines, Shelf


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=2) as opened:
        yield opened


def grow(sandbox: Sandbox, texts: dict[str, list[str]], trees: int = 1, **options: Any) -> list[Tree]:
    limits = options.pop("limits", Limits())
    policy = options.pop("policy", None) or Lines(texts, options.pop("delays", None))
    events: list[list[Event]] = [[] for _ in range(trees)]
    executor = Executor(
        Shelf(),
        policy,
        dialect("terse"),
        limits,
        sandbox=sandbox,
        on_event=lambda index, event: events[index].append(event),
        **options,
    )
    headers = [TreeHeader(TASK, seed=7, rollout=index) for index in range(trees)]
    grown = executor.run(headers)
    for tree, heard in zip(grown, events, strict=True):
        validate(tree)
        assert fold(tree.header, heard, tree.not_reproducible) == tree
    return grown


def grow_one(sandbox: Sandbox, texts: dict[str, list[str]], **options: Any) -> Tree:
    return grow(sandbox, texts, **options)[0]


TWO_CHILDREN = (
    "import asyncio\n"
    "r = await asyncio.gather(launch_subagent('a'), launch_subagent('b'))\n"
    "finish('ok' if r == [1, {'x': [2]}] else r)"
)


def test_a_root_that_finishes(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": ["put(2)", "put(3)\nfinish('ok')"]})
    root = tree.root
    assert (root.status, root.value, root.success, root.success_source) == (
        Status.FINISHED,
        "ok",
        1.0,
        "verifier",
    )
    assert [[(c.name, c.args, c.result) for c in turn.calls] for turn in root.turns] == [
        [("put", (2,), 2)],
        [("put", (3,), 5)],
    ]


BIG = "kept = ['a' * 400_000 for _ in range(2)]"


def test_a_tree_holds_no_more_variables_than_it_may(sandbox: Sandbox) -> None:
    """Three agents of 0.8 MiB each where 2 MiB are allowed: the one that goes beyond ends, as data."""
    texts = {
        "0": [BIG + "\n" + TWO_CHILDREN],
        "0.0": [BIG, "finish(1)"],
        "0.1": [BIG, "finish({'x': [2]})"],
    }
    tree = grow_one(sandbox, texts, limits=Limits(max_tree_mb=2), delays={"0.0": 2})
    late = tree.node("0.0")
    assert (late.status, late.success) == (Status.TREE_LIMIT, 0.0)
    assert late.reason == "its agents' variables take more than 2 MiB together"
    assert tree.node("0.1").status is Status.FINISHED
    reason = "the tree's shared budget is used up: " + late.reason
    assert tree.root.value == [{"failed": reason}, {"x": [2]}]


def test_a_node_that_may_not_be_put_away_at_an_await_starts_nothing(sandbox: Sandbox) -> None:
    texts = {"0": [BIG + "\n" + BIG.replace("kept", "more") + "\n" + TWO_CHILDREN]}
    tree = grow_one(sandbox, texts, limits=Limits(max_tree_mb=1))
    assert (len(tree), tree.root.status) == (1, Status.TREE_LIMIT)
    (turn,) = tree.root.turns
    assert [call.name for call in turn.calls] == ["launch_subagent"] * 2
    assert "was not started" in (turn.calls[0].error or "")


def test_what_ended_nodes_held_is_free_again(sandbox: Sandbox) -> None:
    once = "r = await launch_subagent('a')\n"
    texts = {"0": [once * 6 + "finish('ok')"]}
    texts |= {f"0.{index}": [BIG, BIG, "finish(1)"] for index in range(6)}
    tree = grow_one(sandbox, texts, limits=Limits(max_tree_mb=2))
    assert (len(tree), tree.root.value) == (7, "ok")


def test_variables_live_over_turns(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": ["kept = 41", "finish(kept + 1)"]})
    assert tree.root.value == 42


def test_children_launched_together_return_typed_values_in_launch_order(sandbox: Sandbox) -> None:
    texts = {"0": [TWO_CHILDREN], "0.0": ["finish(1)"], "0.1": ["finish({'x': [2]})"]}
    tree = grow_one(sandbox, texts, delays={"0.0": 5})
    assert tree.root.value == "ok"
    first, second = tree.children("0")
    assert (first.together, second.together) == (True, True)
    assert (first.parent_turn, second.parent_turn, first.launch_batch) == (1, 1, second.launch_batch)
    assert [call.child for call in tree.root.turns[0].calls] == ["0.0", "0.1"]
    assert first.ended_tick is not None and second.ended_tick is not None
    assert second.ended_tick < first.ended_tick


def test_launches_one_after_another_are_not_together(sandbox: Sandbox) -> None:
    code = "a = await launch_subagent('a')\nb = await launch_subagent('b')\nfinish([a, b])"
    tree = grow_one(sandbox, {"0": [code], "0.0": ["finish(1)"], "0.1": ["finish(2)"]})
    assert tree.root.value == [1, 2]
    assert [node.together for node in tree.children("0")] == [False, False]
    assert tree.node("0.1").started_tick >= (tree.node("0.0").ended_tick or 0)


def test_a_failed_child_is_data_for_its_parent(sandbox: Sandbox) -> None:
    texts = {"0": ["r = await launch_subagent('a', turns=1)\nfinish(r)"], "0.0": ["put(1)"]}
    tree = grow_one(sandbox, texts)
    assert tree.node("0.0").status is Status.TURN_LIMIT
    assert (tree.node("0.0").success, tree.node("0.0").success_source) == (0.0, "rule")
    assert tree.root.value == {"failed": "ran out of turns"}


def test_refused_launches_are_answered_counted_and_no_nodes(sandbox: Sandbox) -> None:
    code = (
        "import asyncio\n"
        "r = await asyncio.gather(launch_subagent('forbidden'), launch_subagent('a'))\n"
        "finish(r)"
    )
    tree = grow_one(sandbox, {"0": [code], "0.0": ["finish(5)"]})
    assert tree.root.value == [{"failed": "this goal is not allowed"}, 5]
    assert tree.root.refusals == {"forbidden": 1}
    assert len(tree) == 2
    assert not tree.node("0.0").together


def test_a_refused_call_reaches_the_code_as_an_exception(sandbox: Sandbox) -> None:
    code = "try:\n    put(-1)\nexcept Exception as e:\n    finish(str(e))"
    tree = grow_one(sandbox, {"0": [code]})
    assert "give a number of 0 or more" in tree.root.value
    assert tree.root.refusals == {"negative": 1}


def test_a_launch_never_awaited_spawns_nothing(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": ["launch_subagent('a')", "finish('ok')"]})
    assert len(tree) == 1
    assert tree.root.refusals == {"not_awaited": 1}
    assert "await" in (tree.root.turns[0].calls[0].error or "")


def test_a_launch_that_failing_code_did_not_come_to_await_is_not_called_forgotten(sandbox: Sandbox) -> None:
    code = "h = launch_subagent('a')\nput(-1)\nr = await h"
    tree = grow_one(sandbox, {"0": [code, "finish('ok')"]})
    assert (len(tree), tree.root.refusals) == (1, {"negative": 1, "not_started": 1})
    assert "your code stopped before it was awaited" in (tree.root.turns[0].calls[1].error or "")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("suspensions", "for _ in range(300):\n    put(1)"),
        ("output", "while True:\n    print('x' * 1000)"),
        ("memory", "x = ['a' * 1_000_000 for _ in range(100)]"),
        ("values", "x = 1" + " " * 100_000),
    ],
    ids=["suspensions", "output", "memory", "values"],
)
def test_code_that_is_stopped_at_a_limit_is_told_and_counted(sandbox: Sandbox, kind: str, code: str) -> None:
    policy = Lines({"0": [code, "finish('ok')"]})
    tree = grow_one(sandbox, {}, policy=policy)
    assert (tree.root.value, tree.root.refusals) == ("ok", {kind: 1})
    assert tree.root.turns[0].error


def test_children_that_end_one_by_one_cost_their_parent_no_calls() -> None:
    """15 launches, the names looked up and one await are what 20 suspensions allow, whenever they end."""
    code = "import asyncio\nr = await asyncio.gather(*[launch_subagent('x') for _ in range(15)])\nfinish(r)"
    texts = {"0": [code], **{f"0.{index}": [f"finish({index})"] for index in range(15)}}
    with Sandbox(suspensions=20) as own:
        tree = grow_one(
            own, texts, limits=Limits(max_children=15), delays={f"0.{i}": i + 1 for i in range(15)}
        )
    assert (tree.root.value, tree.root.refusals) == (list(range(15)), {})
    assert len({node.ended_tick for node in tree.nodes[1:]}) == 15


def test_parents_that_wake_in_one_tick_are_sorted_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """150 parents of one child each: the work grows with them, not with their square."""
    looked_at = 0

    def counted(path: str) -> tuple[int, ...]:
        nonlocal looked_at
        looked_at += 1
        return path_key(path)

    monkeypatch.setattr("rao_lab.execution.tree_run.path_key", counted)
    wide = (
        "import asyncio\nr = await asyncio.gather(*[launch_subagent('x') for _ in range(150)])\nfinish('ok')"
    )
    texts = defaultdict(lambda: ["finish(1)"], {"0": [wide]})
    texts |= {f"0.{index}": ["finish(await launch_subagent('y'))"] for index in range(150)}
    tree = grow_one(sandbox, texts, limits=Limits(max_children=150, max_nodes=400, max_tree_turns=9000))
    assert (len(tree), tree.root.value) == (301, "ok")
    assert looked_at < 6 * len(tree)


def test_children_still_running_when_their_parent_ends_are_cancelled(sandbox: Sandbox) -> None:
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nr = await a\nfinish(r)"
    texts = {
        "0": [code],
        "0.0": ["finish('ok')"],
        "0.1": ["r = await launch_subagent('c')"],
        "0.1.0": ["put(1)"],
    }
    tree = grow_one(sandbox, texts, delays={"0.0": 6})
    assert tree.root.value == "ok"
    for path in ("0.1", "0.1.0"):
        node = tree.node(path)
        assert (node.status, node.success, node.success_source) == (Status.CANCELLED, 0.0, "rule")


def test_turn_limit_counts_turns_without_any_parsable_code(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": ["", ""]}, limits=Limits(max_turns=2))
    assert tree.root.status is Status.TURN_LIMIT
    assert len(tree.root.turns) == 2
    assert all(turn.error for turn in tree.root.turns)


def test_depth_limit_refuses(sandbox: Sandbox) -> None:
    deeper = ["r = await launch_subagent('x')\nfinish(r)"]
    texts = {"0": deeper, "0.0": deeper, "0.0.0": deeper}
    tree = grow_one(sandbox, texts, limits=Limits(max_depth=2))
    assert len(tree) == 3
    assert tree.node("0.0.0").refusals == {"depth": 1}


def test_node_budget_is_shared_by_the_tree(sandbox: Sandbox) -> None:
    wide = "import asyncio\nr = await asyncio.gather(*[launch_subagent('x') for _ in range(4)])\nfinish(r)"
    texts = {"0": [wide], **{f"0.{i}": ["finish(1)"] for i in range(4)}}
    tree = grow_one(sandbox, texts, limits=Limits(max_nodes=3))
    assert len(tree) == 3
    assert tree.root.refusals == {"nodes": 2}


def test_a_lost_policy_leaves_an_unscored_node_and_the_tree_goes_on(sandbox: Sandbox) -> None:
    texts = {"0": ["r = await launch_subagent('a')\nfinish(r)"], "0.0": ["x"]}
    tree = grow_one(sandbox, texts, policy=Lines(texts, fail="0.0"))
    lost = tree.node("0.0")
    assert (lost.status, lost.success, lost.reason) == (Status.ERROR, None, "connection refused")
    assert tree.root.value == {"failed": "was lost: connection refused"}


def test_a_node_without_verifier_takes_its_roots_success(sandbox: Sandbox) -> None:
    texts = {"0": ["r = await launch_subagent('a')\nfinish('ok')"], "0.0": ["finish('unknown')"]}
    tree = grow_one(sandbox, texts)
    assert (tree.node("0.0").success, tree.node("0.0").success_source) == (1.0, "root_proxy")


def test_the_flat_control_has_no_launch(sandbox: Sandbox) -> None:
    texts = {"0": ["r = await launch_subagent('a')", "finish('ok')"]}
    policy = Lines(texts)
    tree = grow_one(sandbox, texts, policy=policy, agent="flat")
    assert "launch_subagent" in (tree.root.turns[0].error or "")
    assert tree.header.agent == "flat"
    assert len(tree) == 1


def test_time_limit_ends_every_node_and_marks_the_tree(sandbox: Sandbox) -> None:
    now = iter(range(10_000_000))
    texts = {"0": ["r = await launch_subagent('a')"], "0.0": ["put(1)"]}
    tree = grow_one(
        sandbox,
        texts,
        limits=Limits(tree_seconds=60.0, max_turns=1000, max_tree_turns=100_000),
        clock=lambda: float(next(now)),
    )
    assert {node.status for node in tree.nodes} == {Status.TIMEOUT}
    assert tree.not_reproducible


def test_a_pause_is_no_time_of_a_tree(sandbox: Sandbox) -> None:
    """An hour's pause before each of its ticks ends no tree that may take a minute."""
    seconds = 0.0

    def pause(tick: int) -> None:
        nonlocal seconds
        seconds += 3600.0

    texts = {"0": [TWO_CHILDREN], "0.0": ["finish(1)"], "0.1": ["put(1)", "finish({'x': [2]})"]}
    tree = grow_one(sandbox, texts, limits=Limits(tree_seconds=60.0), clock=lambda: seconds, on_tick=pause)
    assert (tree.root.value, tree.not_reproducible) == ("ok", "")
    assert (tree.ended, tree.root.waiting_seconds) == (0.0, 0.0)


class Halt(Exception):
    """Somebody stops the run."""


def test_a_run_that_is_stopped_by_a_listener_leaves_nothing_in_the_policy(sandbox: Sandbox) -> None:
    """Also not what ended in the very tick of the stop."""
    texts = {"0": [TWO_CHILDREN], "0.0": ["finish(1)"], "0.1": ["put(1)", "finish({'x': [2]})"]}
    policy = Lines(texts, {"0.1": 3})

    def stop(index: int, event: Event) -> None:
        if isinstance(event, Finished):
            raise Halt

    executor = Executor(Shelf(), policy, dialect("terse"), Limits(), sandbox=sandbox, on_event=stop)
    with pytest.raises(Halt):
        executor.run([TreeHeader(TASK, seed=7, rollout=index) for index in range(2)])
    assert {request.key for request in policy.requests} == set(policy.forgotten)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_seed_gives_the_same_trees_whatever_the_workers(workers: int) -> None:
    code = (
        "import random\nimport asyncio\n"
        "n = random.randint(0, 1000)\n"
        "r = await asyncio.gather(launch_subagent('a'), launch_subagent('b'))\n"
        "finish([n, r])"
    )
    child = "import random\nfinish(random.random())"
    texts = {"0": [code], "0.0": [child], "0.1": [child]}

    def shape(trees: list[Tree]) -> list[Any]:
        return [[(n.path, n.value, n.started_tick, n.ended_tick) for n in tree.nodes] for tree in trees]

    with Sandbox(workers=workers) as own:
        trees = grow(own, texts, trees=5, delays={"0.0": 3})
    with Sandbox(workers=1) as other:
        again = grow(other, texts, trees=5, delays={"0.0": 3})
    assert shape(trees) == shape(again)
    assert trees[0].root.value != trees[1].root.value


def test_events_carry_one_running_number_per_tree(sandbox: Sandbox) -> None:
    seen: list[tuple[int, int]] = []
    executor = Executor(
        Shelf(),
        Lines({"0": ["finish('ok')"]}),
        dialect("terse"),
        Limits(),
        sandbox=sandbox,
        on_event=lambda index, event: seen.append((index, event.seq)),
    )
    executor.run([TreeHeader(TASK, rollout=0), TreeHeader(TASK, rollout=1)])
    for tree in (0, 1):
        numbers = [seq for index, seq in seen if index == tree]
        assert numbers == list(range(len(numbers)))


def test_everything_is_forgotten_at_the_end(sandbox: Sandbox) -> None:
    texts = {"0": [TWO_CHILDREN], "0.0": ["finish(1)"], "0.1": ["finish({'x': [2]})"]}
    policy = Lines(texts)
    grow_one(sandbox, texts, policy=policy)
    assert sorted(policy.forgotten) == [(0, "0"), (0, "0.0"), (0, "0.1")]


def test_a_child_spawned_and_cancelled_within_one_tick_is_never_sampled(sandbox: Sandbox) -> None:
    """The first child ends at the tick at which the second would be launched and left behind."""
    code = (
        "a = launch_subagent('a')\n"
        "r = await a\n"
        "b = launch_subagent('forbidden')\n"
        "c = launch_subagent('c')\n"
        "await b\n"
        "finish('ok')"
    )
    texts = {"0": [code], "0.0": ["finish(1)"], "0.1": ["finish(1)"]}
    policy = Lines(texts)
    tree = grow_one(sandbox, texts, policy=policy)
    assert tree.node("0.1").status is Status.CANCELLED
    assert [request.key[1] for request in policy.requests] == ["0", "0.0"]


def test_probes_meet_the_same_noise_at_every_step(sandbox: Sandbox) -> None:
    policy = Lines({"0": ["import random\nfinish(random.random())"]})
    executor = Executor(Shelf(), policy, dialect("terse"), Limits(), sandbox=sandbox)
    steps = [TreeHeader(TASK, seed=7, step=step, probe=probe) for probe in (True, False) for step in (0, 5)]
    values = [executor.run([header])[0].root.value for header in steps]
    noises = [request.noise for request in policy.requests]
    assert values[0] == values[1] == values[2] != values[3]
    assert noises[0] == noises[1] != noises[3]
