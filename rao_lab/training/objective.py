"""From attributions and log-probs to the loss, in torch: equation 5 of arXiv 2605.06639 and its alternatives.

    loss = - sum over trained tokens of c * f(token) / Z   +   kl * sum of k3(token) / Z

c = w * A comes from the attributions as it is: the numbers that views print are the numbers multiplied here.
Z counts the whole batch, which may lie on several processes. Each process forwards its own sequences only, and
the sum of their gradients is that of one process on the union.

Log-probs are those of the full softmax at the sampling temperature. Only trained tokens need one, so only their
hidden states pass the LM head: with a large vocabulary, the head is most of the work.

Letters of shapes: B rows of a pack, L tokens of a row, n trained tokens of a pack, S sequences of a batch,
H hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Module, functional
from torch.utils.checkpoint import checkpoint

from rao_lab.base.device import sent
from rao_lab.credit import Attributions
from rao_lab.errors import ConfigError, RecordError
from rao_lab.training.config import LossConfig
from rao_lab.training.packs import Forest, Pack, pack, pack_shared
from rao_lab.training.sequences import Ids, TrainSequence, sequences
from rao_lab.tree import Group

LOGITS_AT_ONCE = 1 << 25
"""Entries of one block of logits; more are computed block by block and again in the backward pass."""

SHARED_FROM = 10_000_000
"""Weights of a model whose sequences share what they begin with. In a smaller one a step would gain less than a
tenth, and seeded runs of the embedded policy keep their last bits."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Batch:
    """What one update forwards, and how each sequence is weighted."""

    sequences: list[TrainSequence]
    coefficients: Floats
    """[S] c of the node of each sequence."""
    scales: Floats
    """[S] 1 / Z; with the normalizer `node`, 1 / (tokens of its node * trained nodes)."""
    starts: Ids
    """[S] place of the first trained token of each sequence among those of the whole batch; see `places`."""
    trained_tokens: int
    """Of the whole batch, on all processes, skipped nodes included."""
    trained_nodes: int
    forwarded_nodes: int
    """Nodes of this process with something to forward."""
    turns: int
    """Turns with sampled tokens, of this process's trained nodes."""
    merged: int
    """Sequences that these turns became."""

    def places(self, packed: Pack) -> Ids:
        """Where the trained tokens of a pack stand in `Attributions.drift`, [n]."""
        first = np.flatnonzero(np.diff(packed.owner, prepend=-1))
        sizes = np.diff([*first, len(packed)])
        within: Ids = np.arange(len(packed)) - np.repeat(first, sizes)
        return self.starts[packed.owner] + within


def build_batch(
    groups: Sequence[Group],
    attributions: Attributions,
    config: LossConfig,
    mine: Sequence[int] | None = None,
) -> Batch:
    """The sequences of the trained nodes.

    A node with c = 0 is left out if KL is off, and still counts in Z.

    Args:
        groups: what was attributed, in the same order.
        mine: places in `groups` of this process's groups; None = all.

    Raises:
        RecordError: a trained node whose tokens are not what its attribution counted.
    """
    table, trained = attributions.table, attributions.trained
    counted = int(table.tokens[trained].sum())
    nodes = int(trained.sum())
    items: list[TrainSequence] = []
    weights: list[tuple[float, float]] = []
    starts: list[int] = []
    turns = merged = forwarded = 0
    places = set(range(len(groups)) if mine is None else mine)
    for row, node in enumerate(node for group in groups for tree in group.trees for node in tree.nodes):
        if not trained[row] or int(table.group_of[row]) not in places:
            continue
        own = sequences(node)
        if node.path != table.path[row] or sum(item.trained for item in own) != table.tokens[row]:
            raise RecordError(f"row {row} (node {node.path}): its tokens are not those that were attributed")
        turns += sum(len(item.turns) for item in own)
        merged += len(own)
        c = float(attributions.c[row])
        if own and (c != 0.0 or config.kl):
            forwarded += 1
            items += own
            weights += [(c, _scale(config, counted, nodes, int(table.tokens[row])))] * len(own)
            sizes = [item.trained for item in own]
            starts += (attributions.token_starts[row] + np.cumsum([0, *sizes[:-1]])).tolist()
    columns = np.array(weights, np.float64).reshape(-1, 2)
    first = np.array(starts, np.int64)
    return Batch(items, columns[:, 0], columns[:, 1], first, counted, nodes, forwarded, turns, merged)


