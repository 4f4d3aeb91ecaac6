"""Runs any decoder-only transformers model with a cache in slots.

The model's own forward pass is used, with a cache that writes new keys and values into slots and
returns a view of the running ones. New tokens of several rows are padded on the left, so that the last
token of each lies in the last column; padding writes into a spare column that nothing reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, CacheLayerMixin

from rao_lab.engine import Feed, sent
from rao_lab.errors import UnavailableError

MAX_PADDED = 8192
"""Most tokens, padding included, that one prefill computes at once: bounds its memory."""
CHUNK = 128
"""The cache grows by whole chunks of this many tokens."""


class SlotStore:
    """Keys and values: [layers, 2, slots, heads, length + 1, size]; the last column is for padding."""

    def __init__(self, layers: int, heads: int, size: int, dtype: torch.dtype, device: torch.device) -> None:
        self._shape = (layers, 2, heads, size)
        self._kind: dict[str, Any] = {"dtype": dtype, "device": device}
        self.data = self._empty(0, 0)

    @property
    def slots(self) -> int:
        return self.data.shape[2]

    @property
    def length(self) -> int:
        return self.data.shape[4] - 1

    def reserve(self, slots: int, length: int) -> None:
        if slots <= self.slots and length <= self.length:
            return
        old = self.data
        slots = self.slots if slots <= self.slots else max(slots, 2 * self.slots)
        length = max(self.length, -(-length // CHUNK) * CHUNK)
        self.data = self._empty(slots, length)
        kept = old.shape[4] - 1
        self.data[:, :, : old.shape[2], :, :kept] = old[:, :, :, :, :kept]

    def copy(self, to: Sequence[int], source: Sequence[int], length: int) -> None:
        device = self.data.device
        # Indexing reads a copy first, so slots may swap.
        places, origins = (sent(np.array(each, np.int64), device) for each in (to, source))
        read = self.data[:, :, :, :, :length].index_select(2, origins)
        self.data[:, :, :, :, :length].index_copy_(2, places, read)

    def release(self) -> None:
        self.data = self._empty(0, 0)

    def _empty(self, slots: int, length: int) -> torch.Tensor:
        layers, two, heads, size = self._shape
        # Zeros, not empty memory: a masked NaN times zero would still be NaN.
        return torch.zeros(layers, two, slots, heads, length + 1, size, **self._kind)


class SlotForward:
    """`engine.Forward` for any model with full attention in every layer."""

    def __init__(self, model: PreTrainedModel) -> None:
        config = model.config.get_text_config(decoder=True)
        kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
        if kinds != {"full_attention"}:
            raise UnavailableError(
                f"this model's layers are of the kinds {sorted(kinds)}; only models with full attention in"
                " every layer can be run here: serve it elsewhere and use it as an endpoint"
            )
        self._model = model
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._store = SlotStore(config.num_hidden_layers, heads, size, model.dtype, model.device)
        self.reserve = self._store.reserve
        self.copy = self._store.copy
        self.release = self._store.release

    def refresh(self) -> None:
        """Nothing is derived from the weights."""

    def logits(self, feed: Feed) -> torch.Tensor:
        ends = np.cumsum(feed.counts)
        parts, begin = [], 0
        while begin < len(feed.counts):
            end = feed.decoding if begin < feed.decoding else self._prefill_end(feed, begin)
            ids = feed.ids[ends[begin] - feed.counts[begin] : ends[end - 1]]
            parts.append(self._run(feed.first + begin, ids, feed.counts[begin:end], feed.starts[begin:end]))
            begin = end
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _prefill_end(self, feed: Feed, begin: int) -> int:
        end, widest = begin, 0
        while end < len(feed.counts):
            widest = max(widest, int(feed.counts[end]))
            if end > begin and widest * (end - begin + 1) > MAX_PADDED:
                break
            end += 1
        return end

    def _run(
        self, first: int, ids: NDArray[np.int64], counts: NDArray[np.int64], starts: NDArray[np.int64]
    ) -> torch.Tensor:
        rows, widest = len(counts), int(counts.max())
        pad = (widest - counts)[:, None]
        column = np.arange(widest)[None, :]
        real = column >= pad
        padded = np.zeros((rows, widest), dtype=np.int64)
        padded[real] = ids
        positions = np.where(real, starts[:, None] + column - pad, 0)
        length = int((starts + counts).max())
        # A padding query sees the first entry, or its softmax would be over nothing.
        seen = np.arange(length)[None, None, :] <= positions[:, :, None]
        device = self._model.device
        cache = _View(
            self._store.data,
            first,
            sent(np.where(real, positions, self._store.length), device),
            length,
        )
        return self._model(
            input_ids=sent(padded, device),
            position_ids=sent(positions, device),
            attention_mask=sent(seen[:, None], device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]


class _ViewLayer(CacheLayerMixin):
    """One layer's slots as transformers sees them."""

    def __init__(self, layer: torch.Tensor, positions: torch.Tensor, length: int) -> None:
        super().__init__()
        self.keys, self.values = layer[0], layer[1]
        self._positions, self._length = positions, length
        self._rows = torch.arange(positions.shape[0], device=positions.device)[:, None]
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """The slots exist already."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        assert self.keys is not None and self.values is not None
        self.keys[self._rows, :, self._positions] = key_states.transpose(1, 2)
        self.values[self._rows, :, self._positions] = value_states.transpose(1, 2)
        return self.keys[:, :, : self._length], self.values[:, :, : self._length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._length, 0

    def get_seq_length(self) -> int:
        return self._length

    def get_max_length(self) -> int:
        return self._length


class _View(Cache):
    """Consecutive slots, as the cache of one forward pass."""

    def __init__(self, data: torch.Tensor, first: int, positions: torch.Tensor, length: int) -> None:
        slots = data[:, :, first : first + positions.shape[0]]
        super().__init__(layers=[_ViewLayer(layer, positions, length) for layer in slots])
