"""What training carries from step to step: the optimizer and the counters. Torch, no files.

Nothing random is carried. Tasks and sampling noise are keyed by (seed, step, ...), so the counters are the
whole state of the random draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import Module

from rao_lab.base.device import full_memory_says
from rao_lab.base.interrupts import HeldBack
from rao_lab.credit import Attributions
from rao_lab.credit.table import Floats
from rao_lab.protocols import TrainablePolicy
from rao_lab.training.config import TrainConfig
from rao_lab.training.metrics import Metrics
from rao_lab.training.optimizer import Optimizer
from rao_lab.tree import Group

SMALLER = "train an adapter instead of all weights, or a smaller model; `rao-lab doctor` says what fits"
"""What to do if weights and optimizer fill the memory."""


@dataclass
class DueStep:
    """A step whose update is done, until it is handed out."""

    step: int
    groups: tuple[Group, ...] = ()
    attributions: Attributions | None = None
    metrics: Metrics = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class TrainState:
    """How far a training run is. `train_steps` changes it in place and leaves it whole if interrupted."""

    optimizer: Optimizer
    reference: Module | None = None
    """A frozen copy of the model that training started from; None without KL."""
    step: int = -1
    """The last step whose update is done; -1 = the probes before the first one are due."""
    updates: int = 0
    """Optimizer steps done."""
    trees: int = 0
    """Training trees sampled in all done steps, on all processes."""
    tokens: int = 0
    """Tokens generated in these trees."""
    tokens_in: int = 0
    """Tokens read in them, each counted once."""
    moving: Floats | None = None
    """`[D + 1]` mean R of each depth so far, of a moving baseline; None before the first step, and without one."""
    due: DueStep | None = field(default=None, repr=False)
    """A step whose update is done and whose probes are not: it is handed out before the next begins."""

    def reference_weights(self) -> dict[str, Tensor]:
        """The reference's copies of the trained weights, by name; empty without KL."""
        named = self.reference.named_parameters() if self.reference is not None else ()
        return {name: param for name, param in named if name in self.optimizer.params}

    def counters(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in COUNTERS}

    def done(self, due: DueStep) -> None:
        """Counts a step whose update is done, and adds the totals so far to its metrics."""
        self.trees += due.metrics["trees"]
        self.tokens += due.metrics["tokens_out"]
        self.tokens_in += due.metrics["tokens_in"]
        due.metrics |= {f"total_{name}": getattr(self, name) for name in COUNTERS[1:]}
        if due.attributions is not None:
            self.moving = due.attributions.moving_after
        self.step, self.due = due.step, due


COUNTERS = ("step", "updates", "trees", "tokens", "tokens_in")


def new_state(model: Module, config: TrainConfig) -> TrainState:
    """The state before the first step. KL is measured against the model's weights as they are now.

    Raises:
        ConfigError: nothing of the model is trainable.
        UnavailableError: the device's memory is full.
    """
    with full_memory_says("training is prepared", SMALLER):
        state = TrainState(Optimizer(model, config))
        if config.loss.kl:
            # Weights that never move, for example those under an adapter, are shared with the reference.
            still = {id(param): param for param in model.parameters() if not param.requires_grad}
            state.reference = deepcopy(model, still).eval()
            freeze(state.reference.parameters())
    return state


def freeze(params: Iterable[Tensor]) -> None:
    for param in params:
        param.requires_grad_(False)


class Undo:
    """Takes weights, optimizer and counters back to the beginning of a step of several updates."""

    def __init__(self, policy: TrainablePolicy, state: TrainState) -> None:
        self.policy, self.state = policy, state
        self.version, self.updates = policy.version, state.updates
        self.weights = {name: param.detach().clone() for name, param in state.optimizer.params.items()}
        self.moments = {name: value.clone() for name, value in state.optimizer.tensors().items()}

    @torch.no_grad()
    def __call__(self) -> None:
        with HeldBack():
            for name, param in self.state.optimizer.params.items():
                param.copy_(self.weights[name])
            self.state.optimizer.restore(self.moments)
            self.policy.version, self.state.updates = self.version, self.updates
            self.policy.clear_cache()
