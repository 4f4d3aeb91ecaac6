"""Intervals by resampling items and seeds: what widens them, what narrows them, and how often they are right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rao_lab.errors import ConfigError
from rao_lab.evaluation.bootstrap import difference, figure, share
from rao_lab.evaluation.intervals import wilson


def width(found: object) -> float:
    return found.high - found.low  # type: ignore[attr-defined, no-any-return]


def test_trees_of_one_item_or_one_seed_say_less_than_as_many_apart() -> None:
    rng = np.random.default_rng(3)
    luck = rng.random(30) < 0.6
    values = np.repeat(luck, 10).astype(float)  # all trees of an item end alike
    items, seeds = np.repeat(np.arange(30), 10), np.tile(np.arange(10), 30)
    apart, by_item = share(values, range(300)), share(values, items)
    assert apart is not None and by_item is not None
    assert width(by_item) > 2.5 * width(apart)
    assert (apart.low, apart.high) == pytest.approx(wilson(values.sum(), 300), abs=0.01)
    by_seed = share(np.tile(luck[:10], 30).astype(float), range(300), np.tile(np.arange(10), 30))
    assert by_seed is not None and by_seed.seeds == 10 and width(by_seed) > 2.5 * width(apart)
    both = share(values, items, seeds)
    assert both is not None and width(both) == pytest.approx(width(by_item), rel=0.2)


def test_pairing_by_task_takes_out_what_both_arms_share() -> None:
    rng = np.random.default_rng(4)
    hard = np.repeat(rng.random(40), 6)
    second = (rng.random(240) < hard).astype(float)
    first = np.where(rng.random(240) < 0.1, 1.0, second)
    items = np.repeat(np.arange(40), 6)
    found, one, two = difference(first, second, items), share(first, items), share(second, items)
    assert found is not None and one is not None and two is not None
    assert found.value == pytest.approx(first.mean() - second.mean()) and found.low > 0
    assert width(found) < 0.5 * (width(one) + width(two)) / 2
    again = difference(first, second, items)
    assert again == found, "the same resamples in each call"


def test_figures_of_sums_leave_out_trees_with_unknown_numbers() -> None:
    solo, team = [3.0, 4.0, None, 5.0], [2.0, 2.0, 9.0, 2.0]
    found = figure([team, solo], lambda sums: sums[..., 0] / sums[..., 1], "abcd")
    assert found is not None and (found.value, found.trees) == (0.5, 3) and found.low < 0.5 < found.high
    assert figure([[0.0, 0.0]], lambda sums: 1 / sums[..., 0], "ab") is None


@pytest.mark.parametrize(
    ("values", "trees", "low", "high"),
    [([1.0] * 40, 40, 0.91, 1.0), ([0.0] * 40, 40, 0.0, 0.09), ([None, 1.0], 1, 0.01, 1.0), ([], 0, 0, 0)],
)
def test_equal_outcomes_have_no_interval_of_no_width(
    values: Sequence[float | None], trees: int, low: float, high: float
) -> None:
    found = share(values, list(range(len(values))))
    if not trees:
        assert found is None and difference(values, values, []) is None
        return
    assert found is not None and found.trees == trees
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)
    same = difference(values, values, range(len(values)))
    assert same is not None and same.value == 0 and same.low < 0 < same.high


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(ConfigError, match="there are 2, 1 and 2"):
        share([1.0, 0.0], ["a"])
    with pytest.raises(ConfigError, match=r"at least 2,000"):
        share([1.0], ["a"], resamples=100)


@pytest.mark.slow
@pytest.mark.parametrize(("items", "seeds", "spread"), [(40, 5, 0.3), (12, 2, 0.3), (40, 1, 0.0)])
def test_19_of_20_intervals_hold_the_truth(items: int, seeds: int, spread: float) -> None:
    rng = np.random.default_rng(items + seeds)

    def chance(*parts: object) -> np.ndarray:
        return 1 / (1 + np.exp(-sum(parts)))  # type: ignore[call-overload, no-any-return]

    many = rng.normal(size=(3, 300_000))
    easy, own, luck = many[0], many[1] / 2, many[2] * spread
    truth = chance(easy, own, luck, 1).mean(), chance(easy, -own, luck).mean()
    right, tries = np.zeros(2), 150
    for _ in range(tries):
        item = np.repeat(rng.integers(0, items, 5 * items), seeds)
        seed = np.tile(np.arange(seeds), 5 * items)
        easy, own = rng.normal(size=items)[item], rng.normal(size=items)[item] / 2
        good = chance(easy, own, rng.normal(size=seeds)[seed] * spread, 1)
        bad = chance(easy, -own, rng.normal(size=seeds)[seed] * spread)
        first, second = (rng.random((2, len(item))) < (good, bad)).astype(float)
        one = share(first, item, seed, 2_000)
        gap = difference(first, second, item, seed, 2_000)
        assert one is not None and gap is not None
        right += [one.low <= truth[0] <= one.high, gap.low <= truth[0] - truth[1] <= gap.high]
    assert (right / tries > 0.89).all(), right / tries
