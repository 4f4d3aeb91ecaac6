"""Training through the real executor, engine and sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.execution.limits import Limits
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.prompts import find
from rao_lab.training import checkpoint
from rao_lab.training.metrics import TrainStep
from rao_lab.training.setup import Training
from rao_lab.training.state import new_state
from rao_lab.training.trainer import train_steps
from rao_lab.tree import Node, Status
from tests.support.tinymodels import SMALL, equal, weights

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
    executor = Executor(ENVIRONMENT, trained, find(trained.dialect), LIMITS, sandbox=sandbox)

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
    steps = list(train_steps(Training(ENVIRONMENT, trained, WHOLE), sample=sample))
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
    for step in train_steps(Training(ENVIRONMENT, trained, WHOLE), sample=sample, state=state):
        steps.append(step)
        if step.step == 1:
            checkpoint.save(tmp_path / "step-1", trained, state, WHOLE)
    again, sample = executed(random_tiny, sandbox)
    resumed = checkpoint.load(tmp_path / "step-1", again, WHOLE)
    (last,) = train_steps(Training(ENVIRONMENT, again, WHOLE), sample=sample, state=resumed)
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
