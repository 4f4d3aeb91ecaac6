"""The policy gradient of one batch under several rules of credit, compared with that of the first.

Whatever the number of rules, three gradients lie in memory: the first rule's, as halves, and the one at hand. Weights
do not move, and no gradient is left on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from rao_lab.base.device import attention_of_any_shape, full_memory_says
from rao_lab.base.threads import computing
from rao_lab.credit import Attributions
from rao_lab.errors import ConfigError
from rao_lab.protocols import TrainablePolicy
from rao_lab.training.config import LossConfig
from rao_lab.training.objective import Scorer, build_batch, loss_on_pack
from rao_lab.tree import Group

Gradient = list[Tensor]
"""One tensor for each trainable weight, in float32 at least."""


@dataclass(frozen=True, slots=True)
class RuleGradients:
    """What the gradients of several rules have to do with that of the first."""

    cosines: tuple[float | None, ...]
    """Of each rule's gradient with the first one's; None if one of them is 0."""
    norms: tuple[float, ...]
    halves: float | None
    """Cosine of the first rule's gradient on one half of the groups with that on the other: how much of a difference
    is noise. None for a single group."""
    difference: float | None
    """Mean |recomputed - recorded| log-prob in nats: far above 0, other weights sampled these trees."""


def rule_gradients(
    policy: TrainablePolicy,
    groups: Sequence[Group],
    rules: Sequence[Attributions],
    loss: LossConfig,
    tokens_per_pack: int = 2048,
    on_rule: Callable[[int, int], object] = lambda done, total: None,
) -> RuleGradients:
    """The gradients of the loss of the same groups, credited by each of the rules, at the policy's weights.

    Raises:
        ConfigError: nothing of the policy is trainable.
        UnavailableError: the device's memory is full.
    """
    work = _Work(policy, groups, replace(loss, kl=0.0, temperature=policy.temperature), tokens_per_pack)
    halves = [range(half, len(groups), 2) for half in (0, 1)]
    with (
        full_memory_says("gradients are compared", "compare fewer groups, or set tokens_per_pack lower"),
        attention_of_any_shape(work.scorer.device),
        computing(getattr(policy, "threads", None)),
    ):
        even, odd = (work.gradient(rules[0], half) for half in halves)
        between = cosine(even, odd)
        for one, two in zip(even, odd, strict=True):
            one += two
        del odd
        norms, cosines = [norm(even)], [1.0 if norm(even) else None]
        on_rule(1, len(rules))
        for place, rule in enumerate(rules[1:], start=2):
            own = work.gradient(rule, range(len(groups)))
            norms.append(norm(own))
            cosines.append(cosine(even, own))
            on_rule(place, len(rules))
    gap = work.apart / work.tokens if work.tokens else None
    return RuleGradients(tuple(cosines), tuple(norms), between, gap)


class _Work:
    """Makes gradients, one after another."""

    def __init__(
        self, policy: TrainablePolicy, groups: Sequence[Group], loss: LossConfig, tokens_per_pack: int
    ) -> None:
        policy.model.eval()
        self.scorer = Scorer(policy.model)
        self.weights = [weight for weight in policy.model.parameters() if weight.requires_grad]
        if not self.weights:
            raise ConfigError("this model has no trainable weights: unfreeze them, or add an adapter")
        self.groups, self.loss, self.per_pack = groups, loss, tokens_per_pack
        self.apart, self.tokens = 0.0, 0

    def gradient(self, rule: Attributions, mine: Sequence[int]) -> Gradient:
        """Of the loss of some of the groups."""
        batch = build_batch(self.groups, rule, self.loss, mine)
        found = [torch.zeros_like(weight, dtype=_summed_in(weight)) for weight in self.weights]
        for packed in self.scorer.packs(batch.sequences, self.per_pack):
            part = loss_on_pack(self.scorer, packed, batch, self.loss)
            for total, own in zip(
                found, torch.autograd.grad(part.loss, self.weights, allow_unused=True), strict=True
            ):
                if own is not None:
                    total += own
            now = part.logprobs.double().cpu().numpy()
            self.apart += float(np.abs(now - packed.logprobs).sum())
            self.tokens += len(packed)
        return found


def _summed_in(weight: Tensor) -> torch.dtype:
    return torch.float64 if weight.dtype == torch.float64 else torch.float32


def norm(gradient: Gradient) -> float:
    return float(torch.stack([part.double().norm() for part in gradient]).norm())


def cosine(one: Gradient, two: Gradient) -> float | None:
    """None if one of them is 0."""
    length = norm(one) * norm(two)
    product = sum(float((a.double() * b.double()).sum()) for a, b in zip(one, two, strict=True))
    return max(-1.0, min(1.0, product / length)) if length else None
