"""Runs models of the Llama architecture by hand: in small models the cost of each call matters.

The arithmetic is that of transformers' own forward pass, without what decoding does not need. The new tokens
of all rows, decoding or prefill, go through the linear layers as one matrix without padding. Only attention
treats the two apart. Letters: N new tokens, D decoding rows, F fresh rows, L cached tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F

from rao_lab.base.device import attention_of_any_shape, sent
from rao_lab.policies.local.cache import SlotStore
from rao_lab.policies.local.forward import Feed
from rao_lab.policies.local.products import Products, is_plain

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from rao_lab.policies.local.light import LightLlama

JOINED_BYTES = 1 << 28
"""Weights of up to so many bytes are kept a second time, joined. In a large model the copy would add two thirds
to its memory, and its products would be no faster."""

FIXED_ROTATIONS = frozenset({"default", "linear", "llama3", "yarn"})
"""Kinds of rotary embedding that do not depend on the length of a context."""


def suits(model: PreTrainedModel) -> bool:
    """Whether `LlamaForward` can compute this model: the Llama architecture, its linear layers plain or with LoRA.

    Packed weights and other adapters bring layers of other kinds.
    """
    own, config = _own(model), model.config
    wraps: dict[str, Any] = getattr(model, "peft_config", {})
    if (
        any(wrap.peft_type != "LORA" for wrap in wraps.values())
        or type(own).__name__ != "LlamaForCausalLM"
        or config.hidden_act != "silu"
        or config.attention_bias
        or config.mlp_bias
    ):
        return False
    inner = own.model
    parts = [part for layer in inner.layers for kind in _linear(layer) for part in kind]
    plain = all(map(is_plain, parts)) and type(own.lm_head) is torch.nn.Linear
    return (
        plain
        and type(inner.embed_tokens) is torch.nn.Embedding
        and inner.rotary_emb.rope_type in FIXED_ROTATIONS
    )


def _own(model: Any) -> Any:
    """The model itself, inside what peft wraps around it."""
    return model.get_base_model() if hasattr(model, "peft_config") else model


def _linear(layer: Any) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """The linear layers of a decoder layer; those that read the same input are listed together."""
    attention, mlp = layer.self_attn, layer.mlp
    return (
        [attention.q_proj, attention.k_proj, attention.v_proj],
        [attention.o_proj],
        [mlp.gate_proj, mlp.up_proj],
        [mlp.down_proj],
    )


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's weights."""

    norm: torch.Tensor
    qkv: Products
    out: Products
    mlp_norm: torch.Tensor
    gate_up: Products
    down: Products


