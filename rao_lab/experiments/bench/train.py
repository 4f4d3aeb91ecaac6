"""Tokens a second and memory of an update: ours, TRL's GRPOTrainer at its best, and one sequence a turn.

All train SmolLM2 on the same trees, which the embedded policy samples. Their ids are taken as they are: how long
an update takes does not depend on what tokens say. The arms take turns, micro-batch budget and threads are equal,
and their gradients must agree. TRL's arm is its own loss, on sequences sorted by length and padded batch by batch,
without the rest of its Trainer; it has no padding-free mode for this loss. TRL is no part of this package: without
it the bench says so, and measures the others (pip install trl).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch

from rao_lab.api.defaults import suggested
from rao_lab.base.device import attention_of_any_shape
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import RecordError
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.experiments.bench.cases import Case, Say
from rao_lab.policies.load import load_policy
from rao_lab.training.config import LossConfig
from rao_lab.training.objective import Batch, Scorer, loss_on_pack
from rao_lab.training.packs import Forest, Pack, pack
from rao_lab.training.sequences import TrainSequence, sequences

MODEL, TREES, REPEATS, BUDGET = "smollm2", 64, 3, 2048
QUICK_TREES, QUICK_REPEATS = 8, 1
APART = 0.01
"""The most that the gradients' norms may differ between two arms, as a share."""

Parts = Callable[[], Iterator[torch.Tensor]]
"""An arm: the loss of one micro-batch after another. It is used again only after a backward pass."""


def measure(say: Say, quick: bool = False) -> list[Case]:
    """Measures processor seconds of whole updates, what they keep for the backward pass, and real tokens."""
    trees = QUICK_TREES if quick else TREES
    items = recorded(trees)
    turns = [each for item in items for each in by_turn(item)]
    policy: Any = load_policy(MODEL)
    model = policy.model
    say(f"{trees} trees: {len(items)} sequences of {len(turns)} turns")
    ours, alone = Scorer(model), Scorer(model)
    arms: dict[str, Parts] = {
        "ours": lambda: _losses(ours, items, ours.packs(items, BUDGET)),
        "turn by turn": lambda: _losses(alone, turns, pack(turns, BUDGET)),
    }
    if find_spec("trl") is None:
        say("TRL is not installed (pip install trl): its arm is left out")
    else:
        from rao_lab.experiments.bench.trl_arm import losses

        arms["TRL, sorted"] = losses(model, policy.tokenizer, items, BUDGET)
    tokens = sum(item.trained for item in items)
    repeats = QUICK_REPEATS if quick else REPEATS
    return [*compared(model, arms, tokens, say, repeats), *_real(items, ours)]


def recorded(trees: int) -> list[TrainSequence]:
    """The training sequences of trees that the embedded policy samples."""
    policy: Any = load_policy("tiny")
    fitting = suggested(policy)
    world = TextCraft.suited(fitting.player)
    tasks = world.tasks("train")[: -(-trees // 8)]
    found = [
        evaluate(world, policy, tasks=tasks, limits=fitting.limits, seed=seed, batch=len(tasks)).trees
        for seed in range(8)
    ]
    kept = [tree for run in found for tree in run][:trees]
    return [item for tree in kept for node in tree.nodes for item in sequences(node)]


def by_turn(item: TrainSequence) -> list[TrainSequence]:
    """One sequence for each turn of a sequence: what it read, then what it sampled."""
    changes = np.flatnonzero(np.diff(item.mask, append=False).astype(bool)) + 1
    ends = [int(end) for end in changes if item.mask[end - 1]]
    found, begin = [], 0
    for end in ends:
        mask = item.mask[:end].copy()
        mask[:begin] = False
        found.append(TrainSequence(item.ids[:end], mask, item.logprobs[:end], (1,)))
        begin = end
    return found


def compared(model: Any, arms: dict[str, Parts], tokens: int, say: Say, repeats: int = REPEATS) -> list[Case]:
    """Trained tokens a processor second of each arm, the median over rounds in which the arms take turns."""
    spent: dict[str, list[float]] = {name: [] for name in arms}
    norms: dict[str, float] = {}
    kept = {name: Kept() for name in arms}
    for turn in range(repeats + 1):
        for name, parts in arms.items():
            model.zero_grad()
            began = process_time()
            with attention_of_any_shape(model.device):
                if turn:
                    for loss in parts():
                        loss.backward()
                else:  # the first round warms up
                    kept[name].run(model, parts)
                    say(f"{name}: warm, {process_time() - began:,.0f} processor seconds")
            if turn:
                spent[name].append(process_time() - began)
                say(f"{name}: {tokens / spent[name][-1]:,.4g} trained tokens a processor second")
            grads = [weight.grad.double().norm() for weight in model.parameters() if weight.grad is not None]
            norms[name] = float(torch.stack(grads).norm())
    first = norms[next(iter(arms))]
    if any(abs(norm - first) > APART * first for norm in norms.values()):
        raise RecordError(f"the arms of the bench have other gradients: norms {norms}")
    speed = {name: tokens / median(values) for name, values in spent.items()}
    base = "TRL, sorted" if "TRL, sorted" in arms else "turn by turn"
    cases = [
        Case(name, each, "tokens/s")
        if name == base
        else Case(name, each, "tokens/s", base, each / speed[base])
        for name, each in speed.items()
    ]
    memory = {name: each.most / 1e6 for name, each in kept.items()}
    return cases + [
        Case(f"{name}: kept for the backward pass", each, "MB", f"{base}: kept", each / memory[base])
        for name, each in memory.items()
    ]


def _losses(scorer: Scorer, items: Sequence[TrainSequence], packs: Sequence[Pack]) -> Iterator[torch.Tensor]:
    count, tokens = len(items), sum(item.trained for item in items)
    c, scale = np.ones(count), np.full(count, 1 / tokens)
    batch = Batch(list(items), c, scale, np.zeros(count, np.int64), tokens, count, count, count, count)
    for packed in packs:
        yield loss_on_pack(scorer, packed, batch, LossConfig()).loss


def _real(items: Sequence[TrainSequence], scorer: Scorer) -> list[Case]:
    packs = scorer.packs(items, BUDGET)
    forwarded = sum(each.ids.size for each in packs)
    read = sum(len(item) - 1 for item in items)
    real = sum(_tokens(each.forest) for each in packs if each.forest) or read
    return [
        Case("ours: real tokens of packs", 100 * real / forwarded, "%"),
        Case("ours: forwarded tokens of those in sequences", 100 * forwarded / read, "%"),
    ]


def _tokens(forest: Forest) -> int:
    """Real ones: padding stands at position 0 and sees itself alone; so does only a sequence of one token."""
    alone = forest.ends == np.arange(1, forest.ends.shape[1] + 1)
    return int((~alone | (forest.positions > 0)).sum())


@dataclass
class Kept:
    """Counts the bytes that one micro-batch keeps for its backward pass at most, weights left out."""

    most: int = 0
    _seen: dict[int, int] = field(default_factory=dict)

    def run(self, model: Any, parts: Parts) -> None:
        weights = {weight.data_ptr() for weight in model.parameters()}
        with self._counting(weights):
            for loss in parts():
                self.most = max(self.most, sum(self._seen.values()))
                self._seen.clear()
                loss.backward()

    @contextmanager
    def _counting(self, weights: set[int]) -> Iterator[None]:
        def note(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if tensor.data_ptr() not in weights:
                self._seen[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            yield
