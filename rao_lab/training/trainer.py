"""Training, one step at a time: sample -> credit -> objective -> step. It knows no store and no sandbox.

`train_steps` is a generator. What it is given samples trees (`sample`), and what it yields is whatever
happened: the consumer stores it. Between two yields it can be closed or interrupted anywhere: the
weights, the optimizer and `TrainState` either hold a whole update or none of it, and a later call with
the same state goes on from there.

Step K samples with the weights of K - 1 updates and then moves them; its probes are sampled after that.
Step 0 is the probes alone, before the first update. Tasks are keyed by (seed, step) and sampling noise by
(seed, step, task, rollout, ...), so a step is a function of the weights and of its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import isfinite
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from rao_lab.base.device import full_memory_says
from rao_lab.base.interrupts import HeldBack
from rao_lab.credit import Attributions, attribute
from rao_lab.errors import ConfigError, RecordError
from rao_lab.protocols import Environment
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.training.metrics import (
    Metrics,
    TrainStep,
    credit_metrics,
    plain,
    probe_metrics,
    ratio_metrics,
    ratio_row,
    tree_metrics,
)
from rao_lab.training.objective import Batch, Scorer, build_batch, loss_on_pack
from rao_lab.training.sequences import Pack, pack
from rao_lab.training.state import SMALLER, TrainState, Undo, learning_rate, new_state
from rao_lab.training.tasks import probe_tasks, step_tasks, training_tasks
from rao_lab.tree import Group, Task, Tree, TreeHeader

__all__ = ["LossConfig", "Peers", "TrainConfig", "TrainState", "TrainStep", "new_state", "train_steps"]

Sample = Callable[[list[TreeHeader]], Sequence[Tree]]
"""Runs one tree for each header, with the policy's present weights, and returns them in order."""
OnPhase = Callable[[str, int, int], None]
"""Hears (phase, done, total): sample and probe in trees, update in packs. A raise stops the step."""


class TrainablePolicy(Protocol):
    """What training asks of a policy beside sampling."""

    name: str
    version: int
    model: Any

    @property
    def temperature(self) -> float:
        """Of the softmax it samples from."""
        ...

    def clear_cache(self) -> None:
        """Drops cached prefixes: the weights changed."""
        ...


