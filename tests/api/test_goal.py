"""A goal and tools of one's own: run, evaluated, trained, and refused in one line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from tests.support.configs import small_config, small_limits
from tests.support.worlds import TASK, Shelf
from tests.support.written import Written

PLAYED = Written(["finish(double(21))"])


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def right(value: int) -> bool:
    return value == 42


def test_a_goal_with_tools_runs_in_one_call() -> None:
    tree = rl.run(goal="Double 21.", tools=[double], verify=right, policy=PLAYED)
    assert (tree.success, tree.task.goal, tree.header.environment) == (1.0, "Double 21.", "goals")
    other = rl.run(goal="Double 20.", tools=[double], policy=PLAYED)
    assert other.success is None
    assert tree.task.id != other.task.id  # noise and groups are keyed by it


def test_a_goal_without_tools_runs_in_plain_python() -> None:
    tree = rl.run(
        goal="Add up 1 to 10.", policy=Written(["finish(sum(range(11)))"]), verify=lambda n: n == 55
    )
    assert (tree.success, tree.not_reproducible) == (1.0, "")


def test_async_code_awaits_it_and_an_async_tool_runs_beside_its_loop() -> None:
    async def fetch(page: int) -> str:
        """A page."""
        await asyncio.sleep(0)
        return f"page {page}"

    async def cell() -> rl.Tree:
        return await rl.arun(goal="Fetch page 3.", tools=[fetch], policy=Written(["finish(fetch(3))"]))

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(cell())).result().root.value == "page 3"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rl.run(TASK, Shelf(), PLAYED, goal="Go."),
            "goal and task are both given (the task 'shelf-1')",
        ),
        (
            lambda: rl.run(goal="Go.", environment=Shelf(), policy=PLAYED),
            "goal and environment are both given (the env",
        ),
        (
            lambda: rl.run(TASK, Shelf(), PLAYED, tools=[double]),
            "tools=... belongs to a goal, as in rl.run(goal='...'",
        ),
        (lambda: rl.run(TASK, Shelf(), PLAYED, verify=right), "verify=... belongs to a goal"),
        (
            lambda: rl.run(goal="Go."),
            "policy is None: rl.run(goal='...', tools=[...], policy=policy) is the order",
        ),
        (lambda: rl.run(goal="Go.", policy="tiny"), "policy 'tiny' is a name and no policy yet"),
        (lambda: rl.run(goal=" ", policy=PLAYED), "goal=' ' must say in words what is to be done"),
        (
            lambda: rl.run(goal="Go.", tools=double, policy=PLAYED),
            "is no list of functions: give tools=[f, g]",
        ),
        (lambda: rl.run("Go.", PLAYED), "task is 'Go.', and goal=... runs a goal in words: rl.run(task,"),
        (
            lambda: rl.run(goal="Go.", policy=rl.load_policy("scripted")),
            "the scripted policy cannot play goals, which",
        ),
        (lambda: asyncio.run(rl.arun(goal="Go.")), "policy is None: rl.run(goal="),
    ],
)
def test_what_does_not_fit_together_is_refused_in_one_line(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(rl.ConfigError) as problem:
        call()
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)


def test_an_environment_of_functions_is_evaluated_and_trained(tmp_path: Path) -> None:
    env = rl.environment(
        {"train": ["Double 21."] * 2, "test": ["Double 21.", "Double 20."]}, [double], right, name="doubling"
    )
    few = small_limits()
    assert rl.evaluate(env, Written(["finish(double(goal))"]), tasks=2, limits=few).success == 0.0
    assert rl.evaluate(env, PLAYED, tasks=2).success == 1.0
    learner = rl.load_policy("tiny")
    config = small_config(steps=1, group_size=2, limits=few)
    [*_, step] = rl.train(env, learner, config, store=tmp_path / "a.rao")
    assert len(step.trees) == 4
    with rl.open_run(tmp_path / "a.rao") as run:
        assert run.config["world"].startswith("doubling(double(number: int) -> int; 4 tasks ")
    changed = rl.environment({"train": ["Double 22."] * 2}, [double], right, name="doubling")
    with pytest.raises(rl.ConfigError, match="this run was made with world="):
        next(rl.train(changed, learner, config, store=tmp_path / "a.rao", resume=True))
