"""Notebook 04: what its exercises take, and that the faults are in the recorded runs."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.course.exercise import find

FAULTS = {"A": "ac", "B": "d", "C": "e"}


@pytest.fixture(scope="module")
def runs(repo: Path) -> dict[str, rl.Run]:
    return {
        name: rl.open_run(repo / f"data/course/{name}.rao") for name in ("sound", "run_a", "run_b", "run_c")
    }


def test_right_answers_pass(runs: dict[str, rl.Run]) -> None:
    [group] = [group for group in runs["run_a"].groups(6) if group.index == 3 and not group.probe]
    R = [
        tree.root.success + 0.4 * fmean([child.success for child in tree.children("0")] or [0])
        for tree in group.trees
    ]
    blamed = group.trees[3].node("0.0")
    assert blamed.success == 0 and all(child.success == 1 for child in group.trees[3].children("0.0"))
    A = 0.4 - (sum(R) - R[3]) / 5
    rules = rl.compare_rules(runs["run_b"], {"as trained": "recorded", "as in sound": rl.CreditConfig()})
    copies = 1 - rules.share_by_depth("as in sound")[0]
    for number, answer in {"4.1": "own goal", "4.2": A, "4.3": copies, "4.4": FAULTS}.items():
        assert find(number).off(answer) == "", number
    assert find("4.2").off(round(A, 2)) == find("4.3").off(round(copies, 2)) == ""
    assert find("4.4").off({"A": "c, A", "B": " D", "C": "e"}) == ""
    assert find("4.4").off({"A": ["a", "c"], "B": {"d"}, "C": "e"}) == ""


@pytest.mark.parametrize(
    ("number", "answer", "says"),
    [
        ("4.1", "launch limit", "not why"),
        ("4.1", "no badge", "is not it"),
        ("4.2", 0.9, "too large"),
        ("4.3", 43.4, "percent"),
        ("4.4", {"A": "ab", "B": "d", "C": "e"}, "Run A: one of the two is right."),
        ("4.4", {"A": "bf", "B": "d", "C": "e"}, "Run A: this is not it."),
        ("4.4", {"A": "c", "B": "d", "C": "e"}, "two faults, and you name 1"),
        ("4.4", {"A": "ac", "B": "dz", "C": "e"}, "'z' is no suspect"),
        (
            "4.4",
            {"A": 3, "B": "d", "C": "e"},
            "For run A, 3 is no text: write its letters in quotation marks",
        ),
        ("4.4", {"A": "ac"}, "no letters for run B"),
    ],
)
def test_a_near_miss_is_told_what_is_off(number: str, answer: Any, says: str) -> None:
    assert says in find(number).off(answer)


@pytest.mark.parametrize("odd", [float("nan"), "0.5", [], {}, {"A": 3}, object(), 10**400, True])
def test_odd_answers_get_a_sentence(odd: Any) -> None:
    for number in ("4.1", "4.2", "4.3", "4.4"):
        said = find(number).off(odd)
        assert said.endswith(".") and "\n" not in said and "cannot be judged" not in said


def test_each_fault_is_seen_by_its_tool_and_named_nowhere(runs: dict[str, rl.Run]) -> None:
    counts = {name: rl.diagnose(run, step=6).counts().get("own_goal", 0) for name, run in runs.items()}
    assert counts["run_a"] > 50 and not any(counts[name] for name in ("sound", "run_b", "run_c"))
    known = {name: set(rl.diagnose(runs[name]).counts()) for name in ("sound", "run_a")}
    assert known["run_a"] - known["sound"] == {"own_goal", "late_launch", "tree_limit", "launch_limit"}
    credit = {name: run.attributions(6) for name, run in runs.items()}
    praised = {
        name: sum(each.A > 0 for each in found if each.trained and each.s == 0)
        for name, found in credit.items()
    }
    assert praised["run_a"] > 20 and praised["sound"] == 0
    solved = [each.A for each in credit["run_a"] if each.trained and each.s == 1]
    assert sum(A < 0 for A in solved) > len(solved) / 2
    assert all(row["gradient_share_by_depth"]["0"] == pytest.approx(1) for row in runs["run_b"].metrics[1:])
    assert len(credit["run_b"]) == 118 and sum(each.depth > 0 for each in credit["run_b"]) == 94
    assert 0.2 < runs["sound"].metrics[-1]["gradient_share_by_depth"]["0"] < 0.8
    for step in (1, 6):
        for group in runs["run_c"].groups(step):
            assert group.probe or len({str(tree) for tree in group.trees}) == 1
    assert any(len({str(tree) for tree in group.trees}) == 6 for group in runs["sound"].groups(6))
    settings = json.dumps([run.config for run in runs.values()], default=str)
    assert "case" not in settings and "fault" not in settings
    assert {each.name for each in runs["run_c"].path.parent.glob("*.rao")} == {f"{name}.rao" for name in runs}


def test_what_the_notebook_says_of_success_is_so(runs: dict[str, rl.Run]) -> None:
    gain = {
        name: run.metrics[-1]["probe_success"] - run.metrics[0]["probe_success"] for name, run in runs.items()
    }
    assert gain["run_a"] <= 0 and gain["run_c"] <= 0, "A and C have not become better"
    assert gain["sound"] > 0.15 and gain["run_b"] > 0.3, "B hides its fault"
