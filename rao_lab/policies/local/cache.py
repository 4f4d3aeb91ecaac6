"""The memory that holds cached keys and values, in slots, for any forward pass."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rao_lab.base.device import sent

CHUNK = 128
"""The cache grows by whole chunks of this many tokens."""


class SlotStore:
    """The cached keys and values.

    Attributes:
        data: one tensor for each layer, `[2, slots, heads, length + 1, size]`: keys, then values. The last
            column is for padding. Layers are apart, so that growing needs twice the memory of one layer and
            not of all.
        bound: bytes that it may grow to, though one slot always has room; None = no bound.
    """

    def __init__(
        self, layers: int, heads: int, size: int, dtype: torch.dtype, device: torch.device, bound: int | None
    ) -> None:
        self._layers, self._shape = layers, (heads, size)
        self._kind: dict[str, Any] = {"dtype": dtype, "device": device}
        self.bound = bound
        self.data: list[torch.Tensor] = []
        self.release()

    @property
    def slots(self) -> int:
        return self.data[0].shape[1]

    @property
    def length(self) -> int:
        return self.data[0].shape[3] - 1

    def capacity(self, length: int) -> int:
        """The most slots within the bound, if each holds `length` tokens, or as many as now if that is more."""
        if self.bound is None:
            return sys.maxsize
        heads, size = self._shape
        token = self._layers * 2 * heads * size * self.data[0].element_size()
        return max(1, self.bound // (token * (self._rounded(length) + 1)))

    def reserve(self, slots: int, length: int) -> None:
        if slots <= self.slots and length <= self.length:
            return
        grown = self.slots if slots <= self.slots else max(slots, 2 * self.slots)
        slots = max(slots, min(grown, self.capacity(length)))
        length = self._rounded(length)
        for layer, old in enumerate(self.data):
            kept = min(slots, old.shape[1])
            self.data[layer] = self._empty(slots, length)
            self.data[layer][:, :kept, :, : old.shape[3] - 1] = old[:, :kept, :, :-1]

    def copy(self, to: Sequence[int], source: Sequence[int], length: int) -> None:
        device = self.data[0].device
        places, origins = (sent(np.array(each, np.int64), device) for each in (to, source))
        for layer in self.data:
            # The right side is copied first, so slots may swap. (`index_select` takes 30 times as long on a CPU.)
            cached = layer[:, :, :, :length]
            cached[:, places] = cached[:, origins]

    def release(self) -> None:
        self.data = [self._empty(0, 0) for _ in range(self._layers)]

    def _rounded(self, length: int) -> int:
        return max(self.length, -(-length // CHUNK) * CHUNK)

    def _empty(self, slots: int, length: int) -> torch.Tensor:
        heads, size = self._shape
        # Zeros and not empty memory: a masked NaN times zero would still be NaN.
        return torch.zeros(2, slots, heads, length + 1, size, **self._kind)
