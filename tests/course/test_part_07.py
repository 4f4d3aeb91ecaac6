"""Notebook 07: right answers pass, computed as the notebook shows them; near misses get a sentence."""

from __future__ import annotations

import pytest

from rao_lab.course.exercise import find
from rao_lab.experiments.claims.reading import open_claims


@pytest.fixture(scope="module")
def right() -> dict[str, object]:
    claims = open_claims()
    after, before = (
        float(f"{claims.delegates(arm, fits=False):.2f}") - float(f"{claims.delegates(arm, fits=True):.2f}")
        for arm in ("rao", "team_base")
    )
    return {
        "7.1": claims.steps("flat_tokens"),
        "7.2": "b",
        "7.3": round(after - before, 2),
        "7.4": 4 * len(claims.seeds("rao", "team_base")),
    }


def test_right_answers_pass(right: dict[str, object]) -> None:
    for number, answer in right.items():
        assert find(number).off(answer) == "", number
    assert right["7.3"] == -0.12 and right["7.4"] == 20


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("7.1", 40, "small"),
        ("7.1", 0.79, "small"),
        ("7.2", "a", "only one of the values"),
        ("7.2", "c", "sign"),
        ("7.2", "d", "ruled out"),
        ("7.2", "e", "none of the choices"),
        ("7.3", 0.12, "sign"),
        ("7.3", -0.41, "small"),
        ("7.4", 10, "small"),
        ("7.4", "20", "quotation"),
    ],
)
def test_a_near_miss_gets_a_sentence(number: str, answer: object, said: str) -> None:
    assert said in find(number).off(answer)
