"""Intervals over tasks: known values, the edges, and the coverage by simulation."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from rao_lab.evaluation.clustered import difference, holm, share, t_quantile, tasks_needed
from rao_lab.evaluation.intervals import wilson


# Quantiles of Student's t from a table.
@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (9, 2.2622), (30, 2.0423), (1000, 1.9623)],
)
def test_quantiles_of_t(freedom: int, expected: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(expected, abs=1e-4)


def test_a_share_of_many_independent_tasks_is_wilsons() -> None:
    scores = [[float(at % 2)] for at in range(400)]
    found = share(scores)
    assert found is not None and found.value == 0.5
    assert (found.low, found.high) == pytest.approx(wilson(200, 400), abs=2e-3)


def test_repeats_of_tasks_that_are_alike_add_nothing() -> None:
    once, often = ([[float(at % 2)] * repeats for at in range(20)] for repeats in (1, 8))
    first, second = share(once), share(often)
    assert first and second and (first.low, first.high) == pytest.approx((second.low, second.high), abs=1e-9)
    # All succeeded: how alike repeats are, nobody knows, so the tasks count.
    assert share([[1.0] * 8] * 5) == share([[1.0]] * 5)
    assert share([[], []]) is None
    assert share([[1.0]]).low < 0.1  # type: ignore[union-attr]


def test_a_difference_needs_more_than_a_few_tasks_that_agree() -> None:
    better = ([1.0], [0.0])
    for tasks, settled in ((1, False), (3, False), (7, True), (20, True)):
        found = difference([better] * tasks)
        assert found is not None and found.value == 1.0
        assert (found.low > 0) is settled is (found.p < 0.05), tasks
    none = difference([([0.5], [0.5])] * 9)
    assert none and none.low < 0 < none.high and none.p == 1.0 and tasks_needed(none) == inf
    assert difference([([], [1.0])]) is None
    mirrored = difference([([0.0], [1.0]), ([1.0], [1.0])]), difference([([1.0], [0.0]), ([1.0], [1.0])])
    assert mirrored[0].low == -mirrored[1].high  # type: ignore[union-attr]


def test_more_tasks_are_needed_for_a_smaller_difference_and_for_more_comparisons() -> None:
    wide = difference([([1.0], [0.0]), ([0.0], [1.0]), ([1.0], [0.0])] * 4)
    small = difference([([1.0], [0.0]), ([0.0], [1.0])] * 6 + [([1.0], [0.0])])
    assert wide and small
    assert tasks_needed(small) > tasks_needed(wide) < tasks_needed(wide, comparisons=10)
    # 0.333 with a spread of 0.985: (1.960 + 0.842)^2 * 0.985^2 / 0.333^2 = 68
    assert tasks_needed(wide) == pytest.approx(68.5, abs=1)


def test_holm() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "repeats"), [(5, 1), (5, 8), (10, 4), (20, 1), (20, 8), (40, 4)])
def test_the_intervals_cover_the_truth(tasks: int, repeats: int) -> None:
    """By 400 simulated benches of each case, 95 of 100 intervals hold the truth on average, and never fewer than 87.

    A task's success is drawn from a beta distribution whose correlation between repeats is `alike`; the second prompt
    solves a share of what the first fails."""
    random = np.random.default_rng(tasks * 100 + repeats)
    covered: list[tuple[float, float]] = []
    for success in (0.05, 0.3, 0.5, 0.9):
        for alike in (0.0, 0.3, 0.9):
            for gain in (0.0, 0.3):
                truth = gain * (1 - success)
                hits = [0, 0]
                for _ in range(400):
                    scale = (1 - alike) / alike if alike else 1e9
                    chances = random.beta(success * scale, (1 - success) * scale, tasks)
                    one = random.random((tasks, repeats)) < chances[:, None]
                    two = random.random((tasks, repeats)) < (chances + gain * (1 - chances))[:, None]
                    first, second = one.astype(float).tolist(), two.astype(float).tolist()
                    alone, both = share(first), difference(list(zip(second, first, strict=True)))
                    assert alone and both
                    hits[0] += alone.low <= success <= alone.high
                    hits[1] += both.low <= truth <= both.high
                covered.append((hits[0] / 400, hits[1] / 400))
    found = np.array(covered)
    assert (found.mean(axis=0) >= 0.945).all(), found.mean(axis=0)
    assert (found.min(axis=0) >= 0.87).all(), found.min(axis=0)
