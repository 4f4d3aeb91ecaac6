"""Equal budgets: who is cheap has more tries, a try that goes over the budget is none, and pass@k has no bias."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

import pytest

from rao_lab.errors import ConfigError
from rao_lab.evaluation.budgets import Budget, pass_at, within
from rao_lab.evaluation.compare import compare
from rao_lab.evaluation.measures import curve_of, measures_of
from rao_lab.evaluation.rows import TaskRow
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Task
from tests.support.worlds import Lines, Shelf


def row(success: float | None, turns: int = 10, attempt: int = 0, task: str = "t") -> TaskRow:
    return TaskRow(task, "", success, "finished", 1, 0, False, 5 * turns, turns, turns, 1.0, attempt=attempt)


@pytest.mark.parametrize(
    ("given", "unit", "amount"),
    [("tokens", "tokens", None), ("turns=30", "turns", 30), ({"seconds": 1.5}, "seconds", 1.5)],
)
def test_a_budget_is_read_from_words(given: Any, unit: str, amount: float | None) -> None:
    assert Budget.read(given) == Budget(unit, amount)


@pytest.mark.parametrize("given", ["money", "tokens=many", "tokens=0", "turns=inf", {}, {"turns": "4"}, 400])
def test_what_is_no_budget_is_refused_with_what_to_write(given: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"choose one of|as in tokens=400|means nothing|must be a number|is none"
    ):
        Budget.read(given)


@pytest.mark.parametrize(
    ("tries", "amount", "best"),
    [
        ([row(1.0, 10)], 10, 1.0),
        ([row(1.0, 10)], 9, 0.0),  # it went over
        ([row(0.0, 4), row(1.0, 6)], 10, 1.0),
        (
            [row(0.0, 4), row(1.0, 7), row(1.0, 1)],
            10,
            0.0,
        ),  # the rest is used up by a try that counts for nothing
        ([row(None, 4), row(0.0, 4)], 10, None),  # it may have succeeded
        ([row(None, 4), row(1.0, 4)], 10, 1.0),
        ([row(0.5, 4), row(0.25, 4)], 10, 0.5),
    ],
)
def test_what_is_solved_within_a_budget(tries: Sequence[TaskRow], amount: float, best: float | None) -> None:
    assert within(tries, Budget("turns"), amount) == best


def test_pass_at_k_is_the_mean_over_all_choices_of_k_tries() -> None:
    tries = [row(s) for s in (1, 0, 0, 1, 0, 0)]
    for k in range(1, 7):
        chosen = [any(each.success == 1 for each in some) for some in combinations(tries, k)]
        assert pass_at(k, tries) == pytest.approx(fmean(chosen))
    assert pass_at(3, [row(None), row(1.0), row(0.0)]) is None


class Costly(Lines):
    """The recursive agent takes 4 turns a try, the flat one 1; every third try of either succeeds."""

    def _reply(self, request: TurnRequest) -> TurnReply:
        rollout = int(request.noise[3])
        last = request.agent == "flat" or request.turn == 4
        value = "ok" if rollout % 3 == 2 else "no"
        return TurnReply(request.key, f'finish("{value}")' if last else 'print("on")')


TASKS = [Task(f"t{at}", f"fill {at}", "easy", "test") for at in range(3)]


@pytest.mark.parametrize(
    ("budget", "tries", "solved"),
    [("turns", (1, 4), (0.0, 1.0)), ("turns=12", (3, 12), (1.0, 1.0)), ("turns=8", (2, 8), (0.0, 1.0))],
)
def test_everyone_tries_until_an_equal_budget_is_used_up(
    budget: str, tries: tuple[int, int], solved: tuple[float, float]
) -> None:
    found = compare(Shelf(), Costly({}), tasks=TASKS, budget=Budget.read(budget))
    assert tuple(len(rows[0]) for rows in found.tries.values()) == tries
    measure = found.measures[-1]
    assert measure.name == "within the budget"
    assert tuple(one.value for one in measure.values.values() if one) == solved
    for by_task in found.tries.values():
        assert [each.attempt for each in by_task[1]] == [*range(len(by_task[1]))]
    assert found.evaluations["flat"].success == 0.0, "an evaluation is of the first try"
    assert f"budget: {found.budget}" in str(found) and "recursive minus flat" in str(found)
    assert "within the budget (one of the tries until the budget is used up) on 3 tasks" in str(found)
    more = "1 asked for, the others until the budget was used up"
    assert [f"{each} tries a task ({more})" in str(found) for each in ("1.0", f"{tries[1]}.0")] == [
        False,
        True,
    ]
    assert found.budget is not None
    spent, shares = curve_of(found.tries["flat"], found.budget, found.amounts)
    assert (shares[0], shares[-1], spent[-1]) == (0.0, 1.0, found.amounts[0])


def test_repeats_give_pass_at_k_to_everyone() -> None:
    found = compare(Shelf(), Costly({}), ["flat"], tasks=TASKS, repeats=3)
    assert [each.name for each in found.measures] == ["pass@1", "pass@2", "pass@3"]
    values = [each.values["flat"].value for each in found.measures]  # type: ignore[union-attr]
    assert values == pytest.approx([1 / 3, 2 / 3, 1.0])
    said = str(found).splitlines()
    assert said[0] == "first tries, with Wilson's 95 % intervals:" and "success 0.00" in said[1]
    assert "pass@1 (mean of 3 tries) on 3 tasks" in said[3] and "pass@3 (one of 3 tries) on" in said[5]
    assert "pass@2 (one of 2 tries, mean of all choices of 3) on" in said[4]
    assert found.to_dict()["repeats"] == 3 and len(found.to_dict()["rows"]["flat"]) == 9


def test_a_budget_in_what_nobody_counted_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="task t0 was played without counting generated tokens: choose turns"
    ):
        compare(Shelf(), Costly({}), tasks=TASKS, budget=Budget("tokens"))


def test_differences_are_paired_and_clustered_by_what_is_alike() -> None:
    one = [[row(float(at % 3 == 0), task=f"t{at}")] for at in range(30)]
    two = [[row(float(at % 3 == 0 and at % 2), task=f"t{at}")] for at in range(30)]
    (found,) = measures_of({"a": one, "b": two})
    gap = found.differences["a", "b"]
    assert gap is not None and gap.value == pytest.approx(1 / 6) and gap.items == 30