class LlamaForward:
    """A `Forward` for `LlamaForCausalLM`, with adapters or without."""

    def __init__(self, model: PreTrainedModel | LightLlama, cache_bytes: int | None = None) -> None:
        config = model.config
        self._model = _own(model)
        self._heads: int = config.num_attention_heads
        self._shared: int = config.num_key_value_heads
        self._size: int = getattr(config, "head_dim", None) or config.hidden_size // self._heads
        self._eps: float = config.rms_norm_eps
        self._store = SlotStore(
            config.num_hidden_layers, self._shared, self._size, model.dtype, model.device, cache_bytes
        )
        self.capacity = self._store.capacity
        self.copy = self._store.copy
        self.release = self._store.release
        self._angles = torch.zeros(0), torch.zeros(0)
        self._layers: list[_Layer] = []
        self._all_shared = torch.arange(self._shared, device=model.device)

    def reserve(self, slots: int, length: int) -> None:
        self._store.reserve(slots, length)
        if self._angles[0].shape[0] < self._store.length:
            self._angles = self._rotations(self._store.length)

    def refresh(self) -> None:
        self._layers = []

    def take(self, model: PreTrainedModel) -> None:
        """Goes on with a model that has the same weights."""
        self._model = _own(model)
        self.refresh()

    def logits(self, feed: Feed) -> torch.Tensor:
        with attention_of_any_shape(self._model.device):
            return self._logits(feed)

    def _logits(self, feed: Feed) -> torch.Tensor:
        if not self._layers:
            self._layers = self._join()
        model: Any = self._model.model
        plan = _Plan(feed, self._store.length, self._model.device)
        cos, sin = (table[plan.positions][:, None] for table in self._angles)
        x = F.embedding(plan.ids, model.embed_tokens.weight)
        for layer, cache in zip(self._layers, self._store.data, strict=True):
            x = x + layer.out(self._attend(self._norm(x, layer.norm), layer, cache, plan, cos, sin))
            gate, up = layer.gate_up(self._norm(x, layer.mlp_norm)).chunk(2, dim=-1)
            x = x + layer.down(F.silu(gate) * up)
        x = self._norm(x[plan.last], model.norm.weight)
        return F.linear(x, self._model.lm_head.weight)

    def _norm(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, self._eps)

    def _attend(
        self,
        x: torch.Tensor,
        layer: _Layer,
        cache: torch.Tensor,
        plan: _Plan,
        cos: torch.Tensor,
        sin: torch.Tensor,
    ) -> torch.Tensor:
        heads, shared, size = self._heads, self._shared, self._size
        qkv = layer.qkv(x).view(-1, heads + 2 * shared, size)
        turned, values = qkv[:, : heads + shared], qkv[:, heads + shared :]
        half = size // 2
        turned = turned * cos + torch.cat((-turned[..., half:], turned[..., :half]), dim=-1) * sin
        cache[0].index_put_((plan.slots, self._all_shared, plan.columns), turned[:, heads:])
        cache[1].index_put_((plan.slots, self._all_shared, plan.columns), values)
        queries = turned[:, :heads]
        parts = []
        if plan.decoding:
            first = plan.first
            view = cache[:, first : first + plan.decoding, :, : plan.decode_length]
            q = queries[: plan.decoding].view(plan.decoding, shared, heads // shared, size)
            seen = plan.decode_mask[:, None, None]
            parts.append(_attention(q, view[0], view[1], seen).reshape(plan.decoding, heads * size))
        if plan.fresh:
            parts.append(self._prefill(queries[plan.decoding :], cache, plan))
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _prefill(self, queries: torch.Tensor, cache: torch.Tensor, plan: _Plan) -> torch.Tensor:
        heads, shared, size = self._heads, self._shared, self._size
        first = plan.first + plan.decoding
        view = cache[:, first : first + plan.fresh, :, : plan.fresh_length]
        padded = queries.new_zeros(plan.fresh * plan.widest, heads, size)
        padded.index_copy_(0, plan.places, queries)
        q = padded.view(plan.fresh, plan.widest, shared, heads // shared, size)
        q = q.permute(0, 2, 3, 1, 4).reshape(plan.fresh, shared, -1, size)
        seen = plan.fresh_mask[:, None, None].expand(-1, -1, heads // shared, -1, -1).flatten(2, 3)
        out = _attention(q, view[0], view[1], seen)
        out = out.view(plan.fresh, shared, heads // shared, plan.widest, size).permute(0, 3, 1, 2, 4)
        return out.reshape(plan.fresh * plan.widest, heads * size)[plan.places]

    def _join(self) -> list[_Layer]:
        parts = [(layer, *_linear(layer)) for layer in self._model.model.layers]
        copied = sum(part.weight.nbytes for _, qkv, _, gate_up, _ in parts for part in (*qkv, *gate_up))
        joined = copied <= JOINED_BYTES
        return [
            _Layer(
                norm=layer.input_layernorm.weight,
                qkv=Products(qkv, joined),
                out=Products(out, joined),
                mlp_norm=layer.post_attention_layernorm.weight,
                gate_up=Products(gate_up, joined),
                down=Products(down, joined),
            )
            for layer, qkv, out, gate_up, down in parts
        ]

    def _rotations(self, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        model: Any = self._model.model
        weight = model.embed_tokens.weight
        positions = torch.arange(length, device=weight.device)[None]
        cos, sin = model.rotary_emb(weight[:1], positions)
        return cos[0], sin[0]


def _attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=seen)


class _Plan:
    """Where each new token goes: the index tensors of one forward pass, the same for every layer.

    Attributes:
        ids, positions: of the new tokens, `[N]`.
        slots, columns: where in the cache each one goes, `[N, 1]`.
        last: which of them is the last of each slot, `[S]`.
        decode_mask: which cached tokens a decoding row sees, `[D, L]`.
        fresh_mask: the same for each new token of a fresh row, `[F, widest, L]`.
        places: where each new token of the fresh rows lies in their padded matrix.
    """

    def __init__(self, feed: Feed, spare: int, device: torch.device) -> None:
        self.first, self.decoding = feed.first, feed.decoding
        self.fresh = len(feed.counts) - feed.decoding
        rows = np.repeat(np.arange(len(feed.counts)), feed.counts)
        ends = np.cumsum(feed.counts)
        offsets = np.arange(len(rows)) - np.repeat(ends - feed.counts, feed.counts)
        positions = feed.starts[rows] + offsets
        totals = feed.starts + feed.counts

        def put(values: np.ndarray[Any, Any]) -> torch.Tensor:
            return sent(values, device)

        self.ids = put(feed.ids)
        self.positions = put(positions)
        self.slots = put(rows + feed.first)[:, None]
        self.columns = self.positions[:, None]
        self.last = put(ends - 1)
        if self.decoding:
            self.decode_length = int(totals[: self.decoding].max())
            self.decode_mask = put(np.arange(self.decode_length)[None] < totals[: self.decoding, None])
        if self.fresh:
            self._plan_fresh(feed, rows, offsets, positions, totals, put)

    def _plan_fresh(self, feed: Feed, rows: Any, offsets: Any, positions: Any, totals: Any, put: Any) -> None:
        counts, starts = feed.counts[self.decoding :], feed.starts[self.decoding :]
        self.widest = int(counts.max())
        self.fresh_length = int(totals[self.decoding :].max())
        begin = self.decoding
        self.places = put((rows[begin:] - begin) * self.widest + offsets[begin:])
        query = starts[:, None] + np.minimum(np.arange(self.widest)[None], counts[:, None] - 1)
        self.fresh_mask = put(np.arange(self.fresh_length)[None, None] <= query[:, :, None])
