"""The exercises of notebook 05: a bench of prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.course.exercise import find


@pytest.mark.parametrize(
    ("number", "answer"), [("5.1", "refusal.j2"), ("5.2", "tasks"), ("5.3", 6), ("5.4", "b")]
)
def test_right_answers_pass(number: str, answer: object) -> None:
    assert find(number).off(answer) == ""


def test_the_count_of_replies_is_that_of_the_recorded_bench(repo: Path) -> None:
    bench = rl.PromptBench.open(repo / "data/runs/prompt_bench.rao")
    plain, example = bench.figures
    assert plain.unparsed is not None and example.unparsed is not None
    assert find("5.3").off(12 * (plain.unparsed - example.unparsed)) == ""


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("5.1", "task.j2", "task.j2 is read once: it tells the goal."),
        ("5.2", "repeats", "Repeats say more about the same 5 tasks, and nothing about how other tasks go."),
        ("5.3", 0.5, "0.5 is too small."),
        ("5.4", "a", "These tasks are too hard to tell the prompts apart: that does not make them equal."),
        ("5.4", "c", "It used fewer tokens because its replies held no code: that is no saving."),
        ("5.4", None, 'None is none of the choices: give "a", "b" or "c", in quotation marks.'),
    ],
)
def test_a_near_miss_is_told_what_is_off(number: str, answer: object, said: str) -> None:
    assert find(number).off(answer) == said
