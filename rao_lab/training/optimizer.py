"""The update of the weights: AdamW, its learning rate over a run, and clipping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from math import cos, pi

import torch
from torch import Tensor
from torch.nn import Module

from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, InputError
from rao_lab.training.config import TrainConfig

HALF = (torch.bfloat16, torch.float16)


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

    A step of 1e-6 vanishes in bfloat16; the copies hold it. Gradients of several packs are summed in float32
    too.

    Raises:
        ConfigError: nothing of the model is trainable.
    """

    def __init__(self, model: Module, config: TrainConfig) -> None:
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
        """One gradient for each trainable weight, of its shape and in the model's order; zeros if none flowed."""
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
        """Moves the weights by the gradients they have."""
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
        """Takes back the state that `tensors` gave. The weights themselves are the model's.

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
                place = "cpu" if kind == "step" else stepped.device
                self._adamw.state[stepped][kind] = value.to(place, copy=True)

    def _check(self, tensors: Mapping[str, Tensor]) -> None:
        for key, value in tensors.items():
            kind, _, name = key.partition("/")
            stepped = self._stepped.get(name)
            known = ("exp_avg", "exp_avg_sq", "master", "step")
            if stepped is None or kind not in known or (kind == "master") > (name in self.masters):
                raise InputError(
                    f"this optimizer state holds {quoted(key)}, which this model's training does not have"
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
