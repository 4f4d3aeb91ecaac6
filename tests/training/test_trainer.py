"""One step at a time: which trees it takes, how it moves the weights, and what it tells."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from rao_lab.credit import attribute
from rao_lab.errors import RecordError
from rao_lab.training.config import LossConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.training.state import new_state
from rao_lab.tree import Status
from tests.support.tinymodels import (
    SMALL,
    Sampler,
    all_steps,
    equal,
    gradient,
    llama,
    same,
    stepping,
    timeless,
    tiny_policy,
    weights,
)


def test_step_0_is_the_probes_alone(steps) -> None:
    assert [step.step for step in steps] == [0, 1, 2, 3]
    assert steps[0].groups == () and steps[0].attributions is None
    assert [len(group) for group in steps[0].probes] == [2, 2]


def test_probes_come_every_so_often_and_at_the_end(steps) -> None:
    assert [bool(step.probes) for step in steps] == [True, False, True, True]
    assert all(tree.header.probe for step in steps for group in step.probes for tree in group.trees)
    tasks = {tuple(group.task.id for group in step.probes) for step in steps if step.probes}
    assert len(tasks) == 1  # the same tasks each time


def test_a_step_tells_its_trees_and_its_probes_apart(steps) -> None:
    told = [repr(step).removesuffix(">").partition(", ")[0] for step in steps]
    assert told == [
        "<TrainStep 0: 4 probe trees",
        "<TrainStep 1: 6 trees",
        "<TrainStep 2: 6 trees and 4 probe trees",
        "<TrainStep 3: 6 trees and 4 probe trees",
    ]
    assert repr(steps[0]) == "<TrainStep 0: 4 probe trees>", "success is of what was trained on"
    assert repr(replace(steps[1], groups=())).startswith("<TrainStep 1: 0 trees")


def test_probes_are_sampled_after_the_update_of_their_step(steps) -> None:
    assert {tree.header.policy_version for tree in steps[2].trees if not tree.header.probe} == {1}
    assert {tree.header.policy_version for tree in steps[2].trees if tree.header.probe} == {2}


def test_headers_say_where_a_tree_belongs(steps) -> None:
    headers = [tree.header for tree in steps[1].trees]
    assert [(head.step, head.group, head.rollout) for head in headers] == [
        (1, group, rollout) for group in range(2) for rollout in range(3)
    ]
    assert headers[0].environment == "tokens" and headers[0].policy == "random" and headers[0].seed == 0
    assert headers[0].limits == SMALL.limits.to_dict()
    assert [group.index for group in steps[2].probes] == [2, 3]


def test_a_step_takes_each_task_once_and_steps_differ(steps) -> None:
    drawn = [[group.task.id for group in step.groups] for step in steps[1:]]
    assert all(len(set(each)) == 2 for each in drawn)
    assert len({tuple(each) for each in drawn}) > 1


def test_attributions_are_those_of_the_groups_without_probes(steps) -> None:
    again = attribute(steps[2].groups, SMALL.credit)
    assert steps[2].attributions.c.tolist() == pytest.approx(again.c.tolist(), nan_ok=True)
    assert len(steps[2].attributions) == sum(len(tree) for group in steps[2].groups for tree in group.trees)


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_drift_of_tokens_is_what_the_last_update_saw(epochs: int) -> None:
    loss = LossConfig("ppo_clip", clip=0.05)
    config = replace(SMALL, epochs=epochs, loss=loss, learning_rate=0.05, probe_tasks=0)
    step = all_steps(config)[-1]
    found, metrics = step.attributions, step.metrics
    assert found.drift.dtype == np.float16 and len(found.drift) == metrics["trained_tokens"]
    known = found.drift[~np.isnan(found.drift)].astype(float)
    assert len(known) == metrics["forwarded_tokens"]
    for row in np.flatnonzero(found.trained):
        assert np.isnan(found.drift_of(row)).all() == (found.c[row] == 0), "c = 0 is not forwarded"
    ratio = np.exp(known)
    assert ratio.mean() == pytest.approx(metrics["ratio"]["mean"], abs=1e-3)
    assert ratio.max() == pytest.approx(metrics["ratio"]["max"], rel=2e-3)
    assert (epochs == 1) == (np.abs(known).max() < 1e-3), "one update is on-policy, later ones are not"
    clipped = ((ratio < 0.95) | (ratio > 1.05)).mean()
    assert clipped == pytest.approx(metrics["clip_share"], abs=0.02)


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = tiny_policy(), tiny_policy()
    left, right = all_steps(trained=first), all_steps(trained=second)
    assert [step.trees for step in left] == [step.trees for step in right]
    assert equal(weights(first), weights(second))
    assert [timeless(step) for step in left] == [timeless(step) for step in right]


def test_another_seed_gives_another_run(steps) -> None:
    other = all_steps(replace(SMALL, seed=1))
    assert [step.trees for step in other] != [step.trees for step in steps]


def test_an_update_moves_the_weights_counts_and_clears_the_cache() -> None:
    trained = tiny_policy()
    before = weights(trained)
    all_steps(trained=trained)
    assert not equal(before, weights(trained))
    assert (trained.version, trained.cleared) == (3, 3)


def test_the_update_is_one_adamw_step_on_the_gradient_of_the_loss() -> None:
    trained = tiny_policy()
    (step,) = all_steps(replace(SMALL, steps=1, probe_tasks=0), trained)[1:]
    plain = llama(seed=1)
    tokens = sum(
        attribution.trained * node.tokens_out
        for attribution, node in zip(step.attributions, nodes(step), strict=True)
    )
    for attribution, node in zip(step.attributions, nodes(step), strict=True):
        context: list[int] = []
        for turn in node.turns:
            context = (context if turn.continues else []) + list(turn.prompt_ids)
            for token in turn.sampled_ids:
                logits = plain(input_ids=torch.tensor([context])).logits[0, -1]
                (-attribution.c * torch.log_softmax(logits, -1)[token] / tokens).backward()
                context.append(token)
    found = gradient(plain)
    norm = math.sqrt(sum(float(value.double().square().sum()) for value in found.values()))
    assert step.metrics["grad_norm"] == pytest.approx(norm, rel=1e-4)
    torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
    torch.optim.AdamW(plain.parameters(), lr=0.005, weight_decay=0.0).step()
    for name, param in plain.named_parameters():
        torch.testing.assert_close(weights(trained)[name], param.detach(), rtol=1e-4, atol=1e-5)


def nodes(step: TrainStep):
    return [node for group in step.groups for tree in group.trees for node in tree.nodes]


def test_success_rises_if_it_pays() -> None:
    """Odd tokens succeed: a few steps teach them."""
    config = replace(SMALL, steps=8, tasks_per_step=4, group_size=4, probe_tasks=0, learning_rate=0.05)
    found = [step.metrics["success"] for step in all_steps(config)[1:]]
    assert sum(found[-2:]) / 2 > sum(found[:2]) / 2 + 0.2


def test_metrics_are_plain_json_without_nan(steps) -> None:
    for step in steps:
        json.dumps(step.metrics, allow_nan=False)
        json.dumps(step.seconds, allow_nan=False)
    assert set(steps[2].seconds) == {"generation", "credit", "update", "probes", "total"}


def test_metrics_count_what_the_trees_hold(steps) -> None:
    step, metrics = steps[2], steps[2].metrics
    every = nodes(step)
    assert metrics["step"] == 2
    assert metrics["nodes"] == pytest.approx(len(every) / 6)
    assert metrics["tokens_out"] == sum(node.tokens_out for node in every)
    assert metrics["trained_tokens"] == metrics["tokens_out"]
    assert metrics["statuses"] == {"finished": len(every)}
    assert sum(metrics["signs"].values()) == len(every)
    assert sum(metrics["gradient_share_by_depth"].values()) == pytest.approx(1)
    assert metrics["success_by_depth"]["0"] == {"success": metrics["success"], "nodes": 6}
    assert metrics["total_trees"] == 12
    assert 1 <= metrics["merge_rate"] <= 2
    assert metrics["logprob_difference"]["max"] < 1e-4
    assert metrics["ratio"]["mean"] == pytest.approx(1, abs=1e-4)
    assert metrics["clip_share"] is None and metrics["kl"] is None


def test_a_gap_between_recorded_and_recomputed_log_probs_is_reported() -> None:
    trained = tiny_policy()
    sampler = Sampler(tiny_policy(seed=2))  # other weights than are trained
    found = all_steps(replace(SMALL, steps=1), trained, sample=sampler)
    assert "log-probs differ by up to" in found[1].warnings[0]
    assert found[0].warnings == ()


def test_rounding_of_half_precision_is_no_warning_but_other_weights_are() -> None:
    trained = tiny_policy(dtype=torch.bfloat16)
    config = replace(SMALL, steps=1, logprob_bound=1e-3)
    sound = all_steps(config, trained)[1]
    gap = sound.metrics["logprob_difference"]
    assert gap["mean"] < 1e-2
    bound = (gap["mean"] + gap["max"]) / 2
    assert not all_steps(replace(config, logprob_bound=bound), tiny_policy(dtype=torch.bfloat16))[1].warnings
    sampler = Sampler(tiny_policy(seed=2, dtype=torch.bfloat16))
    found = all_steps(config, tiny_policy(dtype=torch.bfloat16), sample=sampler)
    assert "nats on average" in found[1].warnings[0]


def test_a_step_in_which_nothing_can_be_trained_says_so_and_moves_nothing() -> None:
    trained = tiny_policy()
    before = weights(trained)
    sampler = Sampler(trained)

    def lost(headers):
        return [
            replace(tree, nodes=tuple(replace(node, status=Status.ERROR) for node in tree.nodes))
            for tree in sampler(headers)
        ]

    found = all_steps(replace(SMALL, steps=1), trained, sample=lost)
    assert found[1].warnings == ("no node could be trained in this step: the weights did not move",)
    assert found[1].metrics["untrained"] == {"unscored": len(nodes(found[1]))}
    assert equal(before, weights(trained)) and trained.version == 0


def test_a_step_in_which_all_earned_alike_says_so() -> None:
    trained = tiny_policy()
    sampler = Sampler(trained)

    def alike(headers):
        return [
            replace(tree, nodes=(replace(tree.root, children=(), success=1.0),)) for tree in sampler(headers)
        ]

    found = all_steps(replace(SMALL, steps=1), trained, sample=alike)
    (warning,) = found[1].warnings
    assert "had nothing to teach" in warning
    assert found[1].metrics["zero_variance_groups"] == 1.0
    assert found[1].metrics["forwarded_tokens"] == 0


def test_a_gradient_that_is_not_finite_is_left_out() -> None:
    trained = tiny_policy()
    sampler = Sampler(trained)

    def broken(headers):
        trees = sampler(headers)
        if not headers[0].probe:
            with torch.no_grad():
                trained.model.model.norm.weight.fill_(float("inf"))
        return trees

    found = all_steps(replace(SMALL, steps=1, probe_tasks=0), trained, sample=broken)
    assert "not finite" in found[1].warnings[-1]
    assert found[1].metrics["grad_norm"] is None and found[1].metrics["loss"] is None
    assert trained.version == 0


def test_several_updates_a_step_move_the_ratio_and_count() -> None:
    trained = tiny_policy()
    found = all_steps(replace(SMALL, epochs=3, loss=LossConfig(loss="ppo_clip", clip=0.01)), trained)
    assert trained.version == 9
    assert found[3].metrics["clip_share"] > 0
    assert found[3].metrics["logprob_difference"]["max"] < 1e-4  # of the first, on-policy update


def test_kl_is_measured_against_the_weights_at_the_start() -> None:
    found = all_steps(replace(SMALL, loss=LossConfig(kl=0.1)))
    assert found[1].metrics["kl"] == pytest.approx(0, abs=1e-6)
    assert found[3].metrics["kl"] > 1e-5


def test_half_precision_weights_are_trained_through_float32_copies() -> None:
    trained = tiny_policy(dtype=torch.bfloat16)
    config = replace(SMALL, learning_rate=1e-6, logprob_bound=10.0)
    state = new_state(trained.model, config)
    before = {name: value.clone() for name, value in state.optimizer.masters.items()}
    all_steps(config, trained, state=state)
    assert all(param.dtype == torch.bfloat16 for param in trained.model.parameters())
    assert any(not torch.equal(before[name], value) for name, value in state.optimizer.masters.items())


def test_trees_that_were_not_asked_for_are_refused() -> None:
    sampler = Sampler(tiny_policy())
    with pytest.raises(RecordError, match="4 trees were asked for"):
        next(stepping(SMALL, tiny_policy(), sample=lambda headers: sampler(headers)[1:]))


def test_same_is_strict() -> None:
    left = {"a": torch.tensor([1.0, 2.0])}
    with pytest.raises(AssertionError):
        same(left, {"a": torch.tensor([1.0, 2.1])}, rtol=1e-3)
