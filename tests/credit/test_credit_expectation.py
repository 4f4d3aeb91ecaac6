"""The expected gradient of a small bandit tree, enumerated exactly (decision 11 of the method)."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from math import comb, exp, factorial, prod
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import CreditConfig, NodeTable, attribute_table

# Expectation: a small bandit tree enumerated exactly (method, decision 11)
#
# The root delegates with probability P = sigma(0.2), else works alone with s = 0.3; its child succeeds
# with Q = sigma(0.4), and a delegating root's s is its child's. G = 4 trees a group, lam = 0.4. A tree
# is one of three outcomes, so a group is how often each occurs, and a batch is a bag of such groups.

P, Q, G = 1 / (1 + exp(-0.2)), 1 / (1 + exp(-0.4)), 4
ALONE, GOOD, BAD = (0.3,), (1.0, 1.0), (0.0, 0.0)
OUTCOMES = ((ALONE, 1 - P), (GOOD, P * Q), (BAD, P * (1 - Q)))
COMPOSITIONS = [(a, g, G - a - g) for a in range(G + 1) for g in range(G + 1 - a)]


def chance_of(composition: tuple[int, ...]) -> float:
    ways = comb(G, composition[0]) * comb(G - composition[0], composition[1])
    return ways * prod(p**k for (_, p), k in zip(OUTCOMES, composition, strict=True))


def bandit_table(batch: tuple[tuple[int, ...], ...]) -> NodeTable:
    trees = [
        (group, outcome)
        for group, composition in enumerate(batch)
        for (outcome, _), count in zip(OUTCOMES, composition, strict=True)
        for outcome in [outcome] * count
    ]
    group, place, s, depth = [], [], [], []
    for index, (label, outcome) in enumerate(trees):
        group += [label] * len(outcome)
        place += [index % G] * len(outcome)
        s += outcome
        depth += range(len(outcome))
    parent = [-1 if d == 0 else row - 1 for row, d in enumerate(depth)]
    return NodeTable(
        np.array(group, np.int32),
        np.array(place, np.int32),
        ["0.0" if d else "0" for d in depth],
        np.array(parent, np.int32),
        np.array(depth, np.int32),
        np.array(s),
        ["finished"] * len(s),
        np.ones(len(s), np.int64),
    )


@cache
def expected_gradient(
    groups: int, baseline: Any, weighting: Any, counted: bool = False
) -> tuple[float, float]:
    """Expected gradient to the root's and to the child's logit, for one group. `counted`: Z = number of nodes."""
    config = CreditConfig(baseline=baseline, depth_weighting=weighting)
    root = child = total = 0.0
    for batch in combinations_with_replacement(COMPOSITIONS, groups):
        repeats = prod(factorial(batch.count(one)) for one in set(batch))
        chance = factorial(groups) / repeats * prod(map(chance_of, batch))
        found = attribute_table(bandit_table(batch), config)
        scale = chance / (len(found) if counted else groups)
        is_child = found.table.depth == 1
        delegated = found.scored_children[~is_child] > 0
        root += scale * float(found.c[~is_child] @ (delegated - P))
        child += scale * float(found.c[is_child] @ (found.s[is_child] - Q))
        total += chance
    assert total == pytest.approx(1, abs=1e-12)
    return root, child


@pytest.mark.parametrize("groups", [1, 2])
def test_leave_one_out_leaves_the_expected_gradient_unchanged(groups: int) -> None:
    without = expected_gradient(groups, "none", "none")
    with_baseline = expected_gradient(groups, "leave_one_out", "none")
    assert with_baseline == pytest.approx(without, abs=1e-12)
    # 4 P (1 - P) (1.4 Q - 0.3) for the root; 4 P Q (1 - Q) for the child, whose own s is all it moves
    assert without == pytest.approx((4 * P * (1 - P) * (1.4 * Q - 0.3), 4 * P * Q * (1 - Q)), abs=1e-12)
    assert round(without[0], 5) == 0.53282


def test_a_mean_that_counts_the_own_root_shrinks_its_gradient() -> None:
    # R - mean of all = (1 - 1/G) (R - mean of the others)
    without = expected_gradient(1, "none", "none")[0]
    assert expected_gradient(1, "group_mean", "none")[0] == pytest.approx(without * (1 - 1 / G), abs=1e-12)


# Per group of the batch, without and with the leave-one-out baseline, for 1, 2 and 3 groups.
BIASED = {
    ("inverse_frequency", False): [(0.46645, 0.40625), (0.44589, 0.40957), (0.43524, 0.41068)],
    ("none", True): [(0.07312, 0.08857), (0.0798, 0.08753), (0.08191, 0.08705)],
}


@pytest.mark.parametrize(("weighting", "counted"), BIASED)
def test_what_counts_the_batch_biases_the_gradient_less_with_more_groups(
    weighting: str, counted: bool
) -> None:
    """The baseline moves it by 12.9, 8.1, 5.6 % (weights) and 21.1, 9.7, 6.3 % (counted normalizer)."""
    gaps = []
    for groups, expected in enumerate(BIASED[weighting, counted], 1):
        bare, held = (expected_gradient(groups, b, weighting, counted)[0] for b in ("none", "leave_one_out"))
        assert (round(bare, 5), round(held, 5)) == expected
        gaps.append(abs(held - bare) / bare)
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_weights_counted_inside_a_group_stay_as_biased_with_more_groups() -> None:
    one = expected_gradient(1, "leave_one_out", "per_group")
    assert expected_gradient(2, "leave_one_out", "per_group") == pytest.approx(one, abs=1e-12)
    assert round(one[0], 5) == 0.40625
