"""A second process that computes a share of each update's gradients: `rao_lab.training.helped` says how they add up."""

from __future__ import annotations

import queue
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from rao_lab.base.threads import computing
from rao_lab.experiments.beside import LOOKS, Beside
from rao_lab.policies.load import load_policy
from rao_lab.training.config import LossConfig
from rao_lab.training.helped import Part, Weights, part_of, take_weights
from rao_lab.training.objective import Batch, Scorer
from rao_lab.training.packs import Pack
from rao_lab.training.setup import trainable


class GradientHelper:
    """A process with a policy of the same kind, on the CPU; use as a context manager."""

    def __init__(self, policy: str) -> None:
        self._found: queue.SimpleQueue[Part] = queue.SimpleQueue()
        self.ready = False
        """Whether its model is loaded; until then an update does not wait for it."""
        self._beside = Beside(_works, self, policy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._beside.__exit__(kind, error, trace)

    def loaded(self) -> None:
        """The process says so."""
        self.ready = True

    def found(self, part: Part) -> None:
        """The process has finished a pack."""
        self._found.put(part)

    def begin(self, weights: Weights, batch: Batch, loss: LossConfig) -> None:
        self._beside.answer((weights, batch, loss))

    def part(self, packed: Pack) -> Part:
        """Waits for what a pack comes to.

        Raises:
            UnavailableError: the process has ended.
        """
        self._beside.answer(packed)
        while True:
            try:
                return self._found.get(timeout=LOOKS)
            except queue.Empty:
                self._beside.check()


def _works(ours: Any, ask: Callable[[], Any], policy: str) -> None:
    """What the process does, until it is ended."""
    learner = load_policy(policy, device="cpu")
    model = trainable(learner).model
    scorer = Scorer(model.eval())
    params = [each for each in model.parameters() if each.requires_grad]
    ours.loaded()
    with computing(getattr(learner, "threads", None)):
        weights, *about = ask()
        while True:
            take_weights(params, weights)
            while isinstance(given := ask(), Pack):
                ours.found(part_of(scorer, params, given, *about))
            weights, *about = given
