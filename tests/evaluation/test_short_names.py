"""What people read in place of a policy's path."""

from __future__ import annotations

from rao_lab.evaluation.compare import compare
from rao_lab.evaluation.short_names import short_names
from tests.evaluation.test_budgets import TASKS, Costly
from tests.support.worlds import Shelf

STEP = "runs/k.rao.ckpt/step-6/policy"


def test_a_path_is_shown_as_its_policy_calls_itself_and_a_name_that_somebody_chose_stays() -> None:
    named = {STEP: "k.rao step-6", "tiny": "tiny", "before/after": "smollm2"}
    assert short_names(named) == {STEP: "k.rao step-6", "tiny": "tiny", "before/after": "before/after"}
    twice = {f"a/{STEP}": "k.rao step-6", f"b/{STEP}": "k.rao step-6"}
    assert short_names(twice) == {name: name for name in twice}


def test_a_comparison_of_checkpoints_is_the_same_under_their_short_names() -> None:
    policy = Costly({})
    policy.name = "k.rao step-6"
    found = compare(Shelf(), {STEP: policy}, tasks=TASKS)
    assert [*found.evaluations] == [f"{STEP} recursive", f"{STEP} flat"]
    assert (
        [*found.shown.evaluations] == [*found.shown.tries] == ["k.rao step-6 recursive", "k.rao step-6 flat"]
    )
    long, short = (each.measures[0].differences.values() for each in (found, found.shown))
    assert [*long] == [*short] and found.shown.shown is found.shown
    assert found.differences[0].difference == found.shown.differences[0].difference
