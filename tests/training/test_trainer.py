"""One step at a time, reproducible, whole when interrupted, and the same over two processes."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from rao_lab.api.run import open_sandbox
from rao_lab.credit import CreditConfig, attribute
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, RecordError
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.prompts import dialect
from rao_lab.training import checkpoint
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.training.state import Optimizer, learning_rate, new_state
from rao_lab.training.tasks import probe_tasks, step_tasks
from rao_lab.training.trainer import train_steps
from rao_lab.tree import Node, Status, Task
from tests.support.tinymodels import Sampler, Tasks, TinyPolicy, gradient, llama, same

SMALL = TrainConfig(
    steps=3,
    tasks_per_step=2,
    group_size=3,
    learning_rate=0.01,
    warmup_steps=2,
    probe_tasks=2,
    probe_rollouts=2,
    probe_every=2,
)


def policy() -> TinyPolicy:
    return TinyPolicy(llama(seed=1))


def run(config: TrainConfig = SMALL, trained: TinyPolicy | None = None, **settings) -> list[TrainStep]:
    trained = trained or policy()
    return list(train_steps(Tasks(), trained, config, sample=Sampler(trained), **settings))


def weights(trained: TinyPolicy) -> dict[str, torch.Tensor]:
    return {name: param.detach().clone() for name, param in trained.model.named_parameters()}


def equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture(scope="module")
def steps() -> list[TrainStep]:
    return run()


def test_step_0_is_the_probes_alone(steps) -> None:
    assert [step.step for step in steps] == [0, 1, 2, 3]
    assert steps[0].groups == () and steps[0].attributions is None
    assert [len(group) for group in steps[0].probes] == [2, 2]


def test_probes_come_every_so_often_and_at_the_end(steps) -> None:
    assert [bool(step.probes) for step in steps] == [True, False, True, True]
    assert all(tree.header.probe for step in steps for group in step.probes for tree in group.trees)
    tasks = {tuple(group.task.id for group in step.probes) for step in steps if step.probes}
    assert len(tasks) == 1  # the same tasks each time


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


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = policy(), policy()
    left, right = run(trained=first), run(trained=second)
    assert [step.trees for step in left] == [step.trees for step in right]
    assert equal(weights(first), weights(second))
    assert [timeless(step) for step in left] == [timeless(step) for step in right]


def timeless(step: TrainStep) -> dict:
    return {name: value for name, value in step.metrics.items() if name != "tokens_per_second"}


def test_another_seed_gives_another_run(steps) -> None:
    other = run(replace(SMALL, seed=1))
    assert [step.trees for step in other] != [step.trees for step in steps]


def test_an_update_moves_the_weights_counts_and_clears_the_cache() -> None:
    trained = policy()
    before = weights(trained)
    run(trained=trained)
    assert not equal(before, weights(trained))
    assert (trained.version, trained.cleared) == (3, 3)


def test_the_update_is_one_adamw_step_on_the_gradient_of_the_loss() -> None:
    trained = policy()
    (step,) = run(replace(SMALL, steps=1, probe_tasks=0), trained)[1:]
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


def test_success_rises_where_it_pays() -> None:
    """Odd tokens succeed: a few steps teach them."""
    config = replace(SMALL, steps=8, tasks_per_step=4, group_size=4, probe_tasks=0, learning_rate=0.05)
    found = [step.metrics["success"] for step in run(config)[1:]]
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
    trained = policy()
    sampler = Sampler(TinyPolicy(llama(seed=2)))  # other weights than are trained
    found = list(train_steps(Tasks(), trained, replace(SMALL, steps=1), sample=sampler))
    assert "log-probs differ by up to" in found[1].warnings[0]
    assert found[0].warnings == ()


def test_a_step_in_which_nothing_can_be_trained_says_so_and_moves_nothing() -> None:
    trained = policy()
    before = weights(trained)
    sampler = Sampler(trained)

    def lost(headers):
        return [
            replace(tree, nodes=tuple(replace(node, status=Status.ERROR) for node in tree.nodes))
            for tree in sampler(headers)
        ]

    found = list(train_steps(Tasks(), trained, replace(SMALL, steps=1), sample=lost))
    assert found[1].warnings == ("no node could be trained in this step: the weights did not move",)
    assert found[1].metrics["untrained"] == {"unscored": len(nodes(found[1]))}
    assert equal(before, weights(trained)) and trained.version == 0


def test_a_step_in_which_all_earned_alike_says_so() -> None:
    trained = policy()
    sampler = Sampler(trained)

    def alike(headers):
        return [
            replace(tree, nodes=(replace(tree.root, children=(), success=1.0),)) for tree in sampler(headers)
        ]

    found = list(train_steps(Tasks(), trained, replace(SMALL, steps=1), sample=alike))
    (warning,) = found[1].warnings
    assert "had nothing to teach" in warning
    assert found[1].metrics["zero_variance_groups"] == 1.0
    assert found[1].metrics["forwarded_tokens"] == 0


def test_a_gradient_that_is_not_finite_is_left_out() -> None:
    trained = policy()
    sampler = Sampler(trained)

    def broken(headers):
        trees = sampler(headers)
        if not headers[0].probe:
            with torch.no_grad():
                trained.model.model.norm.weight.fill_(float("inf"))
        return trees

    found = list(train_steps(Tasks(), trained, replace(SMALL, steps=1, probe_tasks=0), sample=broken))
    assert "not finite" in found[1].warnings[-1]
    assert found[1].metrics["grad_norm"] is None and found[1].metrics["loss"] is None
    assert trained.version == 0


# Interruption


class Interrupt(Exception):
    """Somebody stops the run."""


@pytest.mark.parametrize("phase", ["sample", "update", "probe"])
def test_a_run_interrupted_in_any_phase_goes_on_as_if_it_had_not_been(phase, steps) -> None:
    trained = policy()
    state = new_state(trained.model, SMALL)
    seen: list[TrainStep] = []

    def stop(name: str, done: int, total: int) -> None:
        if name == phase and (state.step, len(seen)) in {(1, 2), (2, 2), (2, 3)}:
            raise Interrupt

    with pytest.raises(Interrupt):
        for step in train_steps(Tasks(), trained, SMALL, sample=Sampler(trained), state=state, on_phase=stop):
            seen.append(step)
    assert all(param.grad is None for param in trained.model.parameters())
    seen += train_steps(Tasks(), trained, SMALL, sample=Sampler(trained), state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in steps]


def test_a_closed_generator_leaves_a_state_to_go_on_from(steps) -> None:
    trained = policy()
    state = new_state(trained.model, SMALL)
    first = train_steps(Tasks(), trained, SMALL, sample=Sampler(trained), state=state)
    seen = [next(first), next(first)]
    first.close()
    assert (state.step, state.updates, state.due) == (1, 1, None)
    seen += train_steps(Tasks(), trained, SMALL, sample=Sampler(trained), state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in steps]


def test_ctrl_c_during_the_optimizer_step_comes_after_it(monkeypatch, steps) -> None:
    trained = policy()
    state = new_state(trained.model, SMALL)
    whole = Optimizer.step

    def struck(self: Optimizer, rate: float) -> None:
        if state.updates == 1:
            signal.raise_signal(signal.SIGINT)
        whole(self, rate)

    monkeypatch.setattr(Optimizer, "step", struck)
    seen = []
    with pytest.raises(KeyboardInterrupt):
        for step in train_steps(Tasks(), trained, SMALL, sample=Sampler(trained), state=state):
            seen.append(step)
    assert (len(seen), state.step, state.updates, trained.version) == (2, 2, 2, 2)
    monkeypatch.setattr(Optimizer, "step", whole)
    seen += train_steps(Tasks(), trained, SMALL, sample=Sampler(trained), state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in steps]


def test_several_updates_interrupted_between_are_taken_back() -> None:
    config = replace(SMALL, epochs=3, loss=LossConfig(loss="ppo_clip"))
    trained = policy()
    state = new_state(trained.model, config)
    asked = 0

    def stop(name: str, done: int, total: int) -> None:
        nonlocal asked
        asked += name == "update" and 0 < done < total and state.step == 1 and state.updates == 3 + 1
        if asked:
            raise Interrupt

    steps = train_steps(Tasks(), trained, config, sample=Sampler(trained), state=state, on_phase=stop)
    seen = [next(steps), next(steps)]
    before = weights(trained)
    with pytest.raises(Interrupt):
        next(steps)
    assert equal(before, weights(trained)) and (state.updates, trained.version) == (3, 3)
    seen += train_steps(Tasks(), trained, config, sample=Sampler(trained), state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in run(config)]


# Settings


def test_several_updates_a_step_move_the_ratio_and_count() -> None:
    trained = policy()
    found = run(replace(SMALL, epochs=3, loss=LossConfig(loss="ppo_clip", clip=0.01)), trained)
    assert trained.version == 9
    assert found[3].metrics["clip_share"] > 0
    assert found[3].metrics["logprob_difference"]["max"] < 1e-4  # of the first, on-policy update


def test_kl_is_measured_against_the_weights_at_the_start() -> None:
    found = run(replace(SMALL, loss=LossConfig(kl=0.1)))
    assert found[1].metrics["kl"] == pytest.approx(0, abs=1e-6)
    assert found[3].metrics["kl"] > 1e-5


def test_half_precision_weights_are_trained_through_float32_copies() -> None:
    trained = TinyPolicy(llama(seed=1, dtype=torch.bfloat16))
    config = replace(SMALL, learning_rate=1e-6, logprob_bound=10.0)
    state = new_state(trained.model, config)
    before = {name: value.clone() for name, value in state.optimizer.masters.items()}
    run(config, trained, state=state)
    assert all(param.dtype == torch.bfloat16 for param in trained.model.parameters())
    assert any(not torch.equal(before[name], value) for name, value in state.optimizer.masters.items())


def test_the_learning_rate_warms_up_and_decays() -> None:
    config = TrainConfig(steps=6, warmup_steps=2, learning_rate=1.0, lr_decay="linear")
    assert [learning_rate(config, step) for step in range(1, 7)] == [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    flat = replace(config, lr_decay="none")
    assert [learning_rate(flat, step) for step in range(1, 5)] == [0.5, 1.0, 1.0, 1.0]
    cosine = replace(config, lr_decay="cosine")
    assert learning_rate(cosine, 3) == 1.0 and 0 < learning_rate(cosine, 6) < 0.25


def test_steps_draw_different_tasks_keyed_by_seed_and_step() -> None:
    tasks = Tasks(train=50).tasks("train")
    config = replace(SMALL, tasks_per_step=10)
    drawn = step_tasks(tasks, config, 4)
    assert len({task.id for task in drawn}) == 10
    assert drawn == step_tasks(tasks, config, 4)
    assert drawn != step_tasks(tasks, config, 5)
    assert drawn != step_tasks(tasks, replace(config, seed=1), 4)


def test_only_drawn_tasks_are_made() -> None:
    made: list[int] = []

    class Lazy(Sequence[Task]):
        def __len__(self) -> int:
            return 10_000

        def __getitem__(self, index: Any) -> Any:
            made.append(index)
            return Task(f"train-{index}", "a goal")

    step_tasks(Lazy(), SMALL, 1)
    assert len(made) == SMALL.tasks_per_step


def test_probe_tasks_are_spread_over_difficulties() -> None:
    found = probe_tasks(Tasks(), replace(SMALL, probe_tasks=4))
    assert [task.difficulty for task in found] == ["easy", "hard", "easy", "hard"]
    assert len(probe_tasks(Tasks(dev=1), SMALL)) == 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"group_size": 1}, "group_size=1 with credit.baseline='leave_one_out'"),
        ({"epochs": 2}, "epochs=2 with loss.loss='reinforce'"),
        ({"loss": LossConfig(temperature=0.5)}, "loss.temperature=0.5 differs from temperature=1.0"),
        ({"probe_split": "train"}, "probe_split='train' is also split"),
        ({"steps": 0}, "steps=0"),
        ({"tasks_per_step": 0}, "tasks_per_step=0"),
        ({"probe_every": 0}, "probe_every=0"),
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"grad_clip": -1.0}, "grad_clip=-1.0"),
        ({"weight_decay": float("inf")}, "weight_decay=inf"),
        ({"betas": (0.9, 1.0)}, "betas"),
        ({"agent": "swarm"}, "agent='swarm' is unknown"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"credit": None}, "credit must be a CreditConfig"),
        ({"split": ""}, "split must name a split"),
    ],
)
def test_settings_that_mean_nothing_are_named(fields, named) -> None:
    with pytest.raises(ConfigError, match=named):
        TrainConfig(**fields)


def test_one_tree_a_group_is_fine_without_a_baseline() -> None:
    assert TrainConfig(group_size=1, credit=CreditConfig(baseline="none")).group_size == 1


def test_the_config_survives_json() -> None:
    config = replace(SMALL, credit=CreditConfig(lam=0.1), loss=LossConfig(kl=0.5), grad_clip=None)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"learning_rat": 1}, "TrainConfig has no field 'learning_rat': did you mean 'learning_rate'?"),
        ({"loss": {"klt": 1}}, "LossConfig has no field 'klt': did you mean 'kl'?"),
        ({"limits": 3}, "limits must be an object"),
    ],
)
def test_unknown_fields_are_refused_with_the_nearest_name(data, words) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_dict(data)
    assert words in str(caught.value)


def test_too_few_tasks_are_named() -> None:
    with pytest.raises(ConfigError, match="tasks_per_step=2 but split 'train' has 1"):
        next(train_steps(Tasks(train=1), policy(), SMALL, sample=Sampler(policy())))
    with pytest.raises(ConfigError, match="probe_split='dev' has no tasks"):
        next(train_steps(Tasks(dev=0), policy(), SMALL, sample=Sampler(policy())))


def test_a_policy_without_weights_or_at_another_temperature_is_refused() -> None:
    with pytest.raises(ConfigError, match="no weights to train"):
        next(train_steps(Tasks(), TinyPolicy(None), SMALL, sample=Sampler(policy())))
    with pytest.raises(ConfigError, match=r"temperature=0\.5 but the policy samples at 1\.0"):
        next(train_steps(Tasks(), policy(), replace(SMALL, temperature=0.5), sample=Sampler(policy())))


def test_trees_that_were_not_asked_for_are_refused() -> None:
    sampler = Sampler(policy())
    with pytest.raises(RecordError, match="4 trees were asked for"):
        next(train_steps(Tasks(), policy(), SMALL, sample=lambda headers: sampler(headers)[1:]))


# The real executor, engine and sandbox


LIMITS = Limits(
    max_depth=2, max_turns=3, max_new_tokens=8, context_window=96, max_nodes=6, tree_seconds=600.0
)
WHOLE = replace(SMALL, steps=2, limits=LIMITS, probe_tasks=1, probe_rollouts=1)


@pytest.fixture(scope="module")
def sandbox():
    with open_sandbox(LIMITS) as found:
        yield found


def executed(folder, sandbox) -> tuple[TransformerPolicy, Callable]:
    """A random model behind the real executor; it never succeeds, so its tokens say what it earned."""
    trained = TransformerPolicy.load(folder)
    executor = Executor(ENVIRONMENT, trained, dialect(trained.dialect), LIMITS, sandbox=sandbox)

    def sample(headers):
        return [replace(tree, nodes=tuple(map(paid, tree.nodes))) for tree in executor.run(headers)]

    return trained, sample


def paid(node: Node) -> Node:
    sampled = [token for turn in node.turns for token in turn.sampled_ids]
    earned = (sum(sampled) % 11) / 10
    return replace(node, status=Status.FINISHED, success=earned, success_source="verifier")


ENVIRONMENT = TextCraft(difficulty="easy", seed=0)


def test_what_the_engine_recorded_is_what_the_trainer_recomputes(random_tiny, sandbox) -> None:
    trained, sample = executed(random_tiny, sandbox)
    steps = list(train_steps(ENVIRONMENT, trained, WHOLE, sample=sample))
    for step in steps[1:]:
        assert step.metrics["forwarded_tokens"] > 20
        assert step.metrics["logprob_difference"]["max"] < 1e-4
        assert step.warnings == ()
    assert trained.version == 2


def test_a_resumed_run_of_the_real_executor_ends_as_an_uninterrupted_one(
    random_tiny, sandbox, tmp_path
) -> None:
    trained, sample = executed(random_tiny, sandbox)
    state = new_state(trained.model, WHOLE)
    steps = []
    for step in train_steps(ENVIRONMENT, trained, WHOLE, sample=sample, state=state):
        steps.append(step)
        if step.step == 1:
            checkpoint.save(tmp_path / "step-1", trained, state, WHOLE)
    again, sample = executed(random_tiny, sandbox)
    resumed = checkpoint.load(tmp_path / "step-1", again, WHOLE)
    (last,) = train_steps(ENVIRONMENT, again, WHOLE, sample=sample, state=resumed)
    assert tokens(last) == tokens(steps[2])
    assert last.attributions.c.tolist() == steps[2].attributions.c.tolist()
    assert equal(weights(again), weights(trained))
    assert equal(resumed.optimizer.tensors(), state.optimizer.tensors())


def tokens(step: TrainStep) -> list:
    """Ids and log-probs of every turn, which hold no times."""
    return [
        (tree.task.id, node.path, turn.prompt_ids, turn.sampled_ids, turn.logprobs, turn.policy_version)
        for tree in step.trees
        for node in tree.nodes
        for turn in node.turns
    ]


def test_same_is_strict() -> None:
    left = {"a": torch.tensor([1.0, 2.0])}
    with pytest.raises(AssertionError):
        same(left, {"a": torch.tensor([1.0, 2.1])}, rtol=1e-3)
