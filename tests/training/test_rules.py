"""Training by other rules: what a step is multiplied by is what a rule said of it, and its record can be checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import CreditConfig, CreditNodes, attribute
from rao_lab.errors import CallbackError, ConfigError
from rao_lab.training.checkpoint import check_same
from tests.golden.make import column
from tests.support.plain_credit import plain_credit
from tests.support.tinymodels import SMALL, all_steps, stepping, tiny_policy


def test_each_step_is_compared_with_the_means_of_the_steps_before() -> None:
    config = CreditConfig(baseline="moving", decay=0.7)
    steps = all_steps(replace(SMALL, credit=config))[1:]
    means: list[float | None] = []
    for step in steps:
        found = step.attributions
        assert column(found.moving) == pytest.approx(means)
        again = attribute(step.groups, config, moving=found.moving)  # from what is recorded of it
        assert np.array_equal(again.c, found.c, equal_nan=True)
        table = found.table
        plain = {
            name: column(getattr(table, name)) for name in ("group", "tree", "parent", "depth", "s", "tokens")
        }
        told = plain_credit({**plain, "status": table.status}, config.to_dict(), "token", means)
        assert column(found.A) == [None if A is None else pytest.approx(A) for A in told["A"]]
        means = moved(means, plain["depth"], told["R"], table.status)
    assert any(mean is not None for mean in means)


def moved(means: list[Any], depths: list[int], returns: list[Any], status: list[str]) -> list[Any]:
    """An exponential mean for each depth, plainly."""
    found = [*means, *[None] * (max(depths) + 1 - len(means))]
    for depth in range(max(depths) + 1):
        rows = [row for row, at in enumerate(depths) if at == depth and status[row] != "cancelled"]
        here = [returns[row] for row in rows if returns[row] is not None]
        if here:
            own, old = sum(here) / len(here), found[depth]
            found[depth] = own if old is None else 0.7 * old + 0.3 * own
    return found


def test_training_multiplies_by_what_a_rule_of_the_user_said() -> None:
    said: list[Any] = []

    def praise(nodes: CreditNodes) -> Any:
        said.append(np.where(nodes.depth == 0, 0.25, nodes.s - 0.5))
        return said[-1]

    steps = all_steps(replace(SMALL, steps=2, probe_tasks=0, credit=CreditConfig(estimator=praise)))[1:]
    assert len(said) == 2
    for step, A in zip(steps, said, strict=True):
        trained = step.attributions.trained
        assert trained.any() and step.attributions.A[trained].tolist() == A[trained].tolist()


def test_a_rule_that_raises_ends_training_before_its_step() -> None:
    def spoiled(nodes: CreditNodes) -> Any:
        raise ValueError("no idea")

    policy = tiny_policy()
    with pytest.raises(CallbackError, match=r"the credit rule spoiled raised .*no idea"):
        list(stepping(replace(SMALL, probe_tasks=0, credit=CreditConfig(estimator=spoiled)), policy))
    assert policy.version == 0


def test_training_by_a_rule_that_is_only_a_name_is_refused_before_anything_is_sampled() -> None:
    read = CreditConfig.from_dict({"estimator": {"rule": "mine", "source": ""}})
    with pytest.raises(ConfigError, match=r"credit\.estimator is the rule mine.*give it again"):
        list(stepping(replace(SMALL, credit=read), tiny_policy()))


def test_a_run_is_not_resumed_by_a_rule_of_the_same_name_that_reads_otherwise() -> None:
    one, other = (
        replace(SMALL, credit=CreditConfig.from_dict({"estimator": {"rule": "mine", "source": source}}))
        for source in ("0123", "4567")
    )
    with pytest.raises(
        ConfigError, match="the credit rule mine reads otherwise than when this run was started"
    ):
        check_same(one, other)
    with pytest.raises(ConfigError, match=r"started with credit\.estimator"):
        check_same(one, SMALL)
    with pytest.raises(ConfigError, match=r"started with credit\.estimator='rao'"):
        check_same(SMALL, one)
