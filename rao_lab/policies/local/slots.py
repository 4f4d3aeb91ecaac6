"""Runs any decoder-only transformers model with a cache in slots.

The model's own forward pass is used. Its cache writes new keys and values into slots and returns a view of
the running ones. New tokens of several rows are padded on the left, so that the last token of each row lies
in the last column. Padding writes into a spare column that nothing reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, CacheLayerMixin

from rao_lab.base.device import attention_of_any_shape, sent
from rao_lab.policies.local.cache import SlotStore
from rao_lab.policies.local.config import longest_context
from rao_lab.policies.local.forward import Feed

MAX_PADDED = 8192
"""The most tokens, padding included, that one prefill computes at once. It bounds memory."""


class SlotForward:
    """A `Forward` for any model whose layers all attend to the whole context (see `longest_context`)."""

    def __init__(self, model: PreTrainedModel, cache_bytes: int | None = None) -> None:
        config = model.config.get_text_config(decoder=True)
        longest_context(model)
        self._model = model
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._store = SlotStore(config.num_hidden_layers, heads, size, model.dtype, model.device, cache_bytes)
        self.capacity = self._store.capacity
        self.reserve = self._store.reserve
        self.copy = self._store.copy
        self.release = self._store.release

    def refresh(self) -> None:
        """Nothing to do: nothing here is derived from the weights."""

    def logits(self, feed: Feed) -> torch.Tensor:
        ends = np.cumsum(feed.counts)
        parts, begin = [], 0
        while begin < len(feed.counts):
            end = feed.decoding if begin < feed.decoding else self._prefill_end(feed, begin)
            ids = feed.ids[ends[begin] - feed.counts[begin] : ends[end - 1]]
            with attention_of_any_shape(self._model.device):
                parts.append(
                    self._run(feed.first + begin, ids, feed.counts[begin:end], feed.starts[begin:end])
                )
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
        # A padding query sees the first entry; otherwise its softmax would be over nothing.
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
    """One layer's slots, as transformers sees them."""

    def __init__(self, layer: torch.Tensor, rows: torch.Tensor, positions: torch.Tensor, length: int) -> None:
        super().__init__()
        self.keys, self.values = layer[0], layer[1]
        self._rows, self._positions, self._length = rows, positions, length
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing to do: the slots exist already."""

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
    """Consecutive slots as the cache of one forward pass."""

    def __init__(
        self, data: Sequence[torch.Tensor], first: int, positions: torch.Tensor, length: int
    ) -> None:
        count = positions.shape[0]
        rows = torch.arange(count, device=positions.device)[:, None]
        slots = [layer[:, first : first + count] for layer in data]
        super().__init__(layers=[_ViewLayer(layer, rows, positions, length) for layer in slots])
