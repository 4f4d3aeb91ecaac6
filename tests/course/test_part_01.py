"""The exercises of notebook 01: right answers by hand, and what near misses are told."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.course.exercise import find

RIGHT: dict[str, list[Any]] = {
    "1.1": ["0.1", " 0.1 "],
    "1.2": ["b", "B"],
    "1.3": [0, 0.02, -0.04],
    "1.4": ["c"],
}
NEAR: dict[str, list[Any]] = {
    "1.1": ["0", "0.1.0", 0.1, None, ["0.1", "0"]],
    "1.2": ["a", "c", "the fewest", 2],
    "1.3": [1.0, 0.1, "0", float("nan"), [0, 0]],
    "1.4": ["a", "b", "d", b"c"],
}


@pytest.mark.parametrize("number", RIGHT)
def test_right_answers_pass_and_near_misses_get_a_sentence(number: str) -> None:
    exercise = find(number)
    assert [exercise.off(answer) for answer in RIGHT[number]] == [""] * len(RIGHT[number])
    said = [exercise.off(answer) for answer in NEAR[number]]
    assert all(each.endswith(".") for each in said), said


def test_a_recorded_run_says_the_same(repo: Any) -> None:
    """Step 1 of a run of the embedded policy."""
    with rl.open_run(repo / "data/pathologies/as_it_should_be.rao") as run:
        found, other = run.attributions(1), rl.attribute(run.groups(1), rl.CreditConfig(lam=0.0))
    depth, trained = found.table.depth, found.trained
    levels = {int(each): found.w[trained & (depth == each)] for each in np.unique(depth[trained])}
    fewest = min(levels, key=lambda level: len(levels[level]))
    assert max(levels, key=lambda level: fmean(levels[level])) == fewest, "1.2"
    roots = found.table.parent < 0
    for group in np.unique(found.table.group):
        assert found.A[roots & (found.table.group == group)].sum() == pytest.approx(0), "1.3"
    lost = np.flatnonzero((found.A > 1e-9) & (other.A <= 1e-9))
    assert len(lost) and all(found.child_mean[each] > 0 for each in lost), "1.4"