def _scale(config: LossConfig, tokens: int, nodes: int, own: int) -> float:
    if config.normalizer == "token":
        return 1.0 / tokens
    if config.normalizer == "node":
        return 1.0 / (own * nodes)
    assert config.fixed is not None
    return 1.0 / config.fixed


class Scorer:
    """Log-probs of recorded tokens under a causal language model.

    If the model is a decoder and a plain head (this is tried), only trained positions pass the head. Otherwise
    the whole model runs, and the positions are taken from its logits. If a large one reads forests (this is tried
    too), sequences share what they begin with.

    Args:
        recompute: keep of each layer only what goes in, and compute it again in the backward pass.

    Raises:
        ConfigError: `recompute` and a model whose layers transformers does not mark as such.
    """

    def __init__(self, model: Module, recompute: bool = False) -> None:
        self.model = model
        self._layers = [module for module in model.modules() if _is_layer(module)] if recompute else []
        if recompute and not self._layers:
            raise ConfigError(
                f"recompute=True, but {type(model).__name__} has no layers that can be: leave it off"
            )
        inner: Any = model
        if hasattr(inner, "get_base_model"):
            inner = inner.get_base_model()
        self._decoder: Any = inner.get_decoder() if hasattr(inner, "get_decoder") else None
        self._head: Any = inner.get_output_embeddings() if hasattr(inner, "get_output_embeddings") else None
        self._split = self._decoder is not None and self._head is not None and self._head_is_plain(inner)
        self._shares = self._split and self._layer_weights() >= SHARED_FROM and self._reads_forests()

    @property
    def device(self) -> torch.device:
        found: torch.device = next(self.model.parameters()).device
        return found

    def packs(self, items: Sequence[TrainSequence], token_budget: int) -> list[Pack]:
        """The sequences in packs of at most so many tokens, as this model reads them with the least work.

        Raises:
            ConfigError: a budget below 1.
        """
        if not self._shares:
            return pack(items, token_budget)
        config = self._decoder.config
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        looked = 2 * config.num_hidden_layers * config.num_attention_heads * size
        return pack_shared(items, token_budget, looked / self._layer_weights())

    def logprobs(self, packed: Pack, temperature: float) -> Tensor:
        """Log-probs [n] of the pack's trained tokens, at least float32, differentiable."""
        found = self._different(packed, temperature)
        return found if packed.same is None else found[sent(packed.same, found.device)]

    def _different(self, packed: Pack, temperature: float) -> Tensor:
        """Log-probs [u] of the different ones among the trained tokens."""
        ids, row, column, target = (
            sent(part, self.device) for part in (packed.ids, packed.row, packed.column, packed.target)
        )
        with _computed_again(self._layers):
            if not self._split:
                logits = self.model(input_ids=ids, use_cache=False).logits[row, column]
                return _token_logprobs(logits, target, temperature)
            hidden = self._hidden(ids, packed.forest)[row, column]
        return self._scored(hidden, target, temperature)

    def _hidden(self, ids: Tensor, forest: Forest | None) -> Tensor:
        """Hidden states [B, L, H] of the rows of a pack."""
        sees: dict[str, Tensor] = {}
        if forest is not None:
            ends, sees["position_ids"] = (sent(part, ids.device) for part in (forest.ends, forest.positions))
            place = torch.arange(ids.shape[1], device=ids.device)
            seen = (place <= place[:, None]) & (place[:, None] < ends[:, None])
            sees["attention_mask"] = seen[:, None]
        hidden: Tensor = self._decoder(input_ids=ids, use_cache=False, **sees).last_hidden_state
        return hidden

    def _scored(self, hidden: Tensor, target: Tensor, temperature: float) -> Tensor:
        """Log-probs of target tokens by the hidden states that predict them; block by block if they are many."""
        size = max(1, LOGITS_AT_ONCE // self._head.weight.shape[0])
        if len(target) <= size:
            return self._through_head(hidden, target, temperature)
        blocks = zip(torch.split(hidden, size), torch.split(target, size), strict=True)
        return torch.cat(
            [
                checkpoint(self._through_head, states, tokens, temperature, use_reentrant=False)
                for states, tokens in blocks
            ]
        )

    def _through_head(self, hidden: Tensor, target: Tensor, temperature: float) -> Tensor:
        return _token_logprobs(self._head(hidden), target, temperature)

    @torch.no_grad()
    def _head_is_plain(self, inner: Any) -> bool:
        """Whether head(decoder(ids)) is what the model itself gives: some scale or cap their logits."""
        ids = torch.arange(3, device=self.device)[None]
        whole = inner(input_ids=ids, use_cache=False).logits
        apart = self._head(self._decoder(input_ids=ids, use_cache=False).last_hidden_state)
        return whole.shape == apart.shape and torch.allclose(whole, apart, rtol=1e-4, atol=1e-4)

    def _layer_weights(self) -> int:
        """Weights that each token passes, without embeddings."""
        table = self._decoder.get_input_embeddings().weight
        return sum(weight.numel() for weight in self._decoder.parameters() if weight is not table)

    @torch.no_grad()
    def _reads_forests(self) -> bool:
        """Whether the decoder takes a mask of its own for each token: of two branches, each is read as if alone."""
        takes = signature(self._decoder.forward).parameters
        if not {"position_ids", "attention_mask"} <= takes.keys():
            return False
        if self._decoder.config._attn_implementation != "sdpa":
            return False
        branches = np.array([[1, 2, 3], [1, 3, 2]])
        alone = self._hidden(sent(branches, self.device), None)
        forest = Forest(np.array([[0, 1, 2, 1, 2]]), np.array([[5, 3, 3, 5, 5]]))
        both = self._hidden(sent(np.array([[1, 2, 3, 3, 2]]), self.device), forest)[0]
        apart = (both[[1, 2, 3, 4]] - alone[:, 1:].flatten(0, 1)).abs().max()
        near = 0.05 if alone.dtype in (torch.bfloat16, torch.float16) else 1e-3
        return bool(apart <= near * alone.abs().max())


def _is_layer(module: Module) -> bool:
    return any(kind.__name__ == "GradientCheckpointingLayer" for kind in type(module).__mro__)


@contextmanager
def _computed_again(layers: Sequence[Any]) -> Iterator[None]:
    """Inside, these layers keep their inputs only. transformers' own switch needs training mode, and so dropout."""
    for layer in layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _token_logprobs(logits: Tensor, target: Tensor, temperature: float) -> Tensor:
    """log softmax(logits [n, V] / temperature) at `target` [n], in at least float32: [n]."""
    logits = logits if logits.dtype == torch.float64 else logits.float()
    return -functional.cross_entropy(logits / temperature, target, reduction="none")


@dataclass(frozen=True, eq=False)
class PackLoss:
    """The part of the loss that one pack carries; parts add up."""

    loss: Tensor
    logprobs: Tensor
    """[n] recomputed, detached."""
    k3: Tensor | None
    """[n] detached; None if KL is off."""


def loss_on_pack(
    scorer: Scorer, packed: Pack, batch: Batch, config: LossConfig, reference: Scorer | None = None
) -> PackLoss:
    """Forwards a pack made of `batch.sequences`; call `backward` on its `loss`.

    Args:
        config: with `temperature` set, or None for 1.
        reference: the weights that KL is measured against; needed if `config.kl` > 0.

    Raises:
        ConfigError: KL is on and there is no reference.
    """
    if config.kl and reference is None:
        raise ConfigError(f"kl={config.kl} needs a reference model to measure against")
    temperature = 1.0 if config.temperature is None else config.temperature
    now = scorer.logprobs(packed, temperature)

    def column(values: NDArray[Any]) -> Tensor:
        return sent(values, now.device).to(now.dtype)

    c, scale = column(batch.coefficients[packed.owner]), column(batch.scales[packed.owner])
    gained = weighted(now, column(packed.logprobs), c, config)
    if reference is None or not config.kl:
        return PackLoss(-(gained * scale).sum(), now.detach(), None)
    with torch.no_grad():
        then = reference.logprobs(packed, temperature)
    k3 = torch.exp(then - now) - (then - now) - 1.0
    return PackLoss(((config.kl * k3 - gained) * scale).sum(), now.detach(), k3.detach())


def weighted(now: Tensor, recorded: Tensor, c: Tensor, config: LossConfig) -> Tensor:
    """c * f for each token, [n]; a clipped ratio keeps the sign of c. All arrays are [n]."""
    bounds = config.bounds
    if bounds is None:
        return c * now
    low, high = bounds
    ratio = torch.exp(now - recorded)
    if config.loss == "cispo":
        return c * torch.clamp(ratio, low, high).detach() * now
    return torch.minimum(c * ratio, c * torch.clamp(ratio, low, high))
