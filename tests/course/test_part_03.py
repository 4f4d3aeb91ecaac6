"""Notebook 03's exercises: right answers, worked out another way, pass; near misses are told what is off."""

from __future__ import annotations

from math import exp

import pytest

from rao_lab.course.part_03 import EXERCISES, P, average_push, group
from tests.credit.test_credit_expectation import expected_gradient

BY_NUMBER = {each.number: each for each in EXERCISES}
FOUR_ROOTS = (0.0 + 0.4 * 0.5, 1.4, 0.0 + 0.4 * 0.5, 1.0)


def test_the_trees_are_those_that_the_text_speaks_of() -> None:
    found = [{node.path: node.success for node in tree.nodes} for tree in group().trees]
    assert [len(tree) for tree in found] == [7, 7, 3, 1]
    assert [name for name, s in found[0].items() if not s] == ["0", "0.1", "0.1.0"]
    assert all(found[1].values()) and [found[2]["0"], found[3]["0"]] == [0.0, 1.0]


def test_right_answers_pass_and_near_misses_get_a_sentence() -> None:
    right = {
        "3.1": {"0": 0.5, "0.0": 2.0, "0.1": 0.5},
        "3.2": 1 - (FOUR_ROOTS[0] + FOUR_ROOTS[2] + FOUR_ROOTS[3]) / 3,
        "3.3": 5 / 7,
        "3.4": average_push(2, baseline=True, depth_weights=True),
    }
    near = {
        "3.1": {"0": 0.2, "0.0": 1.4, "0.1": 0.2},
        "3.2": 1 - sum(FOUR_ROOTS) / 4,
        "3.3": 1.4,
        "3.4": average_push(2, baseline=False, depth_weights=True),
    }
    assert right.keys() == BY_NUMBER.keys()
    for number, answer in right.items():
        exercise = BY_NUMBER[number]
        assert exercise.judge(answer) == "", number
        for wrong in (near[number], None, [], float("nan"), "0.5"):
            assert exercise.judge(wrong).endswith("."), (number, wrong)


def test_the_one_of_tree_1_and_a_name_too_many_are_named() -> None:
    of_tree_1 = round(1 - (FOUR_ROOTS[1] + FOUR_ROOTS[2] + FOUR_ROOTS[3]) / 3, 3)
    assert BY_NUMBER["3.2"].judge(of_tree_1) == "0.133 is the one of tree 1."
    assert BY_NUMBER["3.2"].judge("0.133").startswith("'0.133' is a text")
    said = BY_NUMBER["3.1"].judge({"0": 0.5, "0.0": 2.0, "0.1": 0.5, "0.2": 1.0})
    assert said == "'0.2' is not asked for: give only '0', '0.0', '0.1'."


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("baseline", [False, True])
def test_the_push_of_the_notebook_is_that_of_the_rule(weights: bool, baseline: bool) -> None:
    """The same as the library's credit, added up over all outcomes of four trees."""
    assert round(P, 9) == round(1 / (1 + exp(-0.2)), 9)
    rule = ("leave_one_out" if baseline else "none", "inverse_frequency" if weights else "none")
    assert average_push(4, baseline=baseline, depth_weights=weights) == pytest.approx(
        expected_gradient(1, *rule)[0], abs=1e-12
    )
