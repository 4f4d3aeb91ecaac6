"""Children: launched together or in turn, refused, never awaited, failed, lost and cancelled."""

from __future__ import annotations

from collections import defaultdict

import pytest

from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.tree import Status, path_key
from tests.support.growing import TWO_CHILDREN, grow_one
from tests.support.worlds import Lines


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


def test_a_launch_never_awaited_spawns_nothing(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": ["launch_subagent('a')", "finish('ok')"]})
    assert len(tree) == 1
    assert tree.root.refusals == {"not_awaited": 1}
    assert "await" in (tree.root.turns[0].calls[0].error or "")


def test_a_launch_that_failing_code_did_not_come_to_await_is_not_called_forgotten(sandbox: Sandbox) -> None:
    code = "h = launch_subagent('a')\nput(-1)\nr = await h"
    tree = grow_one(sandbox, {"0": [code, "finish('ok')"]})
    assert (len(tree), tree.root.refusals) == (1, {"negative": 1, "not_started": 1})
    assert "your code stopped first" in (tree.root.turns[0].calls[1].error or "")


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
