"""How the engine has a model run: new tokens go into slots of its cache, logits come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Feed:
    """New tokens for S consecutive slots: what one forward pass computes."""

    first: int
    """The first slot."""
    ids: NDArray[np.int64]
    """The new tokens of all slots, slot after slot: `[sum of counts]`."""
    counts: NDArray[np.int64]
    """How many of them each slot gets: `[S]`."""
    starts: NDArray[np.int64]
    """How many tokens each slot's cache holds before: `[S]`."""
    decoding: int
    """So many slots, the first ones, get exactly one token each."""


class Forward(Protocol):
    """A model with a cache in slots: `llama.LlamaForward`, or `slots.SlotForward` for any other model."""

    def capacity(self, length: int) -> int:
        """The most slots of that many tokens that its memory may hold; at least 1."""
        ...

    def reserve(self, slots: int, length: int) -> None:
        """Makes room for that many slots of that many tokens. What is cached stays."""
        ...

    def copy(self, to: Sequence[int], source: Sequence[int], length: int) -> None:
        """Copies the first `length` entries of slots onto others. All are read before any is written."""
        ...

    def logits(self, feed: Feed) -> torch.Tensor:
        """Caches the new tokens; returns the logits after the last token of each slot: `[S, vocabulary]`."""
        ...

    def refresh(self) -> None:
        """The weights have changed."""
        ...

    def release(self) -> None:
        """Frees the cache's memory."""
        ...
