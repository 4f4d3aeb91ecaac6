"""Recipes beside each other: a run is the unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

import rao_lab as rl
from rao_lab.errors import ConfigError
from rao_lab.evaluation import compare_arms as arms_of
from rao_lab.evaluation.clustered import Estimate
from rao_lab.evaluation.compare_runs import Reached

NAMES = ("as_it_should_be", "guards_off", "high_learning_rate")


@pytest.fixture(scope="module")
def runs(repo: Path) -> list[rl.Run]:
    return [rl.open_run(repo / f"data/pathologies/{name}.rao") for name in NAMES]


def reached(*successes: float) -> list[Reached]:
    none = Reached("a", 1, 10, None, 4, None, None, None, None, None)
    return [replace(none, success=Estimate(each, 0, 1, 4)) for each in successes]


def test_a_mean_is_over_runs_and_one_run_has_no_interval(runs: list[rl.Run]) -> None:
    found = rl.compare_arms({"two": runs[:2], "one": runs[2:]}, window=1)
    alone = rl.compare_runs(*runs, window=1)
    assert list(found.points) == [point.where for point in alone.points]
    point, (two, one) = alone.points[0], found.points[alone.points[0].where]
    values = [each.success.value for each in point.reached if each.success]
    assert len(values) == 3 and two.success is not None and one.success_apart is not None
    assert two.success.value == pytest.approx(fmean(values[:2]))
    assert two.tokens == fmean(each.tokens for each in point.reached[:2])
    assert one.success == arms_of.OverRuns(values[2], None, None, 1)
    assert one.success_apart.value == pytest.approx(values[2] - fmean(values[:2]))
    assert not one.success_apart.resolved
    said = str(found)
    assert "two: 2 runs, seeds" in said and "its runs differ in more than the seed" in said
    assert "success, one minus two" in said and "success, one minus two" in found._repr_html_()
    assert found.to_dict()["points"][point.where][1]["success"]["value"] == values[2]


def test_intervals_are_those_of_a_computation_by_hand() -> None:
    """t of 2 degrees of freedom is 4.3027 at 97.5 %."""
    mean = arms_of._mean([0.2, 0.4, 0.9])
    assert mean is not None and mean.low is not None and mean.high is not None
    assert (mean.value, mean.low, mean.high) == pytest.approx((0.5, 0.5 - 0.89569, 0.5 + 0.89569), abs=1e-4)

    seeds, others = ("0", "1", "2"), ("3", "4", "5")
    first, mine = reached(0.2, 0.3, 0.4), reached(0.5, 0.7, 0.9)
    welch = arms_of._difference("success", (others, mine), (seeds, first))
    assert welch is not None and welch.low is not None and not welch.paired and welch.runs == 6
    assert (welch.value, welch.low) == pytest.approx((0.4, 0.4 - 4.30265 * (0.05 / 3) ** 0.5), abs=1e-4)

    # In another order; differences are 0.7, 0.2 and 0.3.
    paired = arms_of._difference("success", (("2", "0", "1"), reached(0.7, 0.9, 0.5)), (seeds, first))
    assert paired is not None and paired.low is not None and paired.paired and paired.runs == 3
    assert (paired.value, paired.low) == pytest.approx((0.4, 0.4 - 4.30265 * 0.26458 / 3**0.5), abs=1e-4)


def test_runs_that_are_alike_have_no_interval() -> None:
    assert arms_of._mean([1.0, 1.0, 1.0]) == arms_of.OverRuns(1.0, None, None, 3)
    alike = arms_of._difference("success", (("2", "3"), reached(1.0, 1.0)), (("0", "1"), reached(0.5, 0.5)))
    assert alike == arms_of.OverRuns(0.5, None, None, 4)
    assert arms_of._difference("probes", (("0",), reached(1.0)), (("0",), reached(1.0))) is None


def test_what_are_no_arms_is_refused(runs: list[rl.Run]) -> None:
    with pytest.raises(ConfigError, match="takes two arms or more by name"):
        rl.compare_arms({"rao": runs})
    with pytest.raises(ConfigError, match="takes two arms or more by name"):
        rl.compare_arms(runs)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="takes two arms or more by name"):
        rl.compare_arms({"rao": runs[0], "flat": runs[1]})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="arm 'flat' has no run"):
        rl.compare_arms({"rao": runs, "flat": []})
    with pytest.raises(ConfigError, match="arm 'rao' has a run twice"):
        rl.compare_arms({"rao": [runs[0], runs[0]], "flat": runs[1:]})
    with pytest.raises(ConfigError, match="takes open runs"):
        rl.compare_arms({"rao": runs[:1], "flat": ["runs/a.rao"]})  # type: ignore[list-item]
