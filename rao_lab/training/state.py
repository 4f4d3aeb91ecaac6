"""What training carries from step to step: the optimizer and the counters. Torch, no files.

Nothing random is carried: tasks and sampling noise are keyed by (seed, step, ...), so the counters are
the whole state of the random draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from math import cos, pi
from typing import Any, Protocol

import torch
from torch import Tensor

from rao_lab.base.device import full_memory_says
from rao_lab.base.interrupts import HeldBack
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, InputError
from rao_lab.training.config import TrainConfig

HALF = (torch.bfloat16, torch.float16)

SMALLER = "train an adapter instead of all weights, or a smaller model; `rao-lab doctor` says what fits"
"""What to do where weights and optimizer fill the memory."""


def learning_rate(config: TrainConfig, step: int) -> float:
    """The learning rate of a step (from 1): warm-up to the peak, then the decay."""
    if step <= config.warmup_steps:
        return config.learning_rate * step / config.warmup_steps
    if config.lr_decay == "none":
        return config.learning_rate
    left = (config.steps - step + 1) / max(1, config.steps - config.warmup_steps)
    left = min(1.0, max(0.0, left))
    return config.learning_rate * (left if config.lr_decay == "linear" else (1.0 - cos(pi * left)) / 2.0)


class Optimizer:
    """AdamW over a model's trainable weights, with float32 copies of those kept in half precision.

    A step of 1e-6 vanishes in bfloat16; the copies hold it, and gradients of several packs are summed
    in float32 too.
    """

    def __init__(self, model: Any, config: TrainConfig) -> None:
        self.params: dict[str, Tensor] = {
            name: param for name, param in model.named_parameters() if param.requires_grad
        }
        if not self.params:
            raise ConfigError("this model has no trainable weights: unfreeze them, or add an adapter")
        self.masters = {
            name: param.detach().float().clone() for name, param in self.params.items() if param.dtype in HALF
        }
        self._stepped = {name: self.masters.get(name, param) for name, param in self.params.items()}
        self._adamw = torch.optim.AdamW(
            self._stepped.values(),
            lr=config.learning_rate,
            betas=config.betas,
            eps=config.adam_epsilon,
            weight_decay=config.weight_decay,
        )

    def zero(self) -> None:
        """Forgets all gradients."""
        for name, param in self.params.items():
            param.grad = self._stepped[name].grad = None

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """While it lasts, each gradient of a half-precision weight goes to its copy as soon as it is whole.

        All of them at once would be two bytes more for each weight.
        """
        hooks = [
            self.params[name].register_post_accumulate_grad_hook(partial(_into_copy, master))
            for name, master in self.masters.items()
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def gradients(self) -> list[Tensor]:
        """One gradient for each trainable weight, in the model's order; zeros where none flowed."""
        for stepped in self._stepped.values():
            if stepped.grad is None:
                stepped.grad = torch.zeros_like(stepped)
        return [stepped.grad for stepped in self._stepped.values() if stepped.grad is not None]

    @torch.no_grad()
    def clip(self, bound: float | None) -> float:
        """Scales the gradient down to norm `bound`; its norm before, which may be infinite or NaN."""
        norms = torch.stack([grad.double().norm() for grad in self.gradients()])
        norm = float(norms.norm())
        if bound is not None and norm > bound:
            torch._foreach_mul_(self.gradients(), bound / norm)
        return norm

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for group in self._adamw.param_groups:
            group["lr"] = rate
        self._adamw.step()
        for name, master in self.masters.items():
            self.params[name].copy_(master)

    def tensors(self) -> dict[str, Tensor]:
        """The whole state by name: moments, step counts and float32 copies."""
        found: dict[str, Tensor] = {f"master/{name}": master for name, master in self.masters.items()}
        for name, stepped in self._stepped.items():
            for kind, value in self._adamw.state.get(stepped, {}).items():
                found[f"{kind}/{name}"] = value
        return found

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes the state that `tensors` gave; weights themselves are the model's.

        Raises:
            InputError: the state is of another model.
        """
        self._check(tensors)
        self._adamw.state.clear()
        for key, value in tensors.items():
            kind, _, name = key.partition("/")
            stepped = self._stepped[name]
            if kind == "master":
                stepped.copy_(value)
            else:
                where = "cpu" if kind == "step" else stepped.device
                self._adamw.state[stepped][kind] = value.to(where, copy=True)

    def _check(self, tensors: Mapping[str, Tensor]) -> None:
        for key, value in tensors.items():
            kind, _, name = key.partition("/")
            stepped = self._stepped.get(name)
            known = ("exp_avg", "exp_avg_sq", "master", "step")
            if stepped is None or kind not in known or (kind == "master") > (name in self.masters):
                raise InputError(
                    f"this optimizer state holds {quoted(key)}, which this model's training has not"
                )
            shape, dtype = ((), torch.float32) if kind == "step" else (stepped.shape, stepped.dtype)
            if value.shape != shape or value.dtype != dtype:
                raise InputError(
                    f"this optimizer state holds {quoted(key)} as {tuple(value.shape)} {value.dtype}"
                )
        held = {key.partition("/")[2] for key in tensors}
        if tensors and held != set(self._stepped):
            missing = sorted(set(self._stepped) - held)[0]
            raise InputError(f"this optimizer state lacks {missing!r}: it is of another model")


def _into_copy(master: Tensor, param: Tensor) -> None:
    assert param.grad is not None
    master.grad = param.grad.float() if master.grad is None else master.grad.add_(param.grad)
    param.grad = None


@dataclass
class TrainState:
    """Where a training run is. `train_steps` changes it in place and leaves it whole when interrupted."""

    optimizer: Optimizer
    reference: Any = None
    """A frozen copy of the model that training started from; None where KL is off."""
    step: int = -1
    """The last step whose update is done; -1 = the probes before the first one are due."""
    updates: int = 0
    """Optimizer steps done."""
    trees: int = 0
    """Training trees sampled in all done steps, on all processes."""
    tokens: int = 0
    """Tokens generated in them, and read (each once)."""
    tokens_in: int = 0
    due: Any = field(default=None, repr=False)
    """A step whose update is done and whose probes are not: it is handed out before the next begins."""

    def reference_weights(self) -> dict[str, Tensor]:
        """Those of the reference that training moves away from, by name; needs one."""
        named = self.reference.named_parameters()
        return {name: param for name, param in named if name in self.optimizer.params}

    def counters(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in COUNTERS}

    def done(self, step: int, due: Any, metrics: Mapping[str, Any]) -> None:
        """Counts a step whose update is done, and adds the totals so far to its metrics."""
        self.trees += metrics["trees"]
        self.tokens += metrics["tokens_out"]
        self.tokens_in += metrics["tokens_in"]
        due.metrics = {**metrics, **{f"total_{name}": getattr(self, name) for name in COUNTERS[1:]}}
        self.step, self.due = step, due


COUNTERS = ("step", "updates", "trees", "tokens", "tokens_in")


def new_state(model: Any, config: TrainConfig) -> TrainState:
    """The state before the first step; the model's weights now are what KL is measured against.

    Raises:
        ConfigError: nothing of the model is trainable.
        UnavailableError: the device's memory is full.
    """
    with full_memory_says("training is prepared", SMALLER):
        state = TrainState(Optimizer(model, config))
        if config.loss.kl:
            # Weights that never move, as those under an adapter, are the reference's own as they are.
            still = {id(param): param for param in model.parameters() if not param.requires_grad}
            state.reference = deepcopy(model, still).eval()
            freeze(state.reference.parameters())
    return state


def freeze(params: Iterable[Tensor]) -> None:
    for param in params:
        param.requires_grad_(False)


class Versioned(Protocol):
    """A policy whose weights move."""

    version: int

    def clear_cache(self) -> None: ...


class Undo:
    """Takes weights, optimizer and counters back to where a step of several updates began."""

    def __init__(self, policy: Versioned, state: TrainState) -> None:
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
