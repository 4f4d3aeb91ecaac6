"""An update whose packs two processes share, to the bits of one.

This process takes packs from the front, and its helper takes them from the back. The gradient of each pack that the
helper computed is kept apart, and all are added in the order of the packs, as one process adds them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from rao_lab.training.config import LossConfig
from rao_lab.training.objective import Batch, Scorer, loss_on_pack
from rao_lab.training.packs import Pack

Weights = Sequence[NDArray[Any]]
"""One array for each trainable weight, in the model's order."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What the pack of one process came to."""

    loss: float
    logprobs: NDArray[Any]
    """[n] recomputed."""
    gradients: Weights


class Helper(Protocol):
    """Another process with a model of the same kind."""

    ready: bool
    """Whether it can begin at once."""

    def begin(self, weights: Weights, batch: Batch, loss: LossConfig) -> None:
        """An update begins, with these weights; the batch comes without its sequences."""
        ...

    def part(self, packed: Pack) -> Part:
        """Waits for what a pack comes to."""
        ...


def part_of(scorer: Scorer, params: Sequence[Tensor], packed: Pack, batch: Batch, loss: LossConfig) -> Part:
    """The helper's half: one pack, whose gradients are taken off the weights again."""
    made = loss_on_pack(scorer, packed, batch, loss)
    torch.autograd.backward(made.loss)
    gradients = [(torch.zeros_like(each) if each.grad is None else each.grad).numpy() for each in params]
    for each in params:
        each.grad = None
    return Part(float(made.loss.detach()), made.logprobs.numpy(), gradients)


@torch.no_grad()
def take_weights(params: Sequence[Tensor], weights: Weights) -> None:
    """Puts weights into a model."""
    for param, weight in zip(params, weights, strict=True):
        param.copy_(torch.from_numpy(weight))


class FromTheBack:
    """The helper at work on one update; use as a context manager.

    Args:
        params: the trainable weights, which get the gradients.
    """

    def __init__(
        self, helper: Helper, params: Sequence[Tensor], batch: Batch, loss: LossConfig, packs: Sequence[Pack]
    ) -> None:
        self._helper, self._params, self._packs = helper, params, packs
        self._given = [each.detach().numpy() for each in params], replace(batch, sequences=[]), loss
        self._lock = threading.Lock()
        self._front, self._back = 0, len(packs)
        self._parts: dict[int, Part] = {}
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> FromTheBack:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._lock:
            self._back = self._front  # if it ends early, nothing more is asked for
        self._thread.join()

    def next(self) -> int | None:
        """The next pack from the front that nobody has taken; None if there is none."""
        with self._lock:
            if self._front == self._back:
                return None
            self._front += 1
            return self._front - 1

    def _last(self) -> int | None:
        with self._lock:
            if self._front == self._back:
                return None
            self._back -= 1
            return self._back

    def _work(self) -> None:
        try:
            self._helper.begin(*self._given)
            while (index := self._last()) is not None:
                self._parts[index] = self._helper.part(self._packs[index])
        except BaseException as problem:  # noqa: BLE001 - raised where the update is made
            self._problem = problem

    @torch.no_grad()
    def rest(self) -> list[Part]:
        """Waits for the helper's packs, adds their gradients in order, and returns the parts."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        parts = [self._parts[index] for index in sorted(self._parts)]
        for part in parts:
            for param, gradient in zip(self._params, part.gradients, strict=True):
                found = torch.from_numpy(gradient)
                param.grad = found if param.grad is None else param.grad.add_(found)
        return parts
