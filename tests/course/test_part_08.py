"""The exercises of notebook 08: a world of one's own."""

from __future__ import annotations

import math
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.course.exercise import find

SCORES = {"0": 0.0, "0.0": 1.0, "0.1": 0.0, "0.1.0": None, "0.1.1": 1.0, "0.10": 1.0}
ODD: list[Any] = [[], {}, "many", "4", True, math.nan, object(), [None, None], ["0"], ["0", []], b"0", 1j]


NO_PATH = "a path stands in the head of the agent's panel and in the outline, not in its goal."


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        *(("8.1", 4), ("8.1", 4.0), ("8.2", 1.4), ("8.3", 96)),
        *(("8.4", ["0.1.0", SCORES]), ("8.4", ("0.1.0", SCORES)), ("8.4", ["0", {"0": 0.0, "0.0": 1.0}])),
    ],
)
def test_right_answers_pass(number: str, answer: object) -> None:
    assert not find(number).off(answer)


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("8.1", 5, "5 is too large."),
        ("8.2", 1.0, "1.0 is too small."),
        ("8.3", 95, "95 is too small."),
        ("8.4", ["0.0", SCORES], "Agent 0.0 succeeded."),
        ("8.4", ["0.1", SCORES], "Agent 0.1 failed, but one of its helpers had failed, too."),
        ("8.4", ["0", SCORES], "Agent 0 failed, but one of its helpers had failed, too."),
        ("8.4", ["9", SCORES], f"'9' is no agent of this tree: {NO_PATH}"),
        ("8.4", [0, SCORES], '0 is no path: a path is a text in quotation marks, such as "0.1".'),
        ("8.4", [0.1, SCORES], '0.1 is no path: a path is a text in quotation marks, such as "0.1".'),
        ("8.4", "0.1.0", "'0.1.0' is no path with the scores of a tree: write [answer, scores]."),
    ],
)  # fmt: skip
def test_a_near_miss_is_told_what_is_off(number: str, answer: object, said: str) -> None:
    assert find(number).off(answer) == said


@pytest.mark.parametrize("number", ["8.1", "8.2", "8.3", "8.4"])
def test_odd_answers_get_a_sentence(number: str) -> None:
    for odd in ODD:
        said = find(number).off(odd)
        assert said.endswith(".") and "\n" not in said, (odd, said)


def test_handing_everything_on_is_paid_as_the_exercise_says() -> None:
    env = rl.environments.Arithmetic("easy")
    trees = (rl.run(task, env, rl.load_policy("scripted")) for task in env.tasks("test")[:20])
    tree = next(each for each in trees if len(each.children("0")) == 1 and each.success == 1)
    group = rl.Group(env.tasks("test")[0], (tree, tree), 1, 0)
    assert find("8.2").off(next(iter(rl.attribute([group]))).R) == ""
