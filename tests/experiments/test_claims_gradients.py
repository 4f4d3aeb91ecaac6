"""Gradients under several baselines: what they are made of, and their bias where it is known exactly."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from rao_lab.api.defaults import TINY
from rao_lab.credit import CreditConfig, attribute
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError
from rao_lab.experiments.claims.gradient_figures import (
    BASELINES,
    WEIGHTS,
    CreditRule,
    Rows,
    coefficients,
    compare,
    table,
)
from rao_lab.experiments.claims.gradients import Sketch, measure_gradients, rollouts_of, rows_of
from rao_lab.policies.load import load_policy
from rao_lab.training.config import LossConfig
from rao_lab.training.objective import Scorer, build_batch, loss_on_pack
from rao_lab.training.packs import pack
from tests.credit.test_credit_expectation import P, Q
from tests.support.tinymodels import gradient, groups_of, tiny_policy


def test_a_weighted_sum_of_rows_is_the_gradient_that_training_descends() -> None:
    policy: Any = tiny_policy()
    groups = groups_of(policy, tasks=2, size=4)
    rows = rows_of(policy, groups, lam=0.4)
    weights = [weight for weight in policy.model.parameters() if weight.requires_grad]
    sketch = Sketch(weights)
    names = [name for name, weight in policy.model.named_parameters() if weight.requires_grad]
    assert any(rows.depth > 0)
    for baseline, depth_weights in product(BASELINES, WEIGHTS):
        config = CreditConfig.from_dict({"baseline": baseline, "depth_weighting": depth_weights})
        loss = LossConfig(temperature=policy.temperature)
        batch = build_batch(groups, attribute(groups, config), loss)
        policy.model.zero_grad()
        for packed in pack(batch.sequences, 2048):
            (-loss_on_pack(Scorer(policy.model), packed, batch, loss).loss).backward()
        found = gradient(policy.model)
        exact = sketch([found.get(name) for name in names])
        mine, earned, plain = coefficients(
            rows, np.arange(8), np.repeat([0, 1], 4), CreditRule(baseline, depth_weights, "token"), 1.0
        )
        summed = earned @ rows.earned[mine] + plain @ rows.plain[mine]
        assert np.abs(exact).max() > 0
        assert summed == pytest.approx(exact, rel=1e-3, abs=1e-5 * float(np.abs(exact).max())), config


def bandit(trees: int) -> Rows:
    """The bandit tree of decision 11, of which only the root's logit has a gradient; each node has one token."""
    dice = np.random.default_rng(0)
    delegates, good = dice.random(trees) < P, dice.random(trees) < Q
    root_R = np.where(delegates, 1.4 * good, 0.3)
    tree = np.concatenate([np.arange(trees), np.flatnonzero(delegates)])
    depth = np.concatenate([np.zeros(trees, int), np.ones(delegates.sum(), int)])
    order = np.lexsort((depth, tree))
    ones = np.ones(len(tree), int)
    score = np.where(depth == 0, delegates[tree] - P, 0.0)[:, None]
    earned = score * np.where(depth == 0, root_R[tree], 0.0)[:, None]
    columns = (score[order].astype(np.float32), earned[order].astype(np.float32))
    return Rows(np.zeros(trees, int), root_R, tree[order], depth[order], ones, ones, *columns)


def test_bias_is_found_where_it_is_and_only_there() -> None:
    """Of decision 11: .53282 and .53282; .46645 and .40625; with Z counted from the batch .07312 and .08857."""
    found = compare(bandit(12_000), 1, 4, partitions=2)
    told = {(rule["baseline"], rule["weights"], rule["normalizer"]): rule for rule in found}
    known = {("none", "fixed"): 0.0, ("inverse_frequency", "fixed"): -0.1291, ("none", "token"): 0.2113}
    for (weights, normalizer), wanted in known.items():
        bias = told["leave_one_out", weights, normalizer]["bias"]
        assert 0 < bias["error"] < 0.04
        assert bias["value"] == pytest.approx(wanted, abs=3 * bias["error"])
    # the mean that holds the own return shrinks the gradient by a quarter of what leave-one-out compares
    mean = told["group_mean", "none", "fixed"]
    assert mean["bias"]["value"] == pytest.approx(-0.25, abs=3 * mean["bias"]["error"])
    assert told["none", "none", "fixed"]["bias"]["value"] == 0
    assert told["none", "none", "fixed"]["variance"]["value"] == 1
    assert told["leave_one_out", "none", "fixed"]["variance"]["value"] < 0.8
    assert "| 1 x 4 | inverse frequency | fixed | leave one out | -1" in table(
        {"shapes": [{"groups": 1, "trees": 4, "rules": found}]}
    )


def test_too_few_rollouts_are_refused_before_anything_runs() -> None:
    with pytest.raises(
        ConfigError, match="8 tasks with 16 rollouts make fewer than 4 batches of 8 x 8 trees"
    ):
        measure_gradients(tasks=8, rollouts=16)


def test_rollouts_of_a_task_have_noise_of_their_own() -> None:
    policy: Any = load_policy("tiny", temperature=1.0, device="cpu")
    world = TextCraft("medium")
    (group,) = rollouts_of(policy, world, world.tasks("train")[:1], 6, TINY.train_limits)
    written = {tuple(turn.text for node in tree.nodes for turn in node.turns) for tree in group.trees}
    assert len(written) > 3
