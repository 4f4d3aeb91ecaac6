"""Notebook 07: right answers pass, computed here from the rows themselves; near misses get a sentence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from rao_lab.course.exercise import find


def rows(repo: Path, arm: str) -> dict[int, Any]:
    found = {}
    for path in (repo / "data/claims/rows").glob(f"{arm}-[0-9].json.gz"):
        with gzip.open(path) as file:
            found[int(path.name[-9])] = json.load(file)
    return found


def rate(repo: Path, arm: str, fits: bool) -> float:
    delegated = [
        one
        for kept in rows(repo, arm).values()
        for look in kept["evaluations"]
        if (look["temperature"], look["window"], look["book"]) == (1.0, 128, 0)
        for band in look["bands"].values()
        for one, tokens in zip(band["delegated"], band["flat_tokens"], strict=True)
        if tokens is not None and (tokens <= 128) is fits
    ]
    return fmean(delegated)


@pytest.fixture
def right(repo: Path) -> dict[str, object]:
    rao, flat = (rows(repo, arm)[0]["training"] for arm in ("rao", "flat"))
    change = sum(
        sign * (round(rate(repo, arm, False), 2) - round(rate(repo, arm, True), 2))
        for arm, sign in (("rao", 1), ("team_base", -1))
    )
    return {
        "7.1": round(rao["tokens"] / (flat["tokens"] / flat["steps"])),
        "7.2": "b",
        "7.3": round(change, 2),
        "7.4": 4 * len(rows(repo, "rao").keys() & rows(repo, "team_base").keys()),
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
