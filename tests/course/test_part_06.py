"""Notebook 06: what its exercises take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rao_lab.course.exercise import find
from rao_lab.evaluation.intervals import wilson


def test_right_answers_pass() -> None:
    for number, answer in {"6.1": 0.47, "6.2": 56, "6.3": ["luck", "goal", "Unknown"]}.items():
        assert find(number).off(answer) == "", number
    assert find("6.1").off(1.4 - (1.4 + 1.0 + 0.4) / 3) == find("6.2").off(48) == ""


@pytest.mark.parametrize(
    ("number", "answer", "says"),
    [
        ("6.1", 0.7, "too large"),
        ("6.2", 24, "not yet half"),
        ("6.2", "48", "is a text: give a number, without quotation marks"),
        ("6.2", 200, "fewer would do"),
        ("6.2", 12, "not more than"),
        ("6.3", ["luck", "goal", "goal"], "number 3"),
    ],
)
def test_a_near_miss_is_told_what_is_off(number: str, answer: Any, says: str) -> None:
    assert says in find(number).off(answer)


@pytest.mark.parametrize("odd", [float("nan"), "0.5", [], {}, object(), 10**400, True, -3])
def test_odd_answers_get_a_sentence(odd: Any) -> None:
    for number in ("6.1", "6.2", "6.3"):
        said = find(number).off(odd)
        assert said.endswith(".") and "\n" not in said, said


def test_the_intervals_in_the_notebook_are_those_of_its_counts(repo: Path) -> None:
    book = json.loads((repo / "notebooks" / "06_fork_and_ask_why.ipynb").read_text("utf-8"))
    text = "".join("".join(cell["source"]) for cell in book["cells"])
    for count in (8, 7, 0, 9, 2, 3, 5):
        low, high = (f"{end:.2f}".removeprefix("0") for end in wilson(count, 12))
        assert f"{count} of 12 [{low}, {high}]" in text
    low, high = wilson(3, 12)
    assert f"{low:.2f} to {high:.2f}".replace("0.", ".") in text and f"{high - low:.2f}"[1:] in text
