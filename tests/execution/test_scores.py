"""A user's verifier or judge that misbehaves is data: the node is unscored and says why, and the run goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rao_lab.errors import ConfigError, InputError, RecordError, UnavailableError
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import find
from rao_lab.protocols import Judge, Score
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import Event, Scored, Status, Tree, TreeHeader, validate
from rao_lab.tree.codec import event_from_json, event_to_json, tree_from_json, tree_to_json
from rao_lab.tree.fold import fold
from rao_lab.views.explorer.node_text import node_text
from tests.support.worlds import TASK, Lines, Shelf, ShelfWorld

PARENT = 'r = await launch_subagent("child")\nfinish(r)'


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def world_that(answers: Callable[[str], Any], span: Any = None) -> Shelf:
    """A world whose verifier answers as told, by path."""

    class Told(ShelfWorld):
        def leave(self, path: str, value: Any) -> Any:
            return answers(path)

    class Stand(Shelf):
        def open(self, task: Any) -> ShelfWorld:
            return Told()

    if span is not None:
        Stand.reward_range = span  # type: ignore[attr-defined]
    return Stand()


class Told:
    """A judge that answers as told."""

    def __init__(self, answers: Callable[[Tree, str], Any]) -> None:
        self.score = answers


def grow(
    sandbox: Sandbox, world: Shelf, judge: Judge | None = None, events: list[Event] | None = None
) -> Tree:
    policy = Lines({"0": [PARENT], "0.0": ["finish('ok')"]})
    executor = Executor(world, policy, find("terse"), Limits(), sandbox=sandbox, judge=judge)
    if events is not None:
        executor.on_event = lambda _, event: events.append(event)
    (tree,) = executor.run([TreeHeader(TASK)])
    validate(tree)
    return tree


def raises(error: BaseException) -> Any:
    raise error


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "nan": (lambda: Score(math.nan), "success=nan is no finite number in [0, 1]"),
    "inf": (lambda: Score(math.inf), "success=inf is no finite number"),
    "above": (
        lambda: Score(2.0),
        "success=2.0 is no finite number in [0, 1]; of another range: Score(reward=r)",
    ),
    "below": (lambda: Score(-1), "success=-1 is no finite number"),
    "true": (lambda: Score(True), "success must be a number, not True"),
    "words": (lambda: Score("1"), "success must be a number, not '1'"),  # type: ignore[arg-type]
    "fraction": (lambda: Score(1.0, fraction=math.nan), "fraction=nan is no finite number"),
    "source": (lambda: Score(1.0, source=7), "source=7 is no short name"),  # type: ignore[arg-type]
    "undeclared": (lambda: Score(reward=3), "reward=3 needs reward_range"),
    "a float": (lambda: 0.5, "it returned 0.5, and a Score is due"),
    "a bool": (lambda: True, "it returned True, and a Score is due"),
    "a raise": (lambda: raises(KeyError("gold")), "raised KeyError('gold')"),
    "a server": (lambda: raises(UnavailableError("the endpoint is down")), "failed: the endpoint is down"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_verifier_that_gives_no_score_leaves_its_node_unscored_and_the_rest_as_it_was(
    sandbox: Sandbox, kind: str
) -> None:
    answer, why = BAD[kind]
    events: list[Event] = []
    world = world_that(lambda path: answer() if path == "0.0" else Score(1.0))
    tree = grow(sandbox, world, events=events)
    child = tree.node("0.0")
    assert (child.status, child.success, child.success_source) == (Status.ERROR, None, None)
    assert child.reason.startswith("the verifier") and why in child.reason and "\n" not in child.reason
    assert child.value == "ok" == tree.root.value, "what it returned is kept, and reached its parent"
    assert tree.success == 1.0
    assert fold(tree.header, events, tree.not_reproducible) == tree


@pytest.mark.parametrize("kind", BAD)
def test_a_judge_that_gives_no_score_is_data(sandbox: Sandbox, kind: str) -> None:
    answer, why = BAD[kind]
    judge = Told(lambda tree, path: answer() if path == "0" else Score(0.25))
    tree = grow(sandbox, world_that(lambda path: None), judge)
    assert (tree.root.status, tree.success) == (Status.ERROR, None) and why in tree.root.reason
    assert (tree.node("0.0").success, tree.node("0.0").success_source) == (0.25, "judge")


def test_a_judge_that_returns_nothing_has_failed_and_a_verifier_leaves_the_node_to_others(
    sandbox: Sandbox,
) -> None:
    tree = grow(sandbox, world_that(lambda path: None), Told(lambda tree, path: None))
    assert tree.root.reason == "the judge failed: it returned None, and a Score is due, such as Score(1.0)"
    proxied = grow(sandbox, world_that(lambda path: Score(0.5) if path == "0" else None))
    assert (proxied.node("0.0").success, proxied.node("0.0").success_source) == (0.5, "root_proxy")


def test_a_root_that_could_not_be_scored_is_no_proxy(sandbox: Sandbox) -> None:
    tree = grow(sandbox, world_that(lambda path: Score(math.nan) if path == "0" else None))
    assert tree.node("0.0").success is None and tree.node("0.0").status is Status.FINISHED


def test_an_interrupt_in_a_verifier_is_no_data(sandbox: Sandbox) -> None:
    with pytest.raises(KeyboardInterrupt):
        grow(sandbox, world_that(lambda path: raises(KeyboardInterrupt())))


def test_numpy_numbers_become_plain_ones(sandbox: Sandbox) -> None:
    score = Score(np.float32(0.5), fraction=np.int64(1))  # type: ignore[arg-type]
    assert type(score.success) is type(score.fraction) is float and score == Score(0.5, fraction=1.0)


def test_what_could_not_be_scored_is_written_read_and_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    tree = grow(sandbox, world_that(lambda path: Score(math.nan) if path == "0.0" else Score(1.0)))
    path = tmp_path / "a.rao"
    with RunWriter(path, {}) as writer:
        writer.begin_step(0)
        writer.tree_done(tree)
        writer.end_step(0, None, {})
    with open_run(path) as run:
        (read,) = [each.load() for each in run.trees(0)]
    assert read == tree == tree_from_json(tree_to_json(tree))
    assert "success=nan" in node_text(read.node("0.0"))["reason"]
    assert "error: the verifier failed: success=nan" in str(tree)


def test_a_reward_of_a_declared_range_is_mapped_and_both_are_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    world = world_that(lambda path: Score(reward=7.3 if path == "0" else -10, fraction=0.5), (-10, 10))
    tree = grow(sandbox, world)
    assert (tree.root.success, tree.root.reward) == (17.3 / 20, 7.3)
    assert (tree.node("0.0").success, tree.node("0.0").reward) == (0.0, -10.0)
    path = tmp_path / "a.rao"
    with RunWriter(path, {}) as writer:
        writer.begin_step(0)
        writer.tree_done(tree)
        writer.end_step(0, None, {})
    with open_run(path) as run:
        (summary,) = run.trees(0)
        assert summary.load() == tree == tree_from_json(tree_to_json(tree))
        assert run.node(summary.id, "0").reward == 7.3
    assert node_text(tree.root)["source"] == "verifier, reward 7.3"
    assert "reward 7.3" in str(tree)


@pytest.mark.parametrize(
    ("reward", "why"),
    [
        (10.5, "reward=10.5 lies outside the reward_range (-10, 10)"),
        (math.nan, "reward=nan is no finite number"),
    ],
)
def test_a_reward_outside_its_range_is_refused(sandbox: Sandbox, reward: float, why: str) -> None:
    tree = grow(sandbox, world_that(lambda path: Score(reward=reward), (-10, 10)))
    assert tree.success is None and tree.root.status is Status.ERROR and why in tree.root.reason


def test_a_judge_may_give_rewards_too(sandbox: Sandbox) -> None:
    tree = grow(sandbox, world_that(lambda path: None, (0, 5)), Told(lambda tree, path: Score(reward=4)))
    assert (tree.success, tree.root.reward, tree.root.success_source) == (0.8, 4.0, "judge")


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (5, "is no pair of numbers"),
        ((1, 0), "is empty"),
        ((0, 0), "is empty"),
        ((0, math.inf), "means nothing"),
        (("a", "b"), "must be a number"),
    ],
)
def test_a_range_that_means_nothing_is_refused_before_anything_runs(
    sandbox: Sandbox, span: Any, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as problem:
        grow(sandbox, world_that(lambda path: None, span))
    assert "\n" not in str(problem.value) and "reward_range" in str(problem.value)


def test_a_problem_of_a_node_that_did_not_finish_is_refused(sandbox: Sandbox) -> None:
    events: list[Event] = []
    tree = grow(sandbox, world_that(lambda path: Score(math.nan)), events=events)
    (at, problem) = next((at, each) for at, each in enumerate(events) if isinstance(each, Scored))
    assert event_from_json(event_to_json(problem)) == problem
    early = [*events[: at - 1], replace(problem, seq=at - 1)]
    with pytest.raises(RecordError, match="cannot fail to be scored"):
        fold(tree.header, early)


def test_a_bad_number_is_refused_where_it_is_written_down() -> None:
    with pytest.raises(InputError, match=r"reward_range = \(low, high\)"):
        Score(7)
