"""Notebook 07: right answers pass, computed as the notebook shows them; near misses get a sentence."""

from __future__ import annotations

import pytest

from rao_lab.course.exercise import find
from rao_lab.experiments.claims.reading import open_claims


@pytest.fixture(scope="module")
def right() -> dict[str, object]:
    claims = open_claims()
    after, before = (
        [float(f"{claims.delegates(arm, fits=fits):.2f}") for fits in (True, False)]
        for arm in ("rao", "team_base")
    )
    return {
        "7.1": claims.steps("flat_tokens"),
        "7.2": "b",
        "7.3": [round(one - other, 2) for one, other in zip(after, before, strict=True)],
        "7.4": 4 * len(claims.seeds("rao", "team_base")),
    }


def test_right_answers_pass(right: dict[str, object]) -> None:
    for number, answer in right.items():
        assert find(number).off(answer) == "", number
    assert right["7.1"] == 79 and right["7.3"] == [0.24, 0.12] and right["7.4"] == 20


def test_whole_steps_may_be_a_little_short_or_a_little_long() -> None:
    claims = open_claims()
    exact = claims.steps("flat") * claims.tokens("rao") / claims.tokens("flat")
    assert 79 < exact < 80 and {find("7.1").off(each) for each in (79, 80, 79.0)} == {""}


def test_what_rose_adds_up_to_the_figure_of_the_claim(right: dict[str, object]) -> None:
    fits, rest = right["7.3"]  # type: ignore[misc]
    (row,) = open_claims().verdicts("e").rows
    assert row.seen is not None and round(rest - fits, 2) == round(row.seen.value, 2)


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("7.1", 40, "small"),
        ("7.1", 0.79, "small"),
        ("7.2", "a", "only one of the values"),
        ("7.2", "c", "sign"),
        ("7.2", "d", "ruled out"),
        ("7.2", "e", "none of the choices"),
        ("7.1", 78, "small"),
        ("7.1", 81, "large"),
        ("7.1", -79, "sign"),
        ("7.3", [0.12, 0.24], "0 of 2 values right; at number 1: 0.12 is too small"),
        (
            "7.3",
            [0.24, -0.12],
            "1 of 2 values right; at number 2: -0.12 has the right size and the wrong sign",
        ),
        ("7.3", -0.12, "no list"),
        ("7.3", [0.24], "1 value, and 2 are asked for"),
        ("7.4", 10, "small"),
        ("7.4", "20", "quotation"),
    ],
)
def test_a_near_miss_gets_a_sentence(number: str, answer: object, said: str) -> None:
    assert said in find(number).off(answer)
