"""Notebook 09: right answers pass, computed by the commands that it names; near misses get a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.cli.doctor import fits
from rao_lab.course.exercise import find


def test_right_answers_pass(repo: Path) -> None:
    with rl.open_run(repo / "data/runs/smollm2.rao") as run:
        frame = [turn for node in run.groups(0)[0].trees[0].nodes for turn in node.turns]
    assert len(frame) == 6
    with_code = sum("I found no code" not in (turn.error or turn.output or "") for turn in frame)
    kept = json.loads((repo / "data/bench/rollout.json").read_text("utf-8"))
    (speed,) = (case["median"] for case in kept["cases"] if case["name"] == "smollm2/64 x 8/engine")
    hours = 40 * 64 * sum(turn.tokens_out for turn in frame) / speed / 3600
    full = next(way["billions"] for way in fits(8e9) if way["way"] == "full, fp32")
    for number, answer in {"9.1": with_code, "9.2": round(hours, 1), "9.3": full, "9.4": "b"}.items():
        assert find(number).off(answer) == "", (number, answer)


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("9.1", 6, "large"),
        ("9.2", 20972, "large"),
        ("9.3", 0.5, "large"),
        ("9.3", 350_000_000, "large"),
        ("9.4", "a", "negative advantage"),
        ("9.4", "c", "multiply"),
        ("9.4", None, "none of the choices"),
    ],
)
def test_a_near_miss_gets_a_sentence(number: str, answer: object, said: str) -> None:
    assert said in find(number).off(answer)
