"""The loop over node states: turns, calls, events, stops, and the same trees for the same seed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import find
from rao_lab.tree import Event, Finished, Status, Tree, TreeHeader
from rao_lab.tree.told_counts import turns_written
from tests.support.growing import TWO_CHILDREN, grow, grow_one
from tests.support.worlds import TASK, Lines, Shelf


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


def test_variables_live_over_turns(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": ["kept = 41", "finish(kept + 1)"]})
    assert tree.root.value == 42


def test_a_refused_call_reaches_the_code_as_an_exception(sandbox: Sandbox) -> None:
    code = "try:\n    put(-1)\nexcept Exception as e:\n    finish(str(e))"
    tree = grow_one(sandbox, {"0": [code]})
    assert "give a number of 0 or more" in tree.root.value
    assert tree.root.refusals == {"negative": 1}


class Halt(Exception):
    """Somebody stops the run."""


def test_a_run_that_is_stopped_by_a_listener_leaves_nothing_in_the_policy(sandbox: Sandbox) -> None:
    """Also not what ended in the very tick of the stop."""
    texts = {"0": [TWO_CHILDREN], "0.0": ["finish(1)"], "0.1": ["put(1)", "finish({'x': [2]})"]}
    policy = Lines(texts, {"0.1": 3})

    def stop(index: int, event: Event) -> None:
        if isinstance(event, Finished):
            raise Halt

    executor = Executor(Shelf(), policy, find("terse"), Limits(), sandbox=sandbox, on_event=stop)
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
        find("terse"),
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


def test_probes_meet_the_same_noise_at_every_step(sandbox: Sandbox) -> None:
    policy = Lines({"0": ["import random\nfinish(random.random())"]})
    executor = Executor(Shelf(), policy, find("terse"), Limits(), sandbox=sandbox)
    steps = [TreeHeader(TASK, seed=7, step=step, probe=probe) for probe in (True, False) for step in (0, 5)]
    values = [executor.run([header])[0].root.value for header in steps]
    noises = [request.noise for request in policy.requests]
    assert values[0] == values[1] == values[2] != values[3]
    assert noises[0] == noises[1] != noises[3]


class Silent(Lines):
    """A policy that takes turns and never answers."""

    def tick(self) -> list[Any]:
        return []


def test_a_policy_of_ones_own_that_answers_nothing_is_told_once(sandbox: Sandbox) -> None:
    seconds = itertools.count(0.0, 1.0)
    executor = Executor(
        Shelf(),
        Silent({}),
        find("codeact"),
        Limits(tree_seconds=90),
        sandbox=sandbox,
        clock=lambda: next(seconds),
    )
    with pytest.warns(
        UserWarning, match=r"has answered nothing for 20 s.*after 90 s; --set limits\.tree_s"
    ) as said:
        (tree,) = executor.run([TreeHeader(TASK, seed=0)])
    assert (len(said), tree.root.status) == (1, Status.TIMEOUT)
    assert turns_written(tree.root) == 0 and "  0  " in str(tree)  # the turn that got no reply is none
