"""Verifiers and tasks of one's own: who scores what, and what cannot be read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from tests.support.written import Written

CHILD = ["await launch_subagent('a part')", "finish(6)"]


def play(code: list[str], verify: Callable[..., Any] | None, **settings: Any) -> rl.Tree:
    env = rl.environment([{"goal": "Play.", "answer": 6}], [], verify)
    return rl.run(env.tasks("test")[0], env, Written(code), **settings)


class Half:
    def score(self, tree: rl.Tree, path: str) -> rl.Score:
        return rl.Score(0.5)


def typed(value: int) -> bool:
    return value == 6


def of_tree(tree: rl.Tree) -> float:
    return 1 / len(tree)


def of_each(tree: rl.Tree, path: str) -> float:
    return 1.0 if path == "0" else 0.25


@pytest.mark.parametrize(
    ("verify", "settings", "scores"),
    [
        (lambda value: value == 6, {}, [(1.0, "verifier"), (1.0, "root_proxy")]),
        (lambda value: np.float64(value) / 8, {}, [(0.75, "verifier"), (0.75, "root_proxy")]),
        (lambda value: np.array(value) == 6, {}, [(1.0, "verifier"), (1.0, "root_proxy")]),
        (lambda answer, task: answer == task.data["answer"], {}, [(1.0, "verifier"), (1.0, "root_proxy")]),
        (lambda value: rl.Score(0.0, fraction=0.5), {}, [(0.0, "verifier"), (0.0, "root_proxy")]),
        (typed, {}, [(1.0, "verifier"), (1.0, "root_proxy")]),
        (of_tree, {}, [(0.5, "verifier"), (0.5, "root_proxy")]),
        (of_tree, {"judge": Half()}, [(0.5, "verifier"), (0.5, "judge")]),
        (of_each, {}, [(1.0, "verifier"), (0.25, "verifier")]),
        (lambda value, path: path == "0.0", {}, [(0.0, "verifier"), (1.0, "verifier")]),
        (typed, {"judge": Half()}, [(1.0, "verifier"), (0.5, "judge")]),
        (None, {}, [(None, None), (None, None)]),
        (None, {"judge": Half()}, [(0.5, "judge"), (0.5, "judge")]),
    ],
)
def test_a_verifier_scores_the_root_or_every_node(
    verify: Callable[..., Any] | None, settings: dict[str, Any], scores: list[Any]
) -> None:
    tree = play(CHILD, verify, **settings)
    assert [(node.success, node.success_source) for node in tree.nodes] == scores


def test_an_answer_of_another_type_than_is_verified_scores_zero() -> None:
    tree = play(["finish('six')"], typed)
    assert (tree.success, tree.root.status) == (0.0, rl.Status.FINISHED)
    assert "- `finish(value: int)`" in tree.root.turns[0].messages[0].content


@pytest.mark.parametrize(
    ("verify", "reason"),
    [
        (
            lambda value: None,
            "the verifier failed: it returned None, and True or False, a number from 0 to 1",
        ),
        (lambda value: value, "it returned 6, and True or False"),
        (lambda tree: "yes", "it returned 'yes', and True or False"),
        (lambda value: value / 0, "the verifier raised ZeroDivisionError"),
        (lambda tree, path: tree.nodes[9], "the verifier raised IndexError"),
    ],
)
def test_a_verifier_that_gives_no_score_is_data(verify: Callable[..., Any], reason: str) -> None:
    root = play(["finish(6)"], verify).root
    assert (root.status, root.success) == (rl.Status.ERROR, None)
    assert reason in root.reason


async def waits(value: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("verify", "message"),
    [
        (lambda: True, "verify takes nothing, and one value is passed to finish: write verify(value), "),
        (lambda value, other: True, "verify takes value and other, and one value"),
        (lambda *values: True, "verify takes *values, which cannot be given by name"),
        (waits, "verify is async, and a verifier is called outside of any event loop"),
        (6, "verify=6 is no function: write verify(value)"),
        (rl.Score, "is no function: write verify(value)"),
    ],
)
def test_what_cannot_verify_is_refused_in_one_line(verify: Any, message: str) -> None:
    with pytest.raises(rl.ConfigError) as problem:
        rl.environment(["Play."], [], verify)
    assert message in str(problem.value)


def test_tasks_are_texts_tasks_or_dicts_of_all_splits_or_of_each() -> None:
    own = rl.Task("mine", "Say no.")
    env = rl.environment(
        ["Say yes.", own, {"goal": "Add.", "difficulty": "easy", "numbers": [1, 2]}], name="mixed"
    )
    assert env.tasks("train") == env.tasks("test")
    assert [(task.id, task.goal, task.difficulty, task.data) for task in env.tasks("dev")] == [
        ("mixed/0", "Say yes.", "", {}),
        ("mine", "Say no.", "", {}),
        ("mixed/2", "Add.", "easy", {"numbers": [1, 2]}),
    ]
    split = rl.environment({"train": ["a", "b"], "test": ["c"]}, name="split")
    assert [task.id for task in split.tasks("train")] == ["split/train/0", "split/train/1"]
    assert split.tasks("test")[0].split == "test"
    with pytest.raises(rl.MissingError, match="no split 'dev' in split: there is train, test"):
        split.tasks("dev")


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([], "there are no tasks: give at least one goal"),
        ({"train": []}, "there are no tasks"),
        ("Say yes.", "tasks='Say yes.' is no list of tasks"),
        ({"goal": "Say yes."}, "is no list of tasks: give tasks="),
        ([3], "task goals/0 is 3: give a goal as text, or a dict with one"),
        ([{"question": "?"}], "task goals/0 is {'question': '?'}: give a goal"),
        ([" "], "task goals/0 has an empty goal"),
        ([{"goal": "Go.", "place": object()}], "the data of task goals/0 cannot be recorded: a object"),
    ],
)
def test_tasks_that_are_none_are_refused_in_one_line(tasks: Any, message: str) -> None:
    with pytest.raises(rl.RaoLabError) as problem:
        rl.environment(tasks)
    assert message in str(problem.value)


def test_an_environment_says_what_a_run_that_goes_on_with_it_must_have_in_common() -> None:
    def double(number: int) -> int: ...

    first, same, other = (rl.environment([goal], [double], typed, name="mine") for goal in ("a", "a", "b"))
    assert repr(first) == repr(same) != repr(other)
    assert repr(first).startswith("mine(double(number: int) -> int; 1 task ")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("launch_subagent(3)", "goal must say in words what to do; got 3"),
        ("launch_subagent('Play. ')", "this goal is your own: do it, and hand on only parts of it"),
        ("launch_subagent('a', 'b' * 5000)", "context has 5000 characters as text; at most 4000"),
        ("launch_subagent(gaol='a')", "launch_subagent has no argument 'gaol'"),
    ],
)
def test_a_launch_that_makes_no_sense_is_refused(call: str, error: str) -> None:
    tree = play([f"finish(await {call})"], None)
    assert error in tree.root.value["failed"]


def test_a_helper_knows_its_goal_and_its_context() -> None:
    tree = play(["finish(await launch_subagent('Add up.', [1, 2]))"], None)
    assert tree.node("0.0").goal == "Add up.\nFrom whoever asks you: [1, 2]"
    assert tree.node("0.0").args == {"goal": "Add up.", "context": "[1, 2]"}
    again = play(["finish(await launch_subagent('Play.', [1, 2]))"], None)
    assert len(again) == 2  # the same goal, but of other things


def raises(value: Any) -> bool:
    raise KeyError("answer-sheet")


def test_a_verifier_that_raises_is_named_with_its_line() -> None:
    reason = play(["finish(6)"], raises).root.reason
    line = raises.__code__.co_firstlineno + 1
    assert reason == f"the verifier raised KeyError('answer-sheet') (test_verify.py:{line} in raises)"


def hangs(over: threading.Event) -> bool:
    return over.wait(60)


def test_who_watches_hears_that_the_verifier_runs() -> None:
    seen: list[str] = []

    def looks(value: Any) -> bool:
        seen.extend(env.running)
        return True

    env = rl.environment(["Play."], [], looks)
    assert rl.run(env.tasks("test")[0], env, Written(["finish(6)"])).success == 1
    assert seen == ["the verifier"]


@pytest.mark.parametrize("of", ["value", "tree"])
def test_a_verifier_that_does_not_return_is_left_behind(of: str) -> None:
    """Its node is not scored, and the reason names its line; while it still runs, others are not scored either."""
    over = threading.Event()
    line = hangs.__code__.co_firstlineno + 1
    verify = (lambda value: hangs(over)) if of == "value" else (lambda tree: hangs(over))
    env = rl.environment(["Play."], [], verify, seconds=0.1)
    first, second = (rl.run(env.tasks("test")[0], env, Written(["finish(6)"])) for _ in range(2))
    over.set()
    late = "the verifier failed: it did not return within 0.1 s"
    assert (first.root.status, first.root.success) == (rl.Status.ERROR, None)
    assert first.root.reason.startswith(
        f"{late} (test_verify.py:{line} in hangs): seconds= of the environment"
    )
    assert second.root.reason.startswith(f"{late}, in this call or in one before it")