class Peers(Protocol):
    """The processes that train together; every method is called by all of them at the same points."""

    rank: int
    size: int

    def gather(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        """The trees of every process, by rank, on every process."""
        ...

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over all processes, in place, to the same bits everywhere."""
        ...


class Alone:
    """One process."""

    rank = 0
    size = 1

    def gather(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        return [list(trees)]

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Nothing to add."""


def train_steps(
    environment: Environment,
    policy: TrainablePolicy,
    config: TrainConfig,
    *,
    sample: Sample,
    state: TrainState | None = None,
    on_phase: OnPhase | None = None,
    peers: Peers | None = None,
) -> Iterator[TrainStep]:
    """Yields one finished step at a time, from where `state` stands to `config.steps`.

    Args:
        policy: its weights are changed in place and its `version` counts the updates.
        sample: the executor's `run`; called with this process's headers only.
        state: of an earlier call or a checkpoint; None starts anew. Changed in place.
        peers: other processes of the same run; None = alone. Groups are dealt out by rank and the
            step yielded is the same on all.

    Raises:
        ConfigError: the policy has no weights, it samples at another temperature than the config says,
            or the environment has too few tasks.
        MissingError: the environment has no such split.
    """
    check(environment, policy, config, 1 if peers is None else peers.size)
    state = state or new_state(policy.model, config)
    trainer = _Trainer(environment, policy, config, sample, state, on_phase or _quiet, peers or Alone())
    while True:
        if state.due is None:
            if state.step >= config.steps:
                return
            trainer.update()
        yield trainer.hand_out()


def check(environment: Environment, policy: TrainablePolicy, config: TrainConfig, processes: int = 1) -> None:
    """Refuses what cannot be trained, before anything is sampled or written.

    Raises:
        ConfigError, MissingError: as `train_steps`.
    """
    if getattr(policy, "model", None) is None:
        raise ConfigError(f"policy {policy.name!r} has no weights to train: take a local model")
    if policy.temperature != config.temperature:
        raise ConfigError(
            f"temperature={config.temperature} but the policy samples at {policy.temperature}: "
            "load it with the temperature of the config"
        )
    training_tasks(environment, config, processes)
    probe_tasks(environment, config)


def _quiet(name: str, done: int, total: int) -> None:
    """Nobody listens."""


@dataclass
class _Due:
    """A step whose update is done."""

    step: int
    groups: tuple[Group, ...] = ()
    attributions: Attributions | None = None
    metrics: Metrics = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class _Trainer:
    """The phases of a step over the parts that were wired together."""

    def __init__(
        self,
        environment: Environment,
        policy: TrainablePolicy,
        config: TrainConfig,
        sample: Sample,
        state: TrainState,
        on_phase: OnPhase,
        peers: Peers,
    ) -> None:
        self.environment, self.policy, self.config = environment, policy, config
        self.sample, self.state, self.on_phase, self.peers = sample, state, on_phase, peers
        self.tasks = training_tasks(environment, config, peers.size)
        self.probes = probe_tasks(environment, config)
        self.loss = replace(config.loss, temperature=config.temperature)
        # Dropout off: recomputed log-probs are those of the model that sampled.
        policy.model.eval()
        self.scorer = Scorer(policy.model, config.recompute)
        self.reference = Scorer(state.reference) if state.reference is not None else None

    def update(self) -> None:
        """Brings `state.due` the next step, its weights moved; or, interrupted, changes nothing."""
        step = self.state.step + 1
        due = _Due(step)
        if step == 0:
            self.state.step, self.state.due = 0, due
            return
        with _timed(due.seconds, "generation"):
            tasks = step_tasks(self.tasks, self.config, step)
            due.groups = self._sample("sample", tasks, step, self.config.group_size, first=0)
        with _timed(due.seconds, "credit"):
            due.attributions = attribute(due.groups, self.config.credit, self.loss.share_by)
            mine = range(self.peers.rank, len(due.groups), self.peers.size)
            batch = build_batch(due.groups, due.attributions, self.loss, mine)
        longest = max((len(item) for item in batch.sequences), default=0)
        advice = (
            f"set tokens_per_pack below {self.config.tokens_per_pack}, recompute=true, limits.context_window "
            f"below {longest} (the longest sequence here), or {SMALLER}"
        )
        with _timed(due.seconds, "update"), full_memory_says(f"step {step} is trained", advice):
            self._descend(due, batch)

    def hand_out(self) -> TrainStep:
        """The step that is due, with its probes where they fall in it."""
        due: _Due = self.state.due
        probes: tuple[Group, ...] = ()
        if self.probes and self._probes_fall_in(due.step):
            with _timed(due.seconds, "probes"):
                first = self.config.tasks_per_step
                count = self.config.probe_rollouts
                probes = self._sample("probe", self.probes, due.step, count, first, probe=True)
        metrics: Metrics = {"step": due.step, **due.metrics}
        warnings: tuple[str, ...] = ()
        if due.groups:
            warnings = tuple(_warnings(metrics, self.config.logprob_bound))
            metrics["tokens_per_second"] = _speeds(metrics, due.seconds)
            metrics |= {name: plain(metrics[name]) for name in ("loss", "grad_norm")}
        if probes:
            metrics |= probe_metrics(probes)
            warnings += tuple(_not_covered(metrics["probe_not_reproducible"], "probe trees"))
        seconds = due.seconds | {"total": sum(due.seconds.values())}
        self.state.due = None
        return TrainStep(due.step, due.groups, probes, due.attributions, metrics, seconds, warnings)

    def _probes_fall_in(self, step: int) -> bool:
        return step % self.config.probe_every == 0 or step == self.config.steps

    def _sample(
        self, phase: str, tasks: Sequence[Task], step: int, count: int, first: int, probe: bool = False
    ) -> tuple[Group, ...]:
        """Groups of `count` trees of each task, sampled by all processes together."""
        shares = [range(rank, len(tasks), self.peers.size) for rank in range(self.peers.size)]
        header = TreeHeader(
            tasks[0],
            environment=self.environment.name,
            agent=self.config.agent,
            seed=self.config.seed,
            step=step,
            probe=probe,
            policy=self.policy.name,
            policy_version=self.policy.version,
            limits=self.config.limits.to_dict(),
        )
        headers = [
            replace(header, task=tasks[place], group=first + place, rollout=rollout)
            for place in shares[self.peers.rank]
            for rollout in range(count)
        ]
        self.on_phase(phase, 0, len(headers))
        trees = list(self.sample(headers)) if headers else []
        _check_order(headers, trees)
        self.on_phase(phase, len(headers), len(headers))
        found: dict[int, tuple[Tree, ...]] = {}
        for share, theirs in zip(shares, self.peers.gather(trees), strict=True):
            for at, place in enumerate(share):
                found[place] = tuple(theirs[at * count : (at + 1) * count])
        return tuple(
            Group(task, found[place], step, first + place, probe) for place, task in enumerate(tasks)
        )

    def _descend(self, due: _Due, batch: Batch) -> None:
        """`epochs` updates on the batch, taken back altogether if interrupted before the last."""
        optimizer, state = self.state.optimizer, self.state
        rate = learning_rate(self.config, due.step)
        packs = pack(batch.sequences, self.config.tokens_per_pack)
        assert due.attributions is not None
        due.metrics = tree_metrics(due.groups) | credit_metrics(due.groups, due.attributions)
        due.metrics["learning_rate"] = rate
        undo = Undo(self.policy, state) if self.config.epochs > 1 else None
        try:
            for epoch in range(self.config.epochs):
                found = self._gradient(batch, packs, epoch)
                found["grad_norm"] = optimizer.clip(self.config.grad_clip)
                due.metrics |= found if epoch == 0 else _without(found, "logprob_difference")
                with HeldBack():
                    if batch.trained_tokens > 0 and isfinite(found["grad_norm"]):
                        optimizer.step(rate)
                        state.updates += 1
                        self.policy.version += 1
                        self.policy.clear_cache()
                    if epoch + 1 == self.config.epochs:
                        state.done(due.step, due, due.metrics)
        except BaseException:
            if undo is not None and state.due is not due:
                undo()
            raise
        finally:
            optimizer.zero()

    def _gradient(self, batch: Batch, packs: Sequence[Pack], epoch: int) -> Metrics:
        """Leaves the gradient of the whole batch on the optimizer's weights; the loss and ratios."""
        optimizer = self.state.optimizer
        optimizer.zero()
        parts = []
        total = len(packs) * self.config.epochs
        for index, packed in enumerate(packs):
            self.on_phase("update", epoch * len(packs) + index, total)
            part = loss_on_pack(self.scorer, packed, batch, self.loss, self.reference)
            with optimizer.collecting():
                torch.autograd.backward(part.loss)
            parts.append((part.loss.detach(), part.logprobs, part.k3))
        self.on_phase("update", (epoch + 1) * len(packs), total)
        now = _column([part[1] for part in parts])
        k3 = _column([part[2] for part in parts if part[2] is not None])
        recorded = np.concatenate([packed.logprobs for packed in packs]) if packs else np.zeros(0)
        counted = ratio_row(now, recorded, self.loss.bounds, k3 if len(k3) else None)
        loss = sum(float(part[0]) for part in parts)
        # One row for each process, added up with the gradients.
        rows = np.zeros((self.peers.size, len(counted) + 3))
        rows[self.peers.rank] = [*counted, loss, batch.turns, batch.merged]
        shared = torch.from_numpy(rows)
        self.peers.add([*optimizer.gradients(), shared])
        found = ratio_metrics(rows, self.loss.bounds is not None, self.loss.kl > 0)
        losses, turns, merged = rows[:, -3:].sum(0).tolist()
        return found | {"loss": losses, "merge_rate": turns / merged if merged else None}


def _check_order(headers: Sequence[TreeHeader], trees: Sequence[Tree]) -> None:
    asked = [(header.task.id, header.group, header.rollout) for header in headers]
    given = [(tree.task.id, tree.header.group, tree.header.rollout) for tree in trees]
    if asked != given:
        raise RecordError(f"{len(asked)} trees were asked for and {len(given)}, or others, came back")
    for tree in trees:
        if not tree.nodes or not tree.root.status.ended:
            raise RecordError(f"the tree of task {tree.task.id!r} came back before it ended")


def _without(metrics: Metrics, name: str) -> Metrics:
    return {key: value for key, value in metrics.items() if key != name}


def _column(parts: Sequence[Tensor]) -> np.ndarray[Any, Any]:
    """All packs' numbers in one transfer."""
    return torch.cat(list(parts)).double().cpu().numpy() if parts else np.zeros(0)


def _warnings(metrics: Metrics, bound: float) -> Iterator[str]:
    """What the reader of an update should know."""
    gap = metrics["logprob_difference"]["max"]
    if gap is not None and gap > bound:
        yield (
            f"recorded and recomputed log-probs differ by up to {gap:.3g} nats, above the bound "
            f"{bound:g}: the update is off-policy by that much"
        )
    if not metrics["trained_tokens"]:
        yield "no node could be trained in this step: the weights did not move"
    elif metrics["signs"]["zero"] == metrics["trained_nodes"]:
        yield "every node earned what it was compared with: this step had nothing to teach"
    elif not isfinite(metrics["grad_norm"]):
        yield "the gradient was not finite: this step's update was left out"
    yield from _not_covered(metrics["not_reproducible"], "trees")


def _not_covered(count: int, what: str) -> Iterator[str]:
    if count:
        yield (
            f"{count} {what} are not reproducible: a wall-clock limit fired in them, or a policy or a sandbox "
            "worker was lost"
        )


def _speeds(metrics: Metrics, seconds: dict[str, float]) -> Metrics:
    """Tokens generated and forwarded for training, per second of their phase."""
    made = {"generation": metrics["tokens_out"], "training": metrics["forwarded_tokens"]}
    phases = {"generation": "generation", "training": "update"}
    return {
        name: count / seconds[phases[name]] if seconds.get(phases[name]) else None
        for name, count in made.items()
    }


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[phase] = seconds.get(phase, 0.0) + perf_counter() - start
