"""Environments of the library `verifiers` as worlds: against a double of it, and, if it is installed, against itself.

The library is no dependency of ours. Run with it, `pytest -m slow` plays the same cases; tried so with verifiers 0.4.0,
0.3.1 and 0.1.14 (the last without `verifiers.v1`).
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.named import open_named
from tests.support.pages import DOCS, run_page
from tests.support.written import Written

SAMPLES = Path(__file__).parent / "samples"
DOUBLE = Path(__file__).parents[2] / "support" / "verifiers_double"
OURS = ("verifiers", "lookup_v1", "sums_env")


def forget() -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] in OURS]:
        del sys.modules[name]


@pytest.fixture(params=["double", pytest.param("library", marks=pytest.mark.slow)])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "double":
        forget()
        monkeypatch.syspath_prepend(str(DOUBLE))
    elif importlib.util.find_spec("verifiers") is None:
        pytest.skip("verifiers is not installed: pip install verifiers")
    monkeypatch.syspath_prepend(str(SAMPLES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield request.param
    if request.param == "double":
        forget()


@pytest.fixture
def taskset(library: str) -> Any:
    if importlib.util.find_spec("verifiers.v1.utils.loaders") is None:
        pytest.skip("this verifiers has no tasksets: 0.2 and later do")
    return library


@pytest.fixture
def older(library: str) -> Any:
    if not any(importlib.util.find_spec(f"verifiers.{each}") for each in ("legacy", "envs")):
        pytest.skip("this verifiers has the new protocol alone: until 0.3 it has the older one")
    return library


def play(env: rl.Environment, root: list[str], child: str = "finish('done')", split: str = "test") -> rl.Tree:
    return rl.run(env.tasks(split)[0], env, Written(root, lambda _: [child]))


def test_tools_share_the_trees_state_with_weighted_rewards(taskset: str) -> None:
    env = rl.from_verifiers("lookup-v1")
    assert env.reward_range == (0.0, 1.0) and not env.reproducible
    assert env.unmapped == ("its stop conditions are not asked (enough): rl.Limits bound a tree",)
    tree = play(
        env, ["a = table_get('a')\nfinish(a + await launch_subagent('b'))"], "finish(table_get(key='b'))"
    )
    assert [node.value for node in tree.nodes] == [3, 2]
    assert tree.success == 1.0 and tree.node("0.0").success == 1.0
    assert play(env, ["finish(3)"]).success == 0.75  # the state is another tree's own
    assert play(env, ["finish(table_get('a') + 2)"]).success == 0.875
    assert play(env, ["table_get('b')", "finish('nothing')"]).success == 0.125
    call = play(env, ["print(table_get('z'))", "finish(0)"]).root.turns[0].calls[0]
    assert call.error is not None and "KeyError" in call.error


def test_rows_become_tasks_and_equal_goals_are_in_one_split(taskset: str) -> None:
    env = rl.from_verifiers("lookup-v1", rows=60)
    goals = {split: {task.goal for task in env.tasks(split)} for split in ("train", "dev", "test")}
    assert [len(each) for each in goals.values()] == [24, 3, 3]
    assert sum(len(env.tasks(split)) for split in goals) == 60
    assert (
        not goals["train"] & goals["dev"]
        and not goals["dev"] & goals["test"]
        and not goals["train"] & goals["test"]
    )
    task = env.tasks("train")[0]
    assert task.goal.startswith("Be brief.\n\nWhat is a + b?") and task.data["answer"] == "3"
    assert set(task.data) - {"idx"} == {"prompt", "system_prompt", "answer"}
    few = rl.from_verifiers("lookup-v1", limit=2)
    assert len(few.tasks("train")) == len(few.tasks("test")) == 2  # one goal: it is every split


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("raises", "no such table"),
        ("nan", "its reward is nan, which is no finite number"),
        ("big", "its reward 6.75 lies outside"),
        ("slow", "its rewards were not there within 0.3 s"),
        ("hangs", "its rewards were not there within 0.3 s"),
        ("setup", "could not be set up: NotImplementedError: it asks for a container (runtime.run)"),
    ],
)
def test_rewards_that_fail_leave_the_root_unscored_with_the_reason(
    taskset: str, trouble: str, words: str
) -> None:
    env = rl.from_verifiers("lookup-v1", trouble=trouble, seconds=0.3, limit=4)
    tree = play(env, ["finish('3')"])
    assert tree.root.status is rl.Status.ERROR and tree.success is None and words in tree.root.reason


def test_a_range_maps_rewards(taskset: str) -> None:
    env = rl.from_verifiers("lookup-v1", trouble="big", limit=4, reward_range=(-1, 8))
    assert play(env, ["finish('3')"]).success == pytest.approx(7.75 / 9)


def test_it_runs_within_a_running_event_loop(taskset: str) -> None:
    async def cell() -> float | None:
        return play(
            rl.from_verifiers("lookup-v1", limit=4), ["finish(table_get('a') + table_get('b'))"]
        ).success

    assert asyncio.run(cell()) == 1.0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "Boxed"}, "its tasks need a container"),
        ({"kind": "ReadsFiles"}, "its reward files reads a container"),
        ({"kind": "Away"}, "its toolset Table runs in a container or on a server"),
        ({"kind": "Unscored"}, "has no reward with a weight"),
        ({"trouble": "none"}, "a user opens the conversation, which is not mapped"),
        ({"row": 3}, "lookup-v1 has no setting row: it has trouble, kind, rows"),
        ({"rows": "many"}, "cannot be loaded: ValidationError"),
        ({"rows": 0}, "lookup-v1 has no tasks"),
        ({"limit": 0}, "limit=0 means nothing"),
        ({"reward_range": (1, 0)}, "is empty or endless"),
        ({"reward_range": 3}, "is no pair of numbers"),
    ],
)
def test_what_does_not_map_is_one_line(taskset: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(rl.RaoLabError) as raised:
        rl.from_verifiers("lookup-v1", **settings)
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_objects_of_the_library_are_told_apart(taskset: str) -> None:
    from lookup_v1 import Endless, LookupConfig  # type: ignore[import-not-found]

    made = rl.from_verifiers(Endless(LookupConfig(rows=300)), name="endless")
    assert made.name == "endless" and sum(len(made.tasks(each)) for each in ("train", "dev", "test")) == 100
    assert not hasattr(made, "opened")
    with pytest.raises(rl.ConfigError, match="only an environment given by its name takes settings"):
        rl.from_verifiers(Endless(LookupConfig()), rows=3)
    with pytest.raises(rl.ConfigError, match="is no environment of verifiers: give the name"):
        rl.from_verifiers(3)
    with pytest.raises(rl.InputError, match="this task is not of endless: answer: "):
        made.open(rl.Task("x", "y"))


def test_names_that_lead_nowhere(taskset: str) -> None:
    for name, words in (
        ("no-such-env", "no environment 'no-such-env': install its package, as in pip install no-such-env"),
        ("a b", "give the name of its package"),
        ("json", "json has n"),  # neither a taskset, nor load_environment
    ):
        with pytest.raises(rl.MissingError, match=words):
            rl.from_verifiers(name)


def test_the_command_line_opens_it_and_a_run_goes_on_with_it(taskset: str) -> None:
    made: Any = open_named("verifiers:lookup-v1", "chat", settings={"rows": 8, "limit": 6, "seconds": 3.0})
    assert made.opened == {"env": "verifiers:lookup-v1", "settings": {"rows": 8, "limit": 6, "seconds": 3.0}}
    assert rl.testing.check_environment(made).ok
    again = open_named(made.opened["env"], "chat", settings=made.opened["settings"])
    assert repr(again) == repr(made) and "lookup-v1(table_get(key: str, times: int = 1); 6 tasks" in repr(
        made
    )
    with pytest.raises(rl.ConfigError, match="--difficulty means nothing to verifiers:lookup-v1"):
        open_named("verifiers:lookup-v1", "chat", difficulty="easy")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verifiers", None)
    for given in ("marble-v1", object()):
        with pytest.raises(rl.MissingError, match="verifiers is not installed: pip install verifiers"):
            rl.from_verifiers(given)


@pytest.mark.parametrize(
    ("settings", "root", "success"),
    [
        ({}, "finish(task_answer)", 1.0),
        ({"weight": 2.0}, "finish('no')", 0.0),
        ({"kind": "tools", "weight": 2.0}, "finish(add(int(task_answer) - 1))", 1.0),
        ({"kind": "tools"}, "for n in range(5): add(n)\nfinish(task_answer)", 1.0),  # its max_turns are 2
        ({"kind": "bag", "reward": "filled"}, "put('x')\nawait launch_subagent('y')\nfinish('done')", 1.0),
        (
            {"kind": "talk", "reward": "won"},
            "assert say('-5') == 'higher'\nsay(task_answer)\nfinish('ok')",
            1.0,
        ),
        ({"kind": "talk", "reward": "won"}, "say('-5')\nfinish('I give up')", 0.0),
    ],
)
def test_kinds_of_the_older_protocol(older: str, settings: dict[str, Any], root: str, success: float) -> None:
    env = rl.from_verifiers("sums-env", **settings)
    answer = env.tasks("test")[0].data["answer"]
    tree = play(env, [f"task_answer = {answer!r}\n{root}"], "finish(put('y'))")
    assert tree.success == success, tree.root


def test_an_older_environments_own_splits_and_troubles(older: str) -> None:
    env = rl.from_verifiers("sums-env", held_out=8)
    assert [len(env.tasks(split)) for split in ("train", "dev", "test")] == [20, 4, 4]
    root = play(rl.from_verifiers("sums-env", reward="broken"), ["finish('1')"]).root
    assert root.success is None and "no such key" in root.reason  # the library itself would count 0
    over = play(
        rl.from_verifiers("sums-env", kind="talk", reward="won"),
        ["for n in range(6): say('-5')", "finish(0)"],
    )
    assert (
        over.success == 0.0 and over.root.turns[0].calls[-1].error == "the conversation is over: call finish"
    )
    for settings, words in (
        ({"reward": "compared"}, "compares the tries of a group"),
        ({"kind": "group"}, "is a group of environments: give one of them"),
        ({"weight": 0.0}, "has no reward with a weight"),
        ({"wieght": 0.0}, "cannot be loaded: TypeError"),
    ):
        with pytest.raises(rl.RaoLabError, match=words):
            rl.from_verifiers("sums-env", **settings)


@pytest.mark.slow
def test_a_public_environment_and_the_page_about_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("verifiers.v1.episode", "marble_v1"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install verifiers marble-v1")
    monkeypatch.chdir(tmp_path)
    env = rl.from_verifiers("marble-v1", limit=10)
    tasks = [task for split in ("train", "dev", "test") for task in env.tasks(split)]
    assert env.reproducible and len(tasks) == 10 and rl.testing.check_environment(env).ok
    assert {env.verify(task.data["solution"], task).reward for task in tasks} == {1.0}
    assert play(env, ["finish('I would put it below the ring.')"]).success == 0.0
    run_page(DOCS / "verifiers.md")


def test_readme_leads_to_the_page() -> None:
    assert "(data/docs/verifiers.md)" in (DOCS.parents[1] / "README.md").read_text(encoding="utf-8")
