"""Notebook 02's exercises: right answers, worked out another way, pass; near misses are told what is off."""

from __future__ import annotations

from typing import Any

import pytest

import rao_lab as rl
from rao_lab.course.part_02 import COUNTED, EXERCISES, FOURTH, SEVEN

BY_NUMBER = {each.number: each for each in EXERCISES}


def together(steps: dict[str, int], name: str = "0") -> int:
    """As hint 3 of exercise 2.2 says it."""
    below = [each for each in steps if each.rpartition(".")[0] == name]
    return steps[name] + max((together(steps, each) for each in below), default=0)


def right_answers() -> dict[str, Any]:
    world = rl.environments.Arithmetic()
    tree = rl.run(world.tasks("test")[FOURTH], world, rl.load_policy("scripted"))
    levels = max(SEVEN[:at].count("(") - SEVEN[:at].count(")") for at in range(len(SEVEN)))
    return {
        "2.1": sum(COUNTED.count(word) for word in ("plus", "minus", "times")),
        "2.2": together({node.path: node.decode_steps for node in tree.nodes}),
        "2.3": levels,
        "2.4": "Done.",
    }


def test_right_answers_pass_and_near_misses_get_a_sentence() -> None:
    right = right_answers()
    assert right.keys() == BY_NUMBER.keys()
    for number, answer in right.items():
        exercise = BY_NUMBER[number]
        assert exercise.judge(answer) == "", number
        assert exercise.asks and exercise.hints and exercise.right
        near = "made" if isinstance(answer, str) else answer - 1
        for wrong in (near, None, [], float("nan"), "0.5"):
            said = exercise.judge(wrong)
            assert said.endswith(".") and f" {answer}" not in said, (number, wrong, said)


@pytest.mark.parametrize("style", ["parts", "one_by_one"])
def test_the_notebooks_two_styles_do_the_same_work(style: str) -> None:
    world = rl.environments.Arithmetic()
    task = rl.Task("seven", f"Work out: {SEVEN}", data={"expression": SEVEN})
    tree = rl.run(task, world, rl.load_policy("scripted", style=style))
    line = tree.timeline()
    assert (tree.success, len(tree)) == (1.0, 7)
    assert (line.steps == line.critical_steps) == (style == "one_by_one")
